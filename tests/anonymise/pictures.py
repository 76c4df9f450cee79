"""Pictures, regions and a slow reference of what anonymising means, made of plain numpy over whole frames."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from streamproc.masks.regions import Regions
from streamproc.options import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from streamproc.anonymise.treatment import Treatment
    from streamproc.media.pixels import PixelLayout

    Plane = NDArray[np.uint8] | NDArray[np.uint16]

RANKS = {Method.BLUR: 1, Method.PIXELATE: 2, Method.BLACKEN: 3}


def noise(layout: PixelLayout, width: int, height: int, seed: int = 0, padding: int = 3) -> list[Plane]:
    """Padded planes of random samples."""
    rng = np.random.default_rng(seed)
    dtype = np.uint8 if layout.bits == 8 else np.uint16
    sizes = [layout.plane_size(i, width, height) for i in range(len(layout.shifts))]
    return [rng.integers(0, 1 << layout.bits, (rows, columns + padding)).astype(dtype) for columns, rows in sizes]


def regions(*masks: tuple[tuple[int, int], NDArray[np.uint8]]) -> Regions:
    """Regions of (x, y) corners and 0/255 masks."""
    rects = [(x, y, x + m.shape[1], y + m.shape[0]) if m.size else (0, 0, 0, 0) for (x, y), m in masks]
    starts = np.cumsum([0, *(m.size for _, m in masks)])
    bits = np.concatenate([np.empty(0, np.uint8), *(m.ravel() for _, m in masks)])
    return Regions(np.array(rects, np.int32).reshape(-1, 4), bits, starts.astype(np.int64))


def box(x1: int, y1: int, x2: int, y2: int) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """A region that is its whole rectangle."""
    return (x1, y1), np.full((y2 - y1, x2 - x1), 255, np.uint8)


def ellipse(x1: int, y1: int, x2: int, y2: int) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """A region in the shape of a person: a superellipse of exponent 4 that fills its rectangle."""
    y, x = ((np.arange(n) + 0.5) / n * 2 - 1 for n in (y2 - y1, x2 - x1))
    return (x1, y1), np.where(y[:, None] ** 4 + x[None] ** 4 <= 1, 255, 0).astype(np.uint8)


def reference(
    planes: Sequence[Plane],
    layout: PixelLayout,
    width: int,
    height: int,
    black: Sequence[int],
    found: Regions,
    treatments: Sequence[Treatment],
) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]]:
    """For each plane what it should become, in real numbers; how far each sample is treated, 0..1; if by a blur."""
    active = []
    for i, treatment in enumerate(treatments):
        x1, y1, x2, y2 = (int(v) for v in found.rects[i])
        if treatment.method == Method.DETECT or x2 == x1:
            continue
        wide, high = x2 - x1, y2 - y1
        longer = max(wide, high)
        side = min(longer if x1 == 0 or x2 == width else wide, longer if y1 == 0 or y2 == height else high)
        cell = max(4, -(-side // treatment.cells))
        if treatment.method == Method.PIXELATE:
            cell = 8 * -(-side // (8 * treatment.cells))
        cover = _cover(found, i, width, height, side * treatment.gradient_start, side * treatment.gradient_stop)
        grow = int(np.ceil(np.float32(side * treatment.gradient_stop)))
        rect = max(0, x1 - grow), max(0, y1 - grow), min(width, x2 + grow), min(height, y2 + grow)
        active.append((treatment.method, cell, i, rect, cover))
    active.sort(key=lambda a: (RANKS[a[0]], a[1], -a[2]))
    results = []
    for index, plane in enumerate(planes):
        x_shift, y_shift = layout.shifts[index]
        columns, rows = layout.plane_size(index, width, height)
        original = plane[:rows, :columns].astype(np.float64)
        strongest = np.zeros((rows, columns))
        value = original.copy()
        blurred = np.zeros((rows, columns), bool)
        for method, cell, _, rect, cover in active:
            blocks = np.zeros((rows << y_shift, columns << x_shift))
            blocks[:height, :width] = cover
            sampled = blocks.reshape(rows, 1 << y_shift, columns, 1 << x_shift).max((1, 3))
            wins = (sampled >= strongest) & (sampled > 0)
            strongest[wins] = sampled[wins]
            blurred[wins] = method == Method.BLUR
            value[wins] = _treated(original, method, cell, rect, layout.shifts[index], black[index])[wins]
        results.append((original + (value - original) * strongest, strongest, blurred))
    return results


def _cover(found: Regions, i: int, width: int, height: int, first: float, stop: float) -> NDArray[np.float64]:
    x1, y1 = found.rects[i, :2]
    y, x = np.nonzero(found.mask(i))
    if not len(y):
        return np.zeros((height, width))
    across = np.arange(width)[None, :, None] - (x + x1)
    down = np.arange(height)[:, None, None] - (y + y1)
    distance = np.sqrt((across**2 + down**2).min(2))
    fall = (stop - distance) / (stop - first) if stop > first else np.zeros_like(distance)
    levels = np.where(distance <= first, 1, np.clip(fall, 0, 1))
    return np.floor(levels * 255 + 0.5) / 255  # a cover has 8 bits


def _treated(
    original: NDArray[np.float64],
    method: Method,
    cell: int,
    rect: tuple[int, int, int, int],
    shift: tuple[int, int],
    black: int,
) -> NDArray[np.float64]:
    out = np.full(original.shape, float(black))
    if method == Method.BLACKEN:
        return out
    columns, across = _weights(method, cell, rect[0], rect[2], shift[0])
    rows, down = _weights(method, cell, rect[1], rect[3], shift[1])
    means = np.array(
        [[np.floor(original[a:b, c:d].mean() + 0.5) for c, d in pairwise(columns)] for a, b in pairwise(rows)]
    )
    out[rows[0] : rows[-1], columns[0] : columns[-1]] = down @ means @ across.T
    return out


def _weights(method: Method, cell: int, low: int, high: int, shift: int) -> tuple[list[int], NDArray[np.float64]]:
    """Where cells begin and end, and the weight of each cell in each sample, (samples, cells)."""
    first, last = low >> shift, -(-high >> shift)
    length = last - first
    if method == Method.PIXELATE:
        lines = [line for line in range(0, high, cell) if line - low > cell / 2 and high - line >= cell / 2]
        edges = [first, *(line >> shift for line in lines), last]
        weights = np.zeros((length, len(edges) - 1))
        for k in range(len(edges) - 1):
            weights[edges[k] - first : edges[k + 1] - first, k] = 1
        return edges, weights
    count = max(1, (high - low) // cell)
    edges = [first + k * length // count for k in range(count + 1)]
    weights = np.zeros((length, count))
    for x in range(length):
        place = (x + 0.5) / length * count
        for k in range(-1, count + 1):  # the outermost cells stand for those beyond them
            weights[x, min(max(k, 0), count - 1)] += _spline(place - (k + 0.5))
    return edges, weights


def _spline(t: float) -> float:
    """The uniform quadratic B-spline."""
    t = abs(t)
    return 0.75 - t * t if t <= 0.5 else (1.5 - t) ** 2 / 2 if t <= 1.5 else 0.0
