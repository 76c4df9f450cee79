"""A chunk's parts: what an encoder thread is fed, and the files it leaves under temporary names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from streamproc.masks.png import binary_png, instance_png
from streamproc.media.encode import count_frames
from streamproc.options import MaskKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamproc.media.frame import Frame

_FAST = 1  # zlib level: masks are flat, and level 6 takes three times as long for a tenth less


@dataclass(frozen=True, slots=True)
class ClosedPart:
    """A finished part, not yet committed: pairs of (temporary, final) file names, and how many frames went in."""

    kind: str
    chunk: int
    files: list[tuple[Path, Path]]
    frames: int
    count: Callable[[], int]
    """Opens what was written again and counts its frames."""


class PartSink(Protocol):
    """Turns the frames of one chunk after another into parts. Used by one thread."""

    kind: str

    def begin(self, chunk: int) -> None:
        """Open the part of ``chunk``."""

    def write(self, frame: Frame) -> None:
        """Take the next frame of the chunk."""

    def finish(self) -> ClosedPart:
        """Close the part."""

    def abort(self) -> None:
        """Give up the part that is open, if one is."""


class PartWriter(Protocol):
    """What writes one encoded part: ``VideoPartWriter`` and ``MaskVideoWriter``."""

    def write(self, frame: Frame) -> None:
        """Encode the next frame."""

    def close(self) -> int:
        """Finish the file and return how many frames went in."""

    def abort(self) -> None:
        """Give up the file."""


class FilmSink:
    """Encoded parts, each made by a writer of its own, with a fresh encoder.

    ``written`` is told of each frame once the encoder has taken it: a canvas goes back to its pool.
    """

    def __init__(
        self,
        kind: str,
        folder: Path,
        open_writer: Callable[[Path], PartWriter],
        written: Callable[[Frame], None] = lambda _: None,
    ) -> None:
        self.kind = kind
        self._folder, self._open_writer, self._written = folder, open_writer, written
        self._writer: PartWriter | None = None
        self._chunk = 0

    def begin(self, chunk: int) -> None:
        """Open a part with a fresh encoder."""
        self._chunk = chunk
        self._writer = self._open_writer(self._temporary)

    def write(self, frame: Frame) -> None:
        """Encode a frame."""
        assert self._writer is not None
        self._writer.write(frame)
        self._written(frame)

    def finish(self) -> ClosedPart:
        """Flush the encoder and close the file."""
        assert self._writer is not None
        frames = self._writer.close()
        self._writer = None
        temporary = self._temporary
        files = [(temporary, temporary.with_suffix(""))]
        return ClosedPart(self.kind, self._chunk, files, frames, lambda: count_frames(temporary))

    def abort(self) -> None:
        """Drop the open part."""
        if self._writer is not None:
            self._writer.abort()
            self._writer = None

    @property
    def _temporary(self) -> Path:
        return self._folder / f"{self._chunk:06d}-{self.kind}.mp4.tmp"


class PngSink:
    """A mask as one PNG a frame, named by its ordinal, in the folder ``final``."""

    def __init__(
        self, kind: MaskKind, folder: Path, final: Path, compress_level: int | None, written: Callable[[Frame], None]
    ) -> None:
        self.kind = str(kind)
        self._folder, self._final, self._written = folder, final, written
        self._compress_level = _FAST if compress_level is None else compress_level
        self._files: list[tuple[Path, Path]] = []
        self._chunk = 0

    def begin(self, chunk: int) -> None:
        """Begin a list of files."""
        self._chunk, self._files = chunk, []

    def write(self, frame: Frame) -> None:
        """Write a file."""
        name = f"{frame.ordinal:06d}.png"
        temporary = self._folder / f"{self.kind}-{name}.tmp"
        temporary.write_bytes(mask_png(self.kind, frame, self._compress_level))
        self._written(frame)
        self._files.append((temporary, self._final / name))

    def finish(self) -> ClosedPart:
        """Give the list of files."""
        files = self._files
        return ClosedPart(self.kind, self._chunk, files, len(files), lambda: sum(new.is_file() for new, _ in files))

    def abort(self) -> None:
        """Forget the list; the files are overwritten or removed with the work folder."""
        self._files = []


def mask_png(kind: str, canvas: Frame, compress_level: int) -> bytes:
    """The PNG file of a mask canvas."""
    planes = [plane.view(np.uint8) for plane in canvas.planes]
    if kind == MaskKind.BINARY:
        return binary_png(planes[0], compress_level=compress_level)
    green, blue, _ = planes
    return instance_png(green, blue, compress_level=compress_level)
