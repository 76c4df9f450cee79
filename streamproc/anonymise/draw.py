"""Boxes with type and score drawn into a picture's own planes, for ``--debug``."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Plane = NDArray[np.uint8] | NDArray[np.uint16]

Box = tuple[int, int, int, int]
Rgb = tuple[int, int, int]


def draw_box(
    planes: Sequence[Plane], shifts: Sequence[tuple[int, int]], box: Box, label: str, sample: Sequence[int]
) -> None:
    """Draw one box's outline and ``label`` above it (below its top edge where there is no room), in place.

    ``planes`` are (plane height, plane width) arrays, ``shifts`` their subsampling as binary logarithms (x, y),
    ``sample`` the colour as one value a plane. ``box`` is (x1, y1, x2, y2) and may leave the picture.
    """
    height, width = planes[0].shape
    thickness = max(2, height // 360) // 2 * 2
    x1, y1, x2, y2 = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    if x1 >= x2 or y1 >= y2:
        return
    for edge in (
        (x1, y1, x2, y1 + thickness),
        (x1, y2 - thickness, x2, y2),
        (x1, y1, x1 + thickness, y2),
        (x2 - thickness, y1, x2, y2),
    ):
        _fill(planes, shifts, edge, sample)
    letters = _letters(label, max(12, height // 45))
    text_height, _text_width = letters.shape
    top = y1 - text_height if y1 >= text_height else y1
    _stamp(planes, shifts, letters[: height - top, : width - x1], x1, top, sample)


def _fill(planes: Sequence[Plane], shifts: Sequence[tuple[int, int]], box: Box, sample: Sequence[int]) -> None:
    x1, y1, x2, y2 = (max(0, value) for value in box)
    for plane, (x_shift, y_shift), value in zip(planes, shifts, sample, strict=True):
        plane[y1 >> y_shift : -(-y2 >> y_shift), x1 >> x_shift : -(-x2 >> x_shift)] = value


def _stamp(
    planes: Sequence[Plane],
    shifts: Sequence[tuple[int, int]],
    letters: NDArray[np.bool_],
    left: int,
    top: int,
    sample: Sequence[int],
) -> None:
    for plane, (x_shift, y_shift), value in zip(planes, shifts, sample, strict=True):
        small = letters[:: 1 << y_shift, :: 1 << x_shift]
        target = plane[top >> y_shift :, left >> x_shift :][: small.shape[0], : small.shape[1]]
        target[small[: target.shape[0], : target.shape[1]]] = value


@lru_cache(maxsize=256)
def _letters(text: str, size: int) -> NDArray[np.bool_]:
    font = ImageFont.load_default(size)
    _, _, right, bottom = font.getbbox(text)
    image = Image.new("1", (int(right) + 2, int(bottom) + 2))
    ImageDraw.Draw(image).text((1, 1), text, fill=1, font=font)
    return np.asarray(image)


def sample_of(rgb: Rgb, *, is_rgb: bool, planes: int, bits: int, full_range: bool) -> tuple[int, ...]:
    """A colour (R, G, B, 0..255) as one sample a plane: G, B, R, or Y, Cb, Cr by BT.601 at the given depth."""
    red, green, blue = rgb
    scale = 1 << (bits - 8)
    if is_rgb:
        return green * scale, blue * scale, red * scale
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma_range, offset, luma_range = (255, 0, 255) if full_range else (224, 16, 219)
    ycc = (
        offset + luma * luma_range / 255,
        128 + (blue - luma) / 1.772 * chroma_range / 255,
        128 + (red - luma) / 1.402 * chroma_range / 255,
    )
    return tuple(round(min(255, max(0, value)) * scale) for value in ycc[:planes])
