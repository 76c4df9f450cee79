"""What it means for the user that the output cannot be written: the disk is full, or the folder is gone."""

from __future__ import annotations

import errno
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamproc.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence, Set
    from pathlib import Path

    from streamproc.job.commit import Committed
    from streamproc.job.ledger import Ledger

_FULL = (errno.ENOSPC, errno.EDQUOT)
_GO_ON = "the same command goes on where it ended"


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a job still has to write, estimated: of one chunk of ``chunk_frames``, and until it is done."""

    chunk_frames: int
    chunk: int
    rest: int

    def __str__(self) -> str:
        return f"about {in_words(self.chunk)} for {self.chunk_frames} frames and {in_words(self.rest)} for the rest"


def film_need(
    chunks: Sequence[Committed], films: Set[str], chunk_frames: int, frames: int | None, source_bytes: int
) -> Need:
    """What a video needs: for the parts that are not made yet, and for the ``films`` (kinds) that become of all parts.

    By what the committed chunks took; before the first by the source, whose size the results seldom exceed. ``frames``
    is the source's number of frames as far as that is known.
    """
    done = sum(chunk.frames for chunk in chunks)
    total = max(frames or 0, done, 1)
    chunk_frames = min(chunk_frames, total)
    if not chunks:
        return Need(chunk_frames, source_bytes * chunk_frames // total, source_bytes * (2 if films else 1))
    made = sum(file["size"] for chunk in chunks for file in chunk.files)
    joined = sum(file["size"] for chunk in chunks for kind in films for file in chunk.parts[kind])
    return Need(chunk_frames, made * chunk_frames // done, (made * (total - done) + joined * total) // done)


def output_failure(
    error: BaseException, source: Path, ledger: Ledger, need: Callable[[], Need | None]
) -> OutputError | None:
    """``error`` as what the user can do about it; None for an error that says it best itself."""
    if not ledger.is_there():
        return OutputError(
            f"{ledger.output}: was removed or replaced while {source} was worked on; what had been done is lost, the "
            "same command begins anew"
        )
    numbers = list(_numbers(error))
    if any(number in _FULL for number in numbers):
        why = "disk quota exceeded" if errno.EDQUOT in numbers else "no space left on the disk"
        room = f"{in_words(shutil.disk_usage(ledger.output).free)} free"
    elif errno.EFBIG in numbers:
        limit = _file_size_limit()
        why = "file too large"
        room = "the file system takes no larger one" if limit is None else f"the limit (ulimit -f) is {in_words(limit)}"
    else:
        return None
    needed = need()
    return OutputError(
        f"{ledger.output}: {why} while {source} was worked on; {room}"
        f"{'' if needed is None else f', needed {needed}'}; make room, then {_GO_ON}"
    )


def in_words(size: int) -> str:
    """A number of bytes for people, in powers of 1000 as disks are sold by: ``34 MB``."""
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if value < 10 and unit != "bytes" else f"{value:.0f} {unit}"


def _numbers(error: BaseException | None) -> Iterator[int]:
    """The error numbers of ``error`` and of what it came from; FFmpeg's errors have them too."""
    while error is not None:
        number = getattr(error, "errno", None)
        if isinstance(number, int):
            yield number
        error = error.__cause__ or error.__context__


def _file_size_limit() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if limit == resource.RLIM_INFINITY else limit
