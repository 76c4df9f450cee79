"""Cover: how strongly each sample of a plane is treated for each region, 0 (not at all) to 255 (fully).

A cover is laid out like ``masks.regions.Regions``: one row-major uint8 rectangle after the other in a flat array, and
the index where each begins. Without soft edges the mask bits are the cover; with them, ``soften`` grows the rectangles
and fills in the edge. ``shrink`` brings a cover to a plane's subsampling, ``resolve`` settles who treats a sample that
lies in several soft edges, so that none is treated twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streamproc.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rects = NDArray[np.int32]
    Flat = NDArray[np.uint8]
    Index = NDArray[np.int64]

FULL = 255

_FLAT, _RECTS, _INDEX = "uint8[::1]", "int32[:,::1]", "int64[::1]"


def layout(rects: Rects, x_shift: int = 0, y_shift: int = 0) -> Index:
    """Where each rectangle of a cover begins, int64 (N + 1,): ``rects`` (N, 4) in pixels, the cover in samples."""
    x1, y1, x2, y2 = rects.T.astype(np.int64)
    sizes = (-(-x2 >> x_shift) - (x1 >> x_shift)) * (-(-y2 >> y_shift) - (y1 >> y_shift))
    return np.concatenate(([0], np.cumsum(sizes)))


@kernel(f"void({_RECTS},{_FLAT},{_INDEX},{_RECTS},{_FLAT},{_INDEX},float32[:,::1])")
def soften(
    rects: Rects, bits: Flat, starts: Index, grown: Rects, cover: Flat, cover_starts: Index, edges: NDArray[np.float32]
) -> None:
    """Fill ``cover`` with the masks and the soft edges around them.

    ``rects`` (N, 4), ``bits`` and ``starts`` are the regions; ``grown`` (N, 4) holds the rectangles of ``cover``, each
    containing its region's; ``edges`` (N, 2) the distances in pixels at which the edge starts to fall and ends.
    Distances are Euclidean, between pixel centres: first down each column, then across each row
    (Saito and Toriwaki 1994, https://doi.org/10.1016/0031-3203(94)90133-3).
    """
    for i in range(rects.shape[0]):
        x1, y1, x2, y2 = grown[i]
        width, height = x2 - x1, y2 - y1
        inner_width, inner_height = rects[i, 2] - rects[i, 0], rects[i, 3] - rects[i, 1]
        left, top = rects[i, 0] - x1, rects[i, 1] - y1
        first, stop = edges[i]
        reach = int(np.ceil(stop))
        slope = np.float32(FULL) / (stop - first) if stop > first else np.float32(0)
        far = reach + 1
        # `reach` columns more on either side, so that the search across a row needs no test for its ends
        down = np.full((height, width + 2 * reach), far, np.int32)
        for y in range(inner_height):
            begin = starts[i] + y * inner_width
            row, mask = down[top + y], bits[begin : begin + inner_width]
            for x in range(inner_width):
                if mask[x]:
                    row[reach + left + x] = 0
        for y in range(1, height):
            row, above = down[y], down[y - 1]
            for x in range(row.size):
                row[x] = min(row[x], above[x] + 1)
        for y in range(height - 2, -1, -1):
            row, below = down[y], down[y + 1]
            for x in range(row.size):
                row[x] = min(row[x], below[x] + 1)
        squares = np.empty(width + 2 * reach, np.float32)  # exact up to 2**24, and twice the lanes of numba's int64
        nearest = np.empty(width, np.float32)
        for y in range(height):
            row = down[y]
            for x in range(row.size):
                squares[x] = row[x] * row[x]
            nearest[:] = squares[reach : reach + width]
            for shift in range(1, reach + 1):
                aside = np.float32(shift * shift)
                before = squares[reach - shift : reach - shift + width]
                after = squares[reach + shift : reach + shift + width]
                for x in range(width):
                    square = (before[x] if before[x] < after[x] else after[x]) + aside
                    nearest[x] = square if square < nearest[x] else nearest[x]
            begin = cover_starts[i] + y * width
            out = cover[begin : begin + width]
            for x in range(width):
                distance = np.sqrt(nearest[x])
                fall = max((stop - distance) * slope, np.float32(0))
                out[x] = np.uint8((np.float32(FULL) if distance <= first else fall) + np.float32(0.5))


@kernel(f"void({_RECTS},{_FLAT},{_INDEX},int64,int64,{_FLAT},{_INDEX})")
def shrink(
    rects: Rects, cover: Flat, starts: Index, x_shift: int, y_shift: int, shrunk: Flat, shrunk_starts: Index
) -> None:
    """Fill ``shrunk`` with the cover of a subsampled plane: a sample takes the strongest cover of its pixels.

    ``rects`` (N, 4) in pixels belong to both; the shifts are the binary logarithms of the subsampling.
    """
    for i in range(rects.shape[0]):
        x1, y1, x2, y2 = rects[i]
        width = x2 - x1
        if width == 0:
            continue
        columns = ((x2 - 1) >> x_shift) - (x1 >> x_shift) + 1
        inset = x1 & ((1 << x_shift) - 1)
        merged = np.empty(columns << x_shift, np.uint8)
        halved = np.empty(columns << x_shift, np.uint8)
        for row in range(y1 >> y_shift, ((y2 - 1) >> y_shift) + 1):
            merged[:] = 0
            inner = merged[inset : inset + width]
            for y in range(max(y1, row << y_shift), min(y2, (row + 1) << y_shift)):
                begin = starts[i] + (y - y1) * width
                source = cover[begin : begin + width]
                for x in range(width):
                    inner[x] = max(inner[x], source[x])
            for step in range(x_shift - 1, -1, -1):
                for x in range(columns << step):
                    halved[x] = max(merged[2 * x], merged[2 * x + 1])
                merged, halved = halved, merged
            begin = shrunk_starts[i] + (row - (y1 >> y_shift)) * columns
            shrunk[begin : begin + columns] = merged[:columns]


@kernel(f"void({_RECTS},int64,int64,{_INDEX},{_FLAT},{_INDEX})")
def resolve(rects: Rects, x_shift: int, y_shift: int, order: Index, cover: Flat, starts: Index) -> None:
    """Leave every soft sample to one region: the one that covers it most, among equals the last in ``order``.

    Only covers below ``FULL`` are taken away. The strongest cover of a sample is never taken away and beats all
    others, so that the comparisons may be made in place and in any order.
    """
    for p in range(order.size):
        i = order[p]
        left, top = rects[i, 0] >> x_shift, rects[i, 1] >> y_shift
        right, bottom = ((rects[i, 2] - 1) >> x_shift) + 1, ((rects[i, 3] - 1) >> y_shift) + 1
        for q in range(order.size):
            j = order[q]
            other_left, other_top = rects[j, 0] >> x_shift, rects[j, 1] >> y_shift
            other_right, other_bottom = ((rects[j, 2] - 1) >> x_shift) + 1, ((rects[j, 3] - 1) >> y_shift) + 1
            x1, x2 = max(left, other_left), min(right, other_right)
            if p == q or x1 >= x2:
                continue
            for y in range(max(top, other_top), min(bottom, other_bottom)):
                begin = starts[i] + (y - top) * (right - left) + x1 - left
                other_begin = starts[j] + (y - other_top) * (other_right - other_left) + x1 - other_left
                row, other = cover[begin : begin + x2 - x1], cover[other_begin : other_begin + x2 - x1]
                for x in range(x2 - x1):
                    if row[x] < FULL and (other[x] > row[x] or (other[x] == row[x] and q > p)):
                        row[x] = 0
