"""Writing files so that a final name never stands on something half-done."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable
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
    """Return when the names in ``folder`` are on the disk. Windows keeps names itself and cannot be asked."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` under a name that is not final, and return when it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those of ``folders`` that are there and hold nothing."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def remove_work(work: Path, root: Path) -> None:
    """Remove a job's work folder with all it holds, and the folders between it and ``root`` that it leaves empty."""
    if work.exists():
        shutil.rmtree(work)
        remove_empty_parents(work, root)


def remove_empty_parents(path: Path, root: Path) -> None:
    """Remove the folders between ``path`` and ``root`` as long as they hold nothing."""
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            break
        folder.rmdir()


def publish(temporary: Path, final: Path) -> None:
    """Give a finished, synced file its final name, replacing what stood there."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(final)
    sync_folder(final.parent)


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
