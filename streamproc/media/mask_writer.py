"""Lossless mask videos, and the canvases that masks are drawn on.

Both kinds are H.264 without loss (libx264, qp 0). The binary mask is gray. The instance mask is 4:4:4 with the planes
G, B, R and the RGB matrix tag, so that the drawn planes go in unconverted, and decoders give planar GBR bit for bit.
FFmpeg's decoder gives the gray one as yuvj420p with chroma 128; the mask is its luma, and is what ``gray`` makes of it.
"""

from __future__ import annotations

import threading
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av

from streamproc.errors import EncodeError
from streamproc.media.frame import Frame
from streamproc.media.part_file import PartFile, PartFormat
from streamproc.media.source import RGB_MATRIX

if TYPE_CHECKING:
    from pathlib import Path

MaskKind = Literal["binary", "instance"]

_LAYOUTS: dict[MaskKind, str] = {"binary": "gray", "instance": "yuv444p"}
_BT709, _SRGB = 1, 13  # primaries and transfer of ISO/IEC 23091-4

# 120 instance masks of 12 moving objects at 1080p, two threads: ultrafast 1190 KiB at 9.0 ms of CPU a frame; with CABAC
# 102 KiB at 8.5 ms (skipped blocks cost it next to nothing); superfast 98 KiB at 18 ms; medium 58 KiB at 28 ms.
_OPTIONS = {"preset": "ultrafast", "qp": "0", "coder": "1"}


class MaskVideoWriter:
    """Encodes mask canvases into a part, without loss."""

    def __init__(
        self, path: Path, kind: MaskKind, width: int, height: int, time_base: Fraction, rate: Fraction, threads: int
    ) -> None:
        """Begin ``path`` for canvases of ``width`` x ``height`` pixels. Raises EncodeError.

        ``time_base`` is seconds a tick of the frames' times, ``rate`` frames a second (a hint).
        """
        self._path = path
        self._kind = kind
        self._size = width, height
        instance = kind == "instance"
        form = PartFormat(
            library="libx264",
            layout=_LAYOUTS[kind],
            width=width,
            height=height,
            time_base=time_base,
            rate=rate,
            threads=threads,
            colour_primaries=_BT709,
            colour_trc=_SRGB,
            colourspace=RGB_MATRIX if instance else _BT709,
            full_range=True,
        )
        self._part = PartFile(path, form, _OPTIONS)

    def write(self, canvas: Frame) -> None:
        """Encode a canvas of a ``CanvasPool``; it may be given back as soon as this returns. Raises EncodeError."""
        if (canvas.width, canvas.height) != self._size or canvas.native.format.name != _LAYOUTS[self._kind]:
            raise EncodeError(
                f"{self._path}: frame {canvas.ordinal} is {canvas.width}x{canvas.height} {canvas.layout.name}; "
                f"wanted is a canvas of {self._size[0]}x{self._size[1]} of kind {self._kind}"
            )
        self._part.write(canvas.native, canvas.pts)

    def close(self) -> int:
        """Finish the file; gives the number of frames in it. Raises EncodeError. Nothing is synced to disk."""
        return self._part.close()

    def abort(self) -> None:
        """Stop and remove the file."""
        self._part.abort()


class CanvasPool:
    """Canvases of one kind and size, used again and again: fresh pages for 6 MB a frame would cost more than drawing.

    The planes of a canvas are (G, B, R) for instance masks and one for binary ones, uint8, (height, width); those that
    a mask never writes (R) stay 0, the others hold what was drawn last. Safe to use from several threads.
    """

    def __init__(self, kind: MaskKind, width: int, height: int) -> None:
        """``width`` and ``height`` in pixels."""
        self._layout = _LAYOUTS[kind]
        self._size = width, height
        self._free: list[av.VideoFrame] = []
        self._lock = threading.Lock()

    def take(self, pts: int, ordinal: int, time_base: Fraction = Fraction(1)) -> Frame:
        """A canvas for the frame ``ordinal`` at ``pts`` ticks of ``time_base``; a new one where none is free."""
        with self._lock:
            native = self._free.pop() if self._free else None
        if native is None:
            native = av.VideoFrame(*self._size, self._layout)
            canvas = Frame(native, ordinal, pts, time_base)
            for plane in canvas.planes:
                plane[:] = 0
            return canvas
        return Frame(native, ordinal, pts, time_base)

    def give_back(self, canvas: Frame) -> None:
        """Make ``canvas`` free for another frame; it must not be used afterwards."""
        with self._lock:
            self._free.append(canvas.native)
