"""What a job does to the file system, seen from outside: one operation after another, none of it known to the job.

Python's calls are seen where they are made; FFmpeg writes from C, so that of its files the opening, the closing and the
packets of the join are seen. Operations are told one at a time, also those of different threads.
"""

from __future__ import annotations

import builtins
import io
import os
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch

import av

from streamproc.job import parts
from streamproc.media import join, part_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Operation:
    """One call. ``path`` is relative to the watched folder, ``count`` how often the same call came on it before."""

    name: str
    path: str
    count: int
    target: str = ""
    """The new name, of a rename."""


class Observer(Protocol):
    """Is told of each operation, and may end the process then and there."""

    def before(self, operation: Operation) -> None:
        """It is about to be done."""

    def after(self, operation: Operation) -> None:
        """It was done."""

    def only(self, operation: Operation, size: int) -> int:
        """How many of the ``size`` bytes of a write are to be written before ``torn`` is called; ``size`` for all."""

    def torn(self) -> None:
        """A write was cut short."""


class Watch:
    """Tells ``observer`` of all operations below ``root`` while ``watching`` lasts."""

    def __init__(self, root: Path, observer: Observer) -> None:
        self._root, self._observer = str(root.resolve()), observer
        self._lock = threading.RLock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def name(self, path: Any, folder: int | None = None) -> str | None:
        """A path, or file descriptor, relative to the root; None for what lies elsewhere."""
        if isinstance(path, int):
            path = Path(f"/proc/self/fd/{path}").readlink()
        if folder is not None:
            path = Path(f"/proc/self/fd/{folder}").readlink() / path
        relative = os.path.relpath(path, self._root)
        return None if relative.startswith("..") else relative

    @contextmanager
    def operation(self, name: str, path: str | None, target: str | None = None) -> Iterator[Operation | None]:
        """The call made inside the ``with`` block; one that fails has not been."""
        if path is None:
            yield None
            return
        with self._lock:
            operation = Operation(name, path, self._counts[name, path], target or "")
            self._counts[name, path] += 1
            self._observer.before(operation)
            yield operation
            self._observer.after(operation)

    def write(self, path: str, data: memoryview, write: Callable[[memoryview], int | None]) -> int | None:
        """Write ``data``, or as much of it as the observer lets through."""
        with self.operation("write", path) as operation:
            assert operation is not None
            size = self._observer.only(operation, len(data))
            written = write(data[:size])
            if size < len(data):
                self._observer.torn()
            return written


class _File(io.FileIO):
    """A file whose writes are told."""

    def __init__(self, watch: Watch, name: str, path: Any, mode: str) -> None:
        super().__init__(path, mode)
        self._watch, self._name = watch, name

    def write(self, data: Any) -> Any:
        return self._watch.write(self._name, memoryview(data).cast("B"), super().write)

    def truncate(self, size: int | None = None) -> int:
        with self._watch.operation("truncate", self._name):
            return super().truncate(size)


@contextmanager
def watching(root: Path, observer: Observer) -> Iterator[None]:
    """Tell ``observer`` of every operation below ``root`` that is made inside the ``with`` block."""
    watch = Watch(root, observer)
    with ExitStack() as stack:
        for owner, name, replacement in _replacements(watch):
            stack.enter_context(patch.object(owner, name, replacement))
        yield


def _replacements(watch: Watch) -> list[tuple[Any, str, Callable[..., Any]]]:
    opened = _open(watch)
    return [
        *((os, name, _single(watch, getattr(os, name))) for name in ("fsync", "unlink", "rmdir", "mkdir")),
        *((os, name, _rename(watch, getattr(os, name))) for name in ("replace", "rename")),
        (io, "open", opened),
        (builtins, "open", opened),
        (av, "open", _open_film(watch)),
        (part_file.PartFile, "close", _close_part(watch)),
        (parts, "count_frames", _count(watch)),
        (join._Film, "packets", _packets(watch)),
    ]


def _single(watch: Watch, real: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any, *more: Any, dir_fd: int | None = None) -> Any:
        keywords = {} if dir_fd is None else {"dir_fd": dir_fd}
        with watch.operation(real.__name__, watch.name(path, dir_fd)):
            return real(path, *more, **keywords)

    return call


def _rename(watch: Watch, real: Callable[..., Any]) -> Callable[..., Any]:
    def call(old: Any, new: Any) -> Any:
        with watch.operation("rename", watch.name(old), watch.name(new)):
            return real(old, new)

    return call


def _open(watch: Watch) -> Callable[..., Any]:
    real = io.open

    def call(file: Any, mode: str = "r", buffering: int = -1, *more: Any, **keywords: Any) -> Any:
        name = None if isinstance(file, int) else watch.name(file)
        if name is None or not set(mode) & set("wxa+"):
            return real(file, mode, buffering, *more, **keywords)
        assert "b" in mode, "text files are not watched yet"
        new = "w" in mode or not Path(file).exists()
        with watch.operation("create", name if new else None):
            raw = _File(watch, name, file, mode.replace("b", ""))
        if buffering == 0:
            return raw
        return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

    return call


def _open_film(watch: Watch) -> Callable[..., Any]:
    real: Callable[..., Any] = av.open

    def call(file: Any, mode: str = "r", *more: Any, **keywords: Any) -> Any:
        name = watch.name(file.removeprefix("file:")) if mode == "w" else None
        with watch.operation("create", name):
            return real(file, mode, *more, **keywords)

    return call


def _close_part(watch: Watch) -> Callable[..., Any]:
    real = part_file.PartFile.close

    def call(part: part_file.PartFile) -> int:
        with watch.operation("close", watch.name(part._path)):
            return real(part)

    return call


def _count(watch: Watch) -> Callable[..., Any]:
    real = part_file.count_frames

    def call(path: Path) -> int:
        with watch.operation("count", watch.name(path)):
            return real(path)

    return call


def _packets(watch: Watch) -> Callable[..., Any]:
    real = join._Film.packets

    def call(film: Any, stream: Any) -> Iterator[Any]:
        output = watch.name(stream.container.name.removeprefix("file:"))
        for packet in real(film, stream):
            with watch.operation("packet", output):
                pass
            yield packet

    return call
