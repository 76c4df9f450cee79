"""Turning pictures upright: the display matrix of a file, applied to the planes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from av.sidedata.sidedata import Type as SideDataType

from streamproc.media.frame import Frame, like, to_layout
from streamproc.media.pixels import LAYOUTS

if TYPE_CHECKING:
    import av

    from streamproc.media.frame import Plane
    from streamproc.media.pixels import PixelLayout

_NO_TIME = Fraction(1)


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the eight right-angled turns: transpose first, then mirror left-right, then mirror top-bottom."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def __bool__(self) -> bool:
        return self.transpose or self.mirror_x or self.mirror_y


def turn_of(native: av.VideoFrame) -> Turn:
    """The turn that makes a decoded picture upright.

    Read from the whole matrix: ``rotation`` of PyAV knows nothing of mirrors. An angle that is not right is rounded to
    the nearest that is. Layout of the matrix: https://ffmpeg.org/doxygen/trunk/group__lavu__video__display.html
    """
    try:
        data = native.side_data[SideDataType.DISPLAYMATRIX]  # type: ignore[typeddict-item]  # stub
    except KeyError:
        return Turn()
    # (x, y) of the coded picture is shown at (a x + c y, b x + d y), y downwards.
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(data))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(False, a < 0, d < 0)
    return Turn(True, c < 0, b < 0)


def turned_layout(layout: PixelLayout, turn: Turn) -> PixelLayout:
    """The layout that holds pictures of ``layout`` after ``turn``: 4:2:2 on its side is 4:4:0, else 4:4:4."""
    if not turn.transpose or all(x == y for x, y in layout.shifts):
        return layout
    shifts = tuple((y, x) for x, y in layout.shifts)
    if swapped := _like(layout, shifts):
        return swapped
    return _full(layout)


def make_upright(native: av.VideoFrame, turn: Turn) -> av.VideoFrame:
    """A new picture: ``native``, which is in a working layout, turned. Its samples are moved, not changed.

    Only where no layout holds the turned subsampling (see ``turned_layout``) chroma is scaled to full size.
    """
    layout = LAYOUTS[native.format.name]
    target = turned_layout(layout, turn)
    if target.shifts != tuple((y, x) if turn.transpose else (x, y) for x, y in layout.shifts):
        native = to_layout(native, _full(layout))
    width, height = (native.height, native.width) if turn.transpose else (native.width, native.height)
    upright = like(native, width, height, target.name)
    source, result = (Frame(picture, 0, 0, _NO_TIME) for picture in (native, upright))
    for plane, into in zip(source.planes, result.planes, strict=True):
        into[:] = _turned(plane, turn)
    return upright


def _full(layout: PixelLayout) -> PixelLayout:
    """The layout with chroma at full size and all else as in ``layout``."""
    full = _like(layout, ((0, 0),) * 3)
    assert full is not None, layout.name
    return full


def _like(layout: PixelLayout, shifts: tuple[tuple[int, int], ...]) -> PixelLayout | None:
    for other in LAYOUTS.values():
        same = (other.bits, other.rgb, "yuvj" in other.name) == (layout.bits, layout.rgb, "yuvj" in layout.name)
        if same and other.shifts == shifts:
            return other
    return None


def _turned(plane: Plane, turn: Turn) -> Plane:
    if turn.transpose:
        plane = plane.T
    if turn.mirror_x:
        plane = plane[:, ::-1]
    return plane[::-1] if turn.mirror_y else plane
