"""Blur, pixelate or blacken regions on the planes of a picture, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streamproc.anonymise.cover import layout, resolve, shrink, soften
from streamproc.anonymise.render import BLACKEN, BLUR, PIXELATE, render
from streamproc.options import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from streamproc.anonymise.treatment import Treatment
    from streamproc.masks.regions import Regions

    Plane = NDArray[np.uint8] | NDArray[np.uint16]
    Index = NDArray[np.int64]

_NOTHING = 0
_CODES = {Method.DETECT: _NOTHING, Method.BLUR: BLUR, Method.PIXELATE: PIXELATE, Method.BLACKEN: BLACKEN}
_SMALLEST_CELL = 4  # pixels; smaller ones would let a face of 20 pixels through almost as it is
_GRID = 8  # pixels; the block size of the transforms of JPEG and H.264


def anonymise(
    planes: Sequence[Plane],
    shifts: Sequence[tuple[int, int]],
    width: int,
    height: int,
    black: Sequence[int],
    regions: Regions,
    treatments: Sequence[Treatment],
) -> None:
    """Treat ``regions`` of a picture of ``width`` x ``height`` pixels in place.

    ``planes`` are C-contiguous (plane height, pitch) arrays, uint8 or uint16; what lies beyond the picture's width is
    padding and left alone. ``shifts`` holds the binary logarithms (x, y) of each plane's subsampling, ``black`` each
    plane's black, ``treatments`` one for each region. A subsampled sample is treated if any of its pixels is.

    - blur and pixelate keep nothing of an object but the means of at most ``cells`` cells over its shorter side,
      taken over the whole rectangle. An object that the frame's left or right (top or bottom) edge cuts is taken to
      be at least as wide as high (high as wide), since the part that shows says little about its size.
      A blur's cells are never smaller than 4 pixels and it goes smoothly from one mean to the next. Pixelation's cells
      stand on a grid of the frame whose step is a multiple of 8 pixels, so that their edges fall on the edges of an
      encoder's blocks; what the rectangle's border leaves of a cell counts with the next cell if it is under half.
    - All means come from the untouched picture, and no treatment sees another's result. Where regions overlap, each
      sample shows one of them: the one that covers it most (a mask hides more than a soft edge); among equals blacken
      before pixelate before blur, then larger cells before smaller, then the earlier region.
      ``Method.DETECT`` treats nothing and yields to all.
    - Samples outside the masks and the declared soft edges keep their bits.

    Raises ValueError unless there are as many treatments as regions.
    """
    if len(treatments) != len(regions.rects):
        raise ValueError(f"{len(regions.rects)} regions have {len(treatments)} treatments; give one for each")
    codes = np.array([_CODES[t.method] for t in treatments], np.int64)
    sides = _shorter_sides(regions.rects, width, height)
    smallest = -(-sides // np.array([t.cells for t in treatments], np.int64))
    cells = np.where(codes == PIXELATE, -(-smallest // _GRID) * _GRID, np.maximum(smallest, _SMALLEST_CELL))
    order = np.lexsort((-np.arange(len(codes)), cells, codes))
    order = order[(codes[order] != _NOTHING) & (sides[order] > 0)]
    if not len(order):
        return
    rects, cover, starts, soft = _luma_cover(regions, treatments, sides * (codes != _NOTHING), width, height)
    made: dict[tuple[int, int], tuple[NDArray[np.uint8], Index]] = {}
    for plane, shift, level in zip(planes, shifts, black, strict=True):
        if shift not in made:
            made[shift] = _plane_cover(rects, cover, starts, shift, order if soft else order[:0])
        render(plane, *shift, level, rects, *made[shift], codes, cells, order)


def _shorter_sides(rects: NDArray[np.int32], width: int, height: int) -> Index:
    x1, y1, x2, y2 = rects.T.astype(np.int64)
    wide, high = x2 - x1, y2 - y1
    cut_wide = np.where((x1 <= 0) | (x2 >= width), np.maximum(wide, high), wide)
    cut_high = np.where((y1 <= 0) | (y2 >= height), np.maximum(wide, high), high)
    return np.where((wide > 0) & (high > 0), np.minimum(cut_wide, cut_high), 0)


def _luma_cover(
    regions: Regions, treatments: Sequence[Treatment], sides: Index, width: int, height: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8], Index, bool]:
    """Rectangles, cover, starts of the full-size planes, and whether any edge is soft."""
    gradients = np.array([(t.gradient_start, t.gradient_stop) for t in treatments], np.float32)
    edges = gradients * sides[:, None].astype(np.float32)
    if not edges.any():
        return regions.rects, regions.bits, regions.starts, False
    reach = np.ceil(edges[:, 1]).astype(np.int32)
    grown = regions.rects + reach[:, None] * np.array([-1, -1, 1, 1], np.int32)
    np.clip(grown, 0, np.array([width, height, width, height], np.int32), out=grown)
    starts = layout(grown)
    cover = np.empty(starts[-1], np.uint8)
    soften(regions.rects, regions.bits, regions.starts, grown, cover, starts, edges)
    return grown, cover, starts, True


def _plane_cover(
    rects: NDArray[np.int32], cover: NDArray[np.uint8], starts: Index, shift: tuple[int, int], soft_order: Index
) -> tuple[NDArray[np.uint8], Index]:
    """Cover and starts at a plane's subsampling, each soft sample left to one of ``soft_order``."""
    if shift != (0, 0):
        shrunk_starts = layout(rects, *shift)
        shrunk = np.empty(shrunk_starts[-1], np.uint8)
        shrink(rects, cover, starts, *shift, shrunk, shrunk_starts)
        cover, starts = shrunk, shrunk_starts
    if len(soft_order):
        # In place, also in the luma cover that others are shrunk from: their strongest region remains the strongest.
        resolve(rects, *shift, soft_order, cover, starts)
    return cover, starts
