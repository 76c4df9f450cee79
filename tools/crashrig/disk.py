"""What a disk may hold after a power cut.

The model is the weakest that POSIX allows, weaker than file systems with a journal are:

- Contents are sure as they were at the file's last fsync. What was written since may be there, in part, or as zeros.
- A name that was given, changed or removed is sure once its folder was synced afterwards. What a folder saw since may
  have happened or not, each by itself; but what has, in the order in which it was done. A rename within a folder is one
  change; one between two folders is a change to each, so that a file may have both names or none.
- A file that is on the disk without a sure name is lost, and with a folder all that is in it.

Folders are never renamed by a job. Of a file that FFmpeg writes nothing is known before its first fsync; it is taken
to have held then what it held at that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from crashrig.recording import Entry


@dataclass(eq=False)
class File:
    """A file by whatever name. ``synced`` is sure; ``written`` is what programs read."""

    synced: bytes = b""
    written: bytes = b""


@dataclass(eq=False)
class Folder:
    """A folder: the names that are sure, and what was done to it since, in order."""

    synced: dict[str, File | Folder] = field(default_factory=dict)
    done: list[dict[str, File | Folder | None]] = field(default_factory=list)
    """Each change as the names that it gives to something, or takes away (None)."""

    def names(self) -> dict[str, File | Folder]:
        """What programs see."""
        return self.after(self.done)

    def after(self, changes: Sequence[dict[str, File | Folder | None]]) -> dict[str, File | Folder]:
        """The names after ``changes``."""
        found: dict[str, File | Folder | None] = dict(self.synced)
        for change in changes:
            found |= change
        return {name: what for name, what in found.items() if what is not None}


class Disk:
    """A folder tree to which the operations of a log are done."""

    def __init__(self, before: Path) -> None:
        self.root = _read(before)

    def do(self, log: Sequence[Entry], place: int) -> None:
        """Do the operation at ``place`` of ``log``."""
        operation, content = log[place].operation, log[place].content
        path = operation.path
        if operation.name == "fsync" and isinstance(folder := self._find(path), Folder):
            folder.synced, folder.done = folder.names(), []
            return
        parent, name = self._parent(path)
        if operation.name == "mkdir":
            parent.done.append({name: Folder()})
        elif operation.name in ("unlink", "rmdir"):
            parent.done.append({name: None})
        elif operation.name == "create":
            file = parent.names().get(name)
            if not isinstance(file, File):
                file = File()
                parent.done.append({name: file})
            file.written = _coming(log, place)
        elif operation.name == "rename":
            target, new = self._parent(operation.target)
            what = parent.names()[name]
            if target is parent:
                parent.done.append({name: None, new: what})
            else:
                parent.done.append({name: None})
                target.done.append({new: what})
        elif content is not None:
            file = parent.names()[name]
            assert isinstance(file, File)
            file.written = content
            if operation.name == "fsync":
                file.synced = content

    def _find(self, path: str) -> File | Folder:
        found: File | Folder = self.root
        for name in Path(path).parts:
            assert isinstance(found, Folder)
            found = found.names()[name]
        return found

    def _parent(self, path: str) -> tuple[Folder, str]:
        parent = self._find(str(Path(path).parent))
        assert isinstance(parent, Folder)
        return parent, Path(path).name

    def build(self, folder: Path, cut: Cut) -> None:
        """Make what the disk may hold after a power cut in ``folder``, which is new."""
        _build(self.root, folder, cut)


@dataclass(frozen=True)
class Cut:
    """One way in which the power may go."""

    words: str
    names: Callable[[int], list[bool]]
    """Which of so many changes to a folder have happened."""
    contents: Callable[[bytes, bytes], bytes]
    """What became of a file with these synced and written contents, which differ."""


def nothing(count: int) -> list[bool]:
    """No change has reached the disk."""
    return [False] * count


def everything(count: int) -> list[bool]:
    """All have."""
    return [True] * count


def synced(synced: bytes, _: bytes) -> bytes:
    """What is sure."""
    return synced


def written(_: bytes, written: bytes) -> bytes:
    """All that was written."""
    return written


def half(synced: bytes, written: bytes) -> bytes:
    """Half of what was written since."""
    kept = len(synced) if written.startswith(synced) else 0
    return written[: (kept + len(written)) // 2]


def zeros(synced: bytes, written: bytes) -> bytes:
    """The new length with nothing in it."""
    kept = len(synced) if written.startswith(synced) else 0
    return written[:kept] + bytes(len(written) - kept)


PLAIN_CUTS = (
    Cut("nothing unsynced", nothing, synced),
    Cut("names without contents", everything, synced),
    Cut("names with half the contents", everything, half),
    Cut("names with zeros", everything, zeros),
    Cut("contents without names", nothing, written),
)


def random_cut(chance: random.Random) -> Cut:
    """Any mixture."""
    return Cut(
        "any mixture",
        lambda count: [chance.random() < 0.5 for _ in range(count)],
        lambda *contents: chance.choice([synced, written, half, zeros])(*contents),
    )


def _read(folder: Path) -> Folder:
    found = Folder()
    for path in folder.iterdir():
        data = b"" if path.is_dir() else path.read_bytes()
        found.synced[path.name] = _read(path) if path.is_dir() else File(data, data)
    return found


def _build(what: File | Folder, path: Path, cut: Cut) -> None:
    if isinstance(what, File):
        path.write_bytes(what.written if what.synced == what.written else cut.contents(what.synced, what.written))
        return
    path.mkdir()
    happened = [change for change, has in zip(what.done, cut.names(len(what.done)), strict=True) if has]
    for name, inner in what.after(happened).items():
        _build(inner, path / name, cut)


def _coming(log: Sequence[Entry], place: int) -> bytes:
    """What a file holds at its first fsync, if nothing is known of what is written to it before; else nothing."""
    path = log[place].operation.path
    for entry in log[place + 1 :]:
        if entry.operation.path == path:
            if entry.operation.name in ("fsync", "write", "create"):
                return entry.content or b"" if entry.operation.name == "fsync" else b""
            if entry.operation.name in ("unlink", "rename"):
                break
    return b""
