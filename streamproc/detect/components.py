"""Connected components of a probability map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Boxes


def components(probability: NDArray[np.float32], threshold: float) -> tuple[Boxes, NDArray[np.float32]]:
    """The 8-connected regions of ``probability`` (h, w) above ``threshold``: boxes (n, 4) and mean probability (n,).

    Works on horizontal runs, of which a text map has a few dozen, joined by union-find: 0.3 ms for a 320 x 320 map.
    """
    height, width = probability.shape
    above = np.zeros((height, width + 2), np.int8)
    above[:, 1:-1] = probability > threshold
    edges = np.diff(above, axis=1)
    rows, starts = np.nonzero(edges == 1)
    stops = np.nonzero(edges == -1)[1]
    if not len(rows):
        return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)

    # Keys that grow with row and column, so that the runs of the row above that touch a run are one slice.
    pitch = width + 4
    above_row = (rows - 1) * pitch
    first = np.searchsorted(rows * pitch + stops, above_row + starts, side="left")
    last = np.searchsorted(rows * pitch + starts, above_row + stops, side="right")
    parent = list(range(len(rows)))
    for run in range(len(rows)):
        for other in range(first[run], last[run]):
            a, b = _root(parent, run), _root(parent, other)
            parent[max(a, b)] = min(a, b)
    _, label = np.unique([_root(parent, run) for run in range(len(rows))], return_inverse=True)

    count = label.max() + 1
    boxes = np.empty((count, 4), np.float32)
    boxes[:, :2], boxes[:, 2:] = np.inf, -np.inf
    np.minimum.at(boxes[:, 0], label, starts)
    np.minimum.at(boxes[:, 1], label, rows)
    np.maximum.at(boxes[:, 2], label, stops)
    np.maximum.at(boxes[:, 3], label, rows + 1)
    running = np.concatenate(([0.0], probability.ravel().cumsum(dtype=np.float64)))
    sums = running[rows * width + stops] - running[rows * width + starts]
    means = np.bincount(label, sums) / np.bincount(label, stops - starts)
    return boxes, means.astype(np.float32)


def _root(parent: list[int], run: int) -> int:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run
