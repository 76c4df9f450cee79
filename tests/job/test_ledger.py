from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproc.errors import FingerprintError, OutputChangedError, OutputError
from streamproc.job.files import record_of
from streamproc.job.ledger import Ledger

MARK = {"options": {"threads": 2}}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(b"film")
    ledger.finish("clip.mp4", MARK, [record_of(tmp_path / "clip.mp4", tmp_path)], 10, {"face": 3})
    yield ledger
    ledger.close()


def test_a_finished_job_is_known_also_to_the_next_run(ledger: Ledger, tmp_path: Path) -> None:
    again = Ledger(tmp_path)
    entry = again.finished("clip.mp4", MARK)
    again.close()
    assert entry is not None
    assert (entry["frames"], entry["objects"]) == (10, {"face": 3})
    assert ledger.finished("other.mp4", MARK) is None


def test_other_options_are_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(FingerprintError, match=r"clip\.mp4: finished .* options\.threads: 2 -> 4; use --overwrite"):
        ledger.finished("clip.mp4", {"options": {"threads": 4}})


def test_a_changed_result_is_refused_and_a_removed_one_is_made_again(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"mine")
    with pytest.raises(OutputChangedError, match=r"clip\.mp4: changed since"):
        ledger.finished("clip.mp4", MARK)
    (tmp_path / "clip.mp4").unlink()
    assert ledger.finished("clip.mp4", MARK) is None


def test_forgetting_removes_the_results_for_good(ledger: Ledger, tmp_path: Path) -> None:
    ledger.forget("clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()
    assert ledger.finished("clip.mp4", {"other": 1}) is None
    again = Ledger(tmp_path)
    assert again.finished("clip.mp4", MARK) is None
    again.close()
    ledger.forget("never-seen.mp4")


def test_a_strangers_file_is_not_overwritten_unless_asked_to(ledger: Ledger, tmp_path: Path) -> None:
    ledger.claim("clip.mp4", [tmp_path / "clip.mp4", tmp_path / "free.mp4"])
    with pytest.raises(OutputError, match=r"clip\.mp4: exists and was not written by this job"):
        ledger.claim("other.mp4", [tmp_path / "clip.mp4"])
    ledger.claim("other.mp4", [tmp_path / "clip.mp4"], overwrite=True)


def test_what_was_claimed_and_never_finished_is_still_the_jobs_own(tmp_path: Path) -> None:
    killed = Ledger(tmp_path)
    killed.claim("a.jpg", [tmp_path / "sub" / "a.jpg"])
    killed.close()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jpg").write_bytes(b"written, and not yet finished")
    again = Ledger(tmp_path)
    assert again.finished("a.jpg", MARK) is None
    again.claim("a.jpg", [tmp_path / "sub" / "a.jpg"])
    again.forget("a.jpg")
    assert not (tmp_path / "sub").exists()
    again.close()


def test_a_changed_result_is_refused_also_where_another_was_removed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for name in ("a.json", "a.mp4"):
        (tmp_path / name).write_bytes(b"result")
    files = [record_of(tmp_path / name, tmp_path) for name in ("a.json", "a.mp4")]
    ledger.finish("a.mp4", MARK, files, 1, {})
    (tmp_path / "a.json").unlink()
    (tmp_path / "a.mp4").write_bytes(b"mine")
    with pytest.raises(OutputChangedError, match=r"a\.mp4: changed since"):
        ledger.finished("a.mp4", MARK)
    ledger.close()


def test_a_job_that_is_opened_again_is_not_done_and_keeps_its_options_and_files(ledger: Ledger, tmp_path: Path) -> None:
    ledger.reopen("other.mp4")
    ledger.reopen("clip.mp4")
    (tmp_path / "clip.mp4").write_bytes(b"made again")
    before = (tmp_path / ".streamproc" / "finished.jsonl").read_bytes()
    again = Ledger(tmp_path)
    for opened in (ledger, again):
        assert opened.finished("clip.mp4", MARK) is None
        assert opened.earlier("clip.mp4") == MARK
        with pytest.raises(FingerprintError, match=r"threads: 2 -> 4"):
            opened.finished("clip.mp4", {"options": {"threads": 4}})
        opened.reopen("clip.mp4")
        opened.claim("clip.mp4", [tmp_path / "clip.mp4"])
    assert (tmp_path / ".streamproc" / "finished.jsonl").read_bytes() == before
    again.finish("clip.mp4", MARK, [record_of(tmp_path / "clip.mp4", tmp_path)], 10, {})
    again.close()
    ledger.refresh()
    assert ledger.finished("clip.mp4", MARK) is not None


def test_whether_the_output_folder_is_still_there(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "out")
    assert ledger.is_there()
    (tmp_path / "deep" / "out").rename(tmp_path / "elsewhere")
    assert not ledger.is_there()
    ledger.close()
