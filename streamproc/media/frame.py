"""One decoded picture with its exact time, its planes as numpy views."""

from __future__ import annotations

import threading
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from streamproc.media.pixels import LAYOUTS, working_layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from streamproc.media.mark import Origin
    from streamproc.media.pixels import PixelLayout

    Plane = NDArray[np.uint8] | NDArray[np.uint16]

_FULL_RANGE = int(ColorRange.JPEG)
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
_MATRICES = {  # colour matrix of ISO/IEC 23091-4 -> swscale's name for it
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_reformatters = threading.local()


def reformatter() -> VideoReformatter:
    """The calling thread's own swscale context; it keeps its tables from one picture to the next."""
    if not hasattr(_reformatters, "it"):
        _reformatters.it = VideoReformatter()
    it: VideoReformatter = _reformatters.it
    return it


class Frame:
    """One picture of a source, upright, in a layout of ``pixels.LAYOUTS``.

    ``ordinal`` counts from 0 within the source. ``pts`` is the exact time in ticks of ``time_base`` (seconds a tick).
    ``width`` and ``height`` are in pixels. The picture may still be a reference of the decoder's: call
    ``make_writable`` before changing a plane.
    """

    __slots__ = ("_padded", "height", "layout", "native", "ordinal", "origin", "pts", "time_base", "width")

    def __init__(
        self, native: av.VideoFrame, ordinal: int, pts: int, time_base: Fraction, origin: Origin | None = None
    ) -> None:
        """Take over ``native``, whose format must be in ``pixels.LAYOUTS`` (see ``from_native``)."""
        self.native = native  # only streamproc.media may touch it
        self.ordinal = ordinal
        self.pts = pts
        self.time_base = time_base
        self.origin = origin  # where it was read; None where no file can be sought for it
        self.layout: PixelLayout = LAYOUTS[native.format.name]
        self.width: int = native.width
        self.height: int = native.height
        self._padded: tuple[Plane, ...] | None = None

    @classmethod
    def from_native(cls, native: av.VideoFrame, ordinal: int, pts: int, time_base: Fraction) -> Frame:
        """Make a frame of any decoded picture, changing its format to the nearest working layout where needed."""
        return cls(to_layout(native, working_layout(native.format.name)), ordinal, pts, time_base)

    @classmethod
    def from_planes(
        cls,
        planes: Sequence[Plane],
        layout: str,
        *,
        ordinal: int = 0,
        pts: int | None = None,
        time_base: Fraction = Fraction(1, 25),
        full_range: bool = False,
    ) -> Frame:
        """Make a frame by copying planes, each (plane height, plane width), first plane at full size."""
        height, width = planes[0].shape
        native = av.VideoFrame(width, height, layout)
        if full_range:
            native.color_range = _FULL_RANGE
        frame = cls(native, ordinal, ordinal if pts is None else pts, time_base)
        for target, plane in zip(frame.planes, planes, strict=True):
            target[:] = plane
        return frame

    @property
    def time(self) -> Fraction:
        """Presentation time in seconds, exact."""
        return self.pts * self.time_base

    @property
    def full_range(self) -> bool:
        """Whether luma spans the whole range of its bits (else 16..235 at 8 bits)."""
        return self.layout.rgb or "yuvj" in self.layout.name or int(self.native.color_range) == _FULL_RANGE

    @property
    def padded_planes(self) -> tuple[Plane, ...]:
        """The planes with their padding: C-contiguous (plane height, pitch) views, for kernels."""
        if self._padded is None:
            self._padded = tuple(self._view(index) for index in range(len(self.layout.shifts)))
        return self._padded

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The planes as views (plane height, plane width), uint8, or uint16 for more than 8 bits. Rows are padded."""
        sizes = (self.layout.plane_size(i, self.width, self.height) for i in range(len(self.layout.shifts)))
        return tuple(padded[:, :w] for padded, (w, _) in zip(self.padded_planes, sizes, strict=True))

    def make_writable(self) -> None:
        """Copy the picture if anything else (the decoder) still refers to it. Views taken before are stale."""
        self._padded = None
        self.native.make_writable()

    def copy(self) -> Frame:
        """A frame of its own memory with the same samples and time."""
        frame = Frame(like(self.native), self.ordinal, self.pts, self.time_base)
        for target, plane in zip(frame.planes, self.planes, strict=True):
            target[:] = plane
        return frame

    def rgb_planes(
        self,
        width: int,
        height: int,
        box: tuple[int, int, int, int] | None = None,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """The picture, or its part in ``box``, scaled by swscale: uint8 (3, height, width), planes R, G, B.

        ``box`` is (x1, y1, x2, y2) in pixels and is first aligned with ``layout.align``: scale coordinates back with
        the aligned box. Scaling goes straight from the frame's planes to the wanted size. ``out`` is filled and
        returned where given: fresh memory for each picture costs 3 ms in page faults at 1280 x 720.
        """
        native = self.native if box is None else self._cropped(box)
        scaled = reformatter().reformat(
            native, width, height, "gbrp", src_colorspace=self._matrix(), dst_colorspace=Colorspace.ITU709,
            src_color_range="JPEG" if self.full_range else "MPEG", dst_color_range="JPEG",
            interpolation="AREA" if native.width > 2 * width else "BILINEAR", threads=1,
        )  # fmt: skip
        if out is None:
            out = np.empty((3, height, width), np.uint8)
        for target, plane in zip((1, 2, 0), scaled.planes, strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8)[: height * plane.line_size]
            out[target] = rows.reshape(height, plane.line_size)[:, :width]
        return out

    def _matrix(self) -> Colorspace:
        tagged = int(self.native.colorspace)
        if tagged in _MATRICES:
            return _MATRICES[tagged]
        # swscale takes untagged pictures as BT.601 whatever their size; players go by the height.
        return Colorspace.ITU709 if self.height >= 720 and tagged == _UNSPECIFIED else Colorspace.ITU601

    def _cropped(self, box: tuple[int, int, int, int]) -> av.VideoFrame:
        x1, y1, x2, y2 = self.layout.align(box, self.width, self.height)
        crop = Frame(av.VideoFrame(x2 - x1, y2 - y1, self.layout.name), 0, 0, self.time_base)
        for source, target, (x_shift, y_shift) in zip(self.planes, crop.planes, self.layout.shifts, strict=True):
            top, left = y1 >> y_shift, x1 >> x_shift
            target[:] = source[top : top + target.shape[0], left : left + target.shape[1]]
        return crop.native

    def _view(self, index: int) -> Plane:
        plane = self.native.planes[index]
        _, rows = self.layout.plane_size(index, self.width, self.height)
        flat: Plane = np.frombuffer(memoryview(plane), np.uint8)[: rows * plane.line_size]
        if self.layout.bits > 8:
            flat = flat.view(np.uint16)
        return flat.reshape(rows, -1)


def like(native: av.VideoFrame, width: int = 0, height: int = 0, layout: str = "") -> av.VideoFrame:
    """An empty picture with the colour tags of ``native``, of its size and format unless others are given."""
    made = av.VideoFrame(width or native.width, height or native.height, layout or native.format.name)
    made.colorspace, made.color_range = native.colorspace, native.color_range
    made.color_primaries, made.color_trc = native.color_primaries, native.color_trc
    return made


def to_layout(native: av.VideoFrame, layout: PixelLayout) -> av.VideoFrame:
    """``native`` itself where it is in ``layout`` and its rows lie top-down, else a copy that is."""
    upside_down = any(plane.line_size < 0 for plane in native.planes)
    if native.format.name == layout.name and not upside_down:
        return native
    return reformatter().reformat(native, format=layout.name, threads=1)
