"""The kernel that writes treated samples into a plane.

Every method is the same sum: a region is divided into cells, each cell has one value (its mean, or black), and a sample
is a weighted mean of the values of its own cell and the eight around it. Pixelate and blacken give its own cell all the
weight. Blur takes the weights of a uniform quadratic B-spline, whose control points are the cells' means: it has
no corners that the eye could find, and shows nothing but those means.

Across, the sum is made once for each row of cells; down, each row of samples is a weighted sum of three such rows, in a
loop without branches that LLVM turns into vector instructions. All numbers are integers: weights in 1/4096, rows of
cells in 1/4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from streamproc.jit import PLANES, inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Index = NDArray[np.int64]
    Plane = NDArray[Any]  # of uint8 or uint16

BLUR, PIXELATE, BLACKEN = 1, 2, 3

_ARGUMENTS = "int64,int64,int64,int32[:,::1],uint8[::1],int64[::1],int64[::1],int64[::1],int64[::1]"


@inner
def _count(low: int, high: int, cell: int, method: int) -> int:
    """How many cells lie along low..high (in pixels)."""
    if method == BLUR:
        return max(1, (high - low) // cell)
    if method == PIXELATE:
        first_line = ((low + cell // 2) // cell + 1) * cell
        return max(0, (high - cell // 2) // cell - first_line // cell + 1) + 1
    return 1


@inner
def _edges(low: int, high: int, cell: int, method: int, shift: int) -> Index:
    """Where the cells along low..high (in pixels) begin and end, in samples of a plane: cell k is edges[k]..[k+1]."""
    count = _count(low, high, cell, method)
    first, last = low >> shift, ((high - 1) >> shift) + 1
    edges = np.empty(count + 1, np.int64)
    for k in range(count + 1):
        if method == PIXELATE:
            edges[k] = ((low + cell // 2) // cell + k) * cell >> shift
        else:
            edges[k] = first + k * (last - first) // count
    edges[0], edges[count] = first, last
    return edges


@inner
def _taps(edges: Index, method: int) -> NDArray[np.int32]:
    """For each sample: its cell, and the weights of the cells before and after it (in 1/4096)."""
    count, length = edges.size - 1, edges[-1] - edges[0]
    taps = np.zeros((3, length), np.int32)
    if method == BLUR:
        for x in range(length):
            cell, rest = divmod((2 * x + 1) * count, 2 * length)
            inside = rest * 4096 // (2 * length)
            taps[0, x] = cell
            taps[1, x] = (4096 - inside) * (4096 - inside) >> 13
            taps[2, x] = inside * inside >> 13
    else:
        for k in range(count):
            taps[0, edges[k] - edges[0] : edges[k + 1] - edges[0]] = k
    return taps


@inner
def _means(plane: Plane, x_edges: Index, y_edges: Index, means: NDArray[np.int32]) -> None:
    """Fill ``means`` (rows * columns of cells) with the rounded means of the cells."""
    columns, rows = x_edges.size - 1, y_edges.size - 1
    left, right = x_edges[0], x_edges[-1]
    sums = np.empty(right - left, np.uint32)
    for r in range(rows):
        sums[:] = 0
        for y in range(y_edges[r], y_edges[r + 1]):
            row = plane[y, left:right]
            for x in range(row.size):
                sums[x] += row[x]
        high = y_edges[r + 1] - y_edges[r]
        for c in range(columns):
            total = np.int64(0)
            for x in range(x_edges[c] - left, x_edges[c + 1] - left):
                total += sums[x]
            size = high * (x_edges[c + 1] - x_edges[c])
            means[r * columns + c] = (total + size // 2) // size


@inner
def _paint(
    plane: Plane, x_edges: Index, y_edges: Index, method: int, means: NDArray[np.int32], cover: NDArray[np.uint8]
) -> None:
    """Write one region; ``cover`` is its own part of the cover, row after row."""
    columns, rows = x_edges.size - 1, y_edges.size - 1
    left, top = x_edges[0], y_edges[0]
    across, down = _taps(x_edges, method), _taps(y_edges, method)
    width, height = across.shape[1], down.shape[1]
    bands = np.empty((rows, width), np.int32)
    for r in range(rows):
        band, values = bands[r], means[r * columns : (r + 1) * columns]
        for x in range(width):
            c, before, after = across[0, x], across[1, x], across[2, x]
            own = 4096 - before - after
            total = before * values[max(c - 1, 0)] + own * values[c] + after * values[min(c + 1, columns - 1)]
            band[x] = (total + 512) >> 10
    for y in range(height):
        r, before, after = down[0, y], down[1, y], down[2, y]
        own = 4096 - before - after
        above, band, below = bands[max(r - 1, 0)], bands[r], bands[min(r + 1, rows - 1)]
        row, strength = plane[top + y, left : left + width], cover[y * width : (y + 1) * width]
        for x in range(width):
            value = (before * above[x] + own * band[x] + after * below[x] + 8192) >> 14
            part = np.int32(strength[x]) + (strength[x] >> 7)  # 0..256: a full cover leaves nothing
            row[x] = row[x] + (((value - row[x]) * part + 128) >> 8)


@kernel(*(f"void({plane},{_ARGUMENTS})" for plane in PLANES))
def render(
    plane: Plane,
    x_shift: int,
    y_shift: int,
    black: int,
    rects: NDArray[np.int32],
    cover: NDArray[np.uint8],
    starts: Index,
    methods: Index,
    cells: Index,
    order: Index,
) -> None:
    """Treat the regions of ``order`` on one plane (plane height, pitch), later ones over earlier ones.

    ``rects`` (N, 4) in pixels; ``cover`` and ``starts`` in the plane's samples; ``methods`` (N,), ``cells`` (N,): the
    size of a cell in pixels. All means are taken before anything is written.
    """
    begins = np.zeros(order.size + 1, np.int64)
    for p in range(order.size):
        i = order[p]
        columns = _count(rects[i, 0], rects[i, 2], cells[i], methods[i])
        rows = _count(rects[i, 1], rects[i, 3], cells[i], methods[i])
        begins[p + 1] = begins[p] + columns * rows
    means = np.full(begins[-1], black, np.int32)
    for p in range(order.size):
        i = order[p]
        if methods[i] != BLACKEN:
            x_edges = _edges(rects[i, 0], rects[i, 2], cells[i], methods[i], x_shift)
            y_edges = _edges(rects[i, 1], rects[i, 3], cells[i], methods[i], y_shift)
            _means(plane, x_edges, y_edges, means[begins[p] : begins[p + 1]])
    for p in range(order.size):
        i = order[p]
        x_edges = _edges(rects[i, 0], rects[i, 2], cells[i], methods[i], x_shift)
        y_edges = _edges(rects[i, 1], rects[i, 3], cells[i], methods[i], y_shift)
        _paint(plane, x_edges, y_edges, methods[i], means[begins[p] : begins[p + 1]], cover[starts[i] : starts[i + 1]])
