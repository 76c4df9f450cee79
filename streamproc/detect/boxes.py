"""Arithmetic on boxes: arrays (n, 4) of x1, y1, x2, y2, float32, x2 and y2 exclusive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Boxes = NDArray[np.float32]
    Box = tuple[int, int, int, int]

_MOST = 1000


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """The area of each box, 0 where it is empty: (n,)."""
    sizes: NDArray[np.float32] = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1)
    return sizes


def intersections(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """The area that each box of ``a`` shares with each box of ``b``: (len(a), len(b))."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared: NDArray[np.float32] = np.maximum(bottom_right - top_left, 0).prod(axis=2)
    return shared


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each pair, 0 for empty boxes: (len(a), len(b))."""
    shared = intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    ratio: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio


def suppress(boxes: Boxes, scores: NDArray[np.float32], limit: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: indices of the kept boxes, best score first.

    A box goes when its IoU with a kept box of a higher score is above ``limit``. Equal scores keep their order. Only
    the best 1000 boxes are looked at: a threshold of 0 would ask for the overlaps of 20,000.
    """
    order = np.argsort(-scores, kind="stable")[:_MOST]
    clashes = iou(boxes[order], boxes[order]) > limit
    alive = np.ones(len(order), bool)
    for rank in range(len(order)):
        if alive[rank]:
            alive[rank + 1 :] &= ~clashes[rank, rank + 1 :]
    return order[alive]


def outward(box: NDArray[np.float32], width: int, height: int) -> Box | None:
    """``box`` rounded outwards to whole pixels and clipped to the picture; None where nothing is left of it."""
    # A thousandth of a pixel is rounding noise of float32 at these sizes, and should not cost a row.
    x1, y1 = (max(0, int(v)) for v in np.floor(box[:2] + 1e-3))
    x2, y2 = (min(limit, int(v)) for v, limit in zip(np.ceil(box[2:] - 1e-3), (width, height), strict=True))
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def grown(box: NDArray[np.float32], x: float, y: float) -> NDArray[np.float32]:
    """``box`` with ``x`` pixels more on the left and on the right, and ``y`` above and below."""
    return box + np.array([-x, -y, x, y], np.float32)
