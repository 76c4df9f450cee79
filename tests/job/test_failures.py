from __future__ import annotations

import errno
import resource
from array import array
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from streamproc.errors import EncodeError
from streamproc.job.commit import Committed
from streamproc.job.failures import Need, film_need, in_words, output_failure
from streamproc.job.ledger import Ledger

SOURCE = Path("in/clip.mp4")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "out")
    yield ledger
    ledger.close()


def said(error: BaseException, ledger: Ledger, need: Need | None = None) -> str:
    failure = output_failure(error, SOURCE, ledger, lambda: need)
    assert failure is not None
    assert "\n" not in str(failure)
    return str(failure).removeprefix(f"{ledger.output}: ")


def chunk(number: int, video: int, binary: int, metadata: int) -> Committed:
    def files(size: int) -> list[dict[str, object]]:
        return [{"file": "name", "size": size, "sha256": ""}]

    return Committed(
        number, 10, array("q", range(10)), {}, 0, files(metadata)[0], {"video": files(video), "binary": files(binary)}
    )  # type: ignore[arg-type]  # plain dictionaries


def test_a_full_disk_says_what_is_free_and_what_is_needed(ledger: Ledger) -> None:
    words = said(OSError(errno.ENOSPC, "No space left on device"), ledger, Need(500, 2_345_000, 71_000_000))
    assert words.startswith("no space left on the disk while in/clip.mp4 was worked on; ")
    assert words.endswith(
        " free, needed about 2.3 MB for 500 frames and 71 MB for the rest; "
        "make room, then the same command goes on where it ended"
    )
    assert said(OSError(errno.EDQUOT, "Disk quota exceeded"), ledger).startswith("disk quota exceeded while")


def test_an_error_that_came_from_a_full_disk_is_known(ledger: Ledger) -> None:
    error = EncodeError("part: cannot be finished")
    error.__cause__ = av.error.OSError(errno.ENOSPC, "No space left on device")
    assert "no space left" in said(error, ledger)


def test_a_file_that_may_not_grow_says_how_large_one_may_be(ledger: Ledger) -> None:
    error = OSError(errno.EFBIG, "File too large")
    assert "file too large while in/clip.mp4 was worked on; the file system takes no larger one;" in said(error, ledger)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000_000, before[1]))
    try:
        assert "the limit (ulimit -f) is 1.0 GB;" in said(error, ledger)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_is_gone_is_what_is_said_whatever_failed(ledger: Ledger) -> None:
    (ledger.output / ".streamproc" / "finished.jsonl").unlink()
    assert said(OSError(errno.ENOSPC, "No space"), ledger) == (
        "was removed or replaced while in/clip.mp4 was worked on; what had been done is lost, the same command begins "
        "anew"
    )


def test_other_errors_speak_for_themselves(ledger: Ledger) -> None:
    for error in (EncodeError("part: refused"), OSError(errno.EACCES, "Permission denied")):
        assert output_failure(error, SOURCE, ledger, lambda: None) is None


def test_need_of_a_film_by_what_was_committed() -> None:
    chunks = [chunk(0, 600, 100, 50), chunk(1, 800, 100, 50)]  # 20 frames: 1700 bytes, of which 1600 become films
    assert film_need(chunks, {"video", "binary"}, 10, 100, 1) == Need(10, 850, 1700 * 4 + 1600 * 5)
    assert film_need(chunks, {"video"}, 10, 100, 1) == Need(10, 850, 1700 * 4 + 1400 * 5)
    assert film_need(chunks, set(), 10, None, 1) == Need(10, 850, 0)
    assert film_need(chunks, set(), 500, 25, 1) == Need(25, 2125, 1700 // 4)


def test_need_of_a_film_before_the_first_commit_by_the_source() -> None:
    assert film_need([], {"video"}, 10, 100, 5000) == Need(10, 500, 10_000)
    assert film_need([], set(), 500, 100, 5000) == Need(100, 5000, 5000)
    assert film_need([], {"video"}, 500, None, 5000) == Need(1, 5000, 10_000)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (34_567, "35 kB"), (999_600, "1.0 MB"),
     (4_000_000_000, "4.0 GB"), (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_words(size) == words
