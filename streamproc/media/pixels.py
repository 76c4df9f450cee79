"""Pixel formats that pictures are worked on in: planar, 8 to 16 bits, at their own chroma subsampling.

Names are FFmpeg's (https://ffmpeg.org/doxygen/trunk/pixfmt_8h.html). A format outside this table is turned into the
nearest member once, while reading, in a way that loses nothing: packed and semi-planar formats only change their order
in memory, palettes and packed RGB become planar GBR. Alpha is left out of moving pictures (no codec that we write
carries it).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from streamproc.errors import NoPictureError

if TYPE_CHECKING:
    from av.video.format import VideoFormat

_CHROMA_SHIFTS = {
    "420": (1, 1),
    "422": (1, 0),
    "444": (0, 0),
    "440": (0, 1),
    "411": (2, 0),
    "410": (2, 2),
}
_DEPTHS = (9, 10, 12, 14, 16)

# Same samples, other order in memory.
_REORDERED = {
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "nv42": "yuv444p",
    "p010le": "yuv420p10le", "p010be": "yuv420p10le", "p012le": "yuv420p12le", "p016le": "yuv420p16le",
    "p210le": "yuv422p10le", "p212le": "yuv422p12le", "p216le": "yuv422p16le",
    "p410le": "yuv444p10le", "p412le": "yuv444p12le", "p416le": "yuv444p16le",
    "yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "uyyvyy411": "yuv411p",
    "y210le": "yuv422p10le", "v210": "yuv422p10le", "monow": "gray", "monob": "gray", "ya8": "gray",
    "ya16le": "gray16le", "ya16be": "gray16le",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How the samples of one picture lie in memory.

    ``name`` is FFmpeg's. ``shifts`` holds, for each plane, the binary logarithms (x, y) of its subsampling. ``bits``
    is the depth of a sample; 8 means uint8 planes, more means uint16 planes with the sample in the low bits.
    ``rgb`` says that the planes are G, B, R.
    """

    name: str
    shifts: tuple[tuple[int, int], ...]
    bits: int
    rgb: bool = False

    def plane_size(self, plane: int, width: int, height: int) -> tuple[int, int]:
        """(width, height) in samples of a plane of a picture of ``width`` x ``height`` pixels, rounded up."""
        x_shift, y_shift = self.shifts[plane]
        return -(-width >> x_shift), -(-height >> y_shift)

    def black(self, *, full_range: bool) -> tuple[int, ...]:
        """The sample value of black in each plane."""
        if self.rgb:
            return (0, 0, 0)
        luma = 0 if full_range else 16 << (self.bits - 8)
        return (luma,) + (1 << (self.bits - 1),) * (len(self.shifts) - 1)

    def align(self, box: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int, int, int]:
        """``box`` (x1, y1, x2, y2) clipped to the picture and grown outwards to whole chroma samples."""
        x_step = 1 << max(x for x, _ in self.shifts)
        y_step = 1 << max(y for _, y in self.shifts)
        x1, y1 = max(0, box[0]) // x_step * x_step, max(0, box[1]) // y_step * y_step
        x2, y2 = min(width, -(-box[2] // x_step) * x_step), min(height, -(-box[3] // y_step) * y_step)
        return x1, y1, x2, y2


def _table() -> dict[str, PixelLayout]:
    layouts = [PixelLayout("gray", ((0, 0),), 8), PixelLayout("gbrp", ((0, 0),) * 3, 8, rgb=True)]
    for digits, shift in _CHROMA_SHIFTS.items():
        shifts = ((0, 0), shift, shift)
        layouts.append(PixelLayout(f"yuv{digits}p", shifts, 8))
        if digits != "410":
            layouts.append(PixelLayout(f"yuvj{digits}p", shifts, 8))
        if digits in ("420", "422", "444"):
            layouts += [PixelLayout(f"yuv{digits}p{depth}le", shifts, depth) for depth in _DEPTHS]
    layouts += [PixelLayout(f"yuv440p{depth}le", ((0, 0), (0, 1), (0, 1)), depth) for depth in (10, 12)]
    layouts += [PixelLayout(f"gray{depth}le", ((0, 0),), depth) for depth in _DEPTHS]
    layouts += [PixelLayout(f"gbrp{depth}le", ((0, 0),) * 3, depth, rgb=True) for depth in _DEPTHS]
    return {layout.name: layout for layout in layouts}


LAYOUTS = _table()


@cache
def working_layout(name: str) -> PixelLayout:
    """The layout to work in for pictures whose FFmpeg pixel format is ``name``.

    Raises NoPictureError for formats that hold no picture in memory (hardware surfaces).
    """
    if name in LAYOUTS:
        return LAYOUTS[name]
    if name in _REORDERED:
        return LAYOUTS[_REORDERED[name]]
    from av.video.format import VideoFormat

    return LAYOUTS[_nearest(VideoFormat(name))]


def _nearest(video_format: VideoFormat) -> str:
    if not video_format.components:
        raise NoPictureError(f"pixel format {video_format.name} holds no picture in memory; decode in software")
    depth = max(component.bits for component in video_format.components)
    suffix = "" if depth <= 8 else f"{min(d for d in _DEPTHS if d >= min(depth, 16))}le"
    if video_format.is_rgb or video_format.has_palette or video_format.is_bayer:
        return f"gbrp{suffix}"
    colours = sum(not component.is_alpha for component in video_format.components)
    if colours == 1:
        return f"gray{suffix}"
    x_ratio = -(-64 // video_format.chroma_width(64))
    y_ratio = -(-64 // video_format.chroma_height(64))
    digits = {(2, 2): "420", (2, 1): "422", (1, 1): "444", (1, 2): "444", (4, 1): "444" if suffix else "411"}
    return f"yuv{digits.get((x_ratio, y_ratio), '444')}p{suffix}"
