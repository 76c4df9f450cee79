"""Writing files so that a final name never stands on something half-done."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_BLOCK = 1 << 20


class FileRecord(TypedDict):
    """What a journal says of a finished file: its path relative to the output folder, size in bytes, and hash."""

    file: str
    size: int
    sha256: str


def sync_file(path: Path) -> None:
    """Return when the contents of ``path`` are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Return when the names in ``folder`` are on the disk.

    Windows keeps names itself and cannot be asked, nor can some network file systems, which say so.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path, root: Path) -> None:
    """Make ``folder`` with those between it and ``root``, and return when their names in one another are on the disk.

    Those that are there are synced too: who made them may have been killed before it did that. Where ``root`` is gone
    it is not made again: raises FileNotFoundError.
    """
    new = [path for path in (folder, *folder.parents) if root in path.parents]
    for path in reversed(new):
        path.mkdir(exist_ok=True)
    for path in new:
        sync_folder(path.parent)


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` under a name that is not final, and return when it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def remove_files(files: Iterable[Path], root: Path) -> None:
    """Remove ``files`` below ``root`` and the folders that they leave empty; return when they are gone for good."""
    folders = set()
    for file in files:
        file.unlink(missing_ok=True)
        folders.add(file.parent)
    for folder in sorted(folders - {root}, reverse=True):  # a folder comes after those in it
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    for folder in {next(path for path in (folder, *folder.parents) if path.is_dir()) for folder in folders}:
        sync_folder(folder)


def remove_work(work: Path, root: Path) -> None:
    """Remove a job's work folder with all it holds, and the folders between it and ``root`` that it leaves empty."""
    if work.exists():
        shutil.rmtree(work)
        remove_empty_parents(work, root)


def remove_empty_parents(path: Path, root: Path) -> None:
    """Remove the folders between ``path`` and ``root`` as long as they hold nothing. Others may do so as well."""
    for folder in path.parents:
        if folder == root:
            break
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            break


def publish(moves: Sequence[tuple[Path, Path]], root: Path) -> None:
    """Give finished, synced files their final names below ``root``, for good, replacing what stood there.

    ``moves`` are pairs of the temporary and the final name, in the order in which the final ones are to appear.
    """
    folders = {final.parent for _, final in moves}
    for folder in folders:
        make_folder(folder, root)
    for temporary, final in moves:
        temporary.replace(final)
    for folder in folders:
        sync_folder(folder)


def record_of(path: Path, root: Path) -> FileRecord:
    """Size and hash of ``path``, named relative to ``root``."""
    return {"file": path.relative_to(root).as_posix(), "size": path.stat().st_size, "sha256": sha256_of(path)}


def is_as_recorded(record: FileRecord, root: Path) -> bool:
    """Whether the file is there with the size and contents that ``record`` states."""
    path = root / record["file"]
    return path.is_file() and path.stat().st_size == record["size"] and sha256_of(path) == record["sha256"]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's contents, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
