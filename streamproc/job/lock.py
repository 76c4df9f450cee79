"""One process at a time on one job, or on one file: locks that die with their owner."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, TYPE_CHECKING

from streamproc.errors import JobLockedError
from streamproc.job.files import make_folder, remove_empty_parents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes], *, wait: bool) -> None:
        file.seek(1 << 30)  # locking a byte far behind the text leaves that readable
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _let_go(file: IO[bytes]) -> None:
        file.seek(1 << 30)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(file: IO[bytes], *, wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    def _let_go(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def exclusively(file: IO[bytes]) -> Iterator[None]:
    """Wait until no other process holds ``file``, and hold it inside the ``with`` block."""
    _take(file, wait=True)
    try:
        yield
    finally:
        _let_go(file)


def is_named(file: IO[bytes], path: Path) -> bool:
    """Whether ``path`` is still a name of the open ``file``, or it was removed or replaced."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False


class JobLock:
    """Held while a process works on a job. The kernel lets go of it when the process ends, however it ends.

    The file says who holds it; its being there means nothing. Folders made for it, below ``root``, go with it.
    """

    def __init__(self, path: Path, job: str, root: Path) -> None:
        self.path, self._job, self._root = path, job, root
        self._file: IO[bytes] | None = None

    def __enter__(self) -> JobLock:
        """Take the lock, or raise JobLockedError naming its owner, at once. Raises OSError where ``root`` is gone."""
        while True:
            try:
                make_folder(self.path.parent, self._root)
                file = self.path.open("a+b", buffering=0)
            except FileNotFoundError:
                if not self._root.exists():
                    raise
                continue  # another job has removed the folder, which it left empty, in between
            try:
                _take(file, wait=False)
            except OSError:
                owner = _owner(file)
                file.close()
                raise JobLockedError(
                    f"{self._job}: {owner} works on it; wait for it to end, or use another output folder"
                ) from None
            if is_named(file, self.path):
                break
            file.close()  # its owner finished the job and removed the file between our opening and taking it
        owner_record = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": time.strftime("%FT%TZ", time.gmtime()),
        }
        try:
            file.truncate(0)
            file.write(json.dumps(owner_record).encode())
        except OSError:
            file.close()
            raise
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the file and let go of it, in this order: who opens it in between finds that it is no longer there."""
        assert self._file is not None
        # Where the work has failed because nothing can be changed there any more, that is what is to be said.
        with self._file, nullcontext() if kind is None else suppress(OSError):
            self.path.unlink(missing_ok=True)
            remove_empty_parents(self.path, self._root)


def owner_of(path: Path) -> str | None:
    """Who holds the lock at ``path``, in words; None where nobody does."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        return None
    with file:
        try:
            _take(file, wait=False)
        except OSError:
            return _owner(file)
    return None


def _owner(file: IO[bytes]) -> str:
    file.seek(0)
    try:
        record = json.loads(file.read())
        return f"process {record['pid']} on {record['host']} (since {record['since']})"
    except (ValueError, KeyError):  # it took the lock a moment ago and has not written its name yet
        return "another process"
