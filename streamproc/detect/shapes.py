"""Masks made from boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Box

POWER = 4  # a superellipse of power 4 covers 98 % of a person's pixels, an ellipse far less


def superellipse(box: NDArray[np.float32], region: Box) -> NDArray[np.uint8]:
    """The superellipse |x|^4 + |y|^4 <= 1 inscribed in ``box``, on the pixels of ``region``: uint8 (h, w), 0 or 255.

    ``region`` may be smaller than the box (a box that leaves the frame) or larger. A pixel belongs to the shape when
    any part of it does, so the shape never falls short of the box's sides.
    """
    x1, y1, x2, y2 = region
    left, top, right, bottom = box.tolist()
    across = _nearest(x1, x2, left, right)
    down = _nearest(y1, y2, top, bottom)
    inside = across[None, :] + down[:, None] <= 1
    return np.where(inside, np.uint8(255), np.uint8(0))


def _nearest(start: int, stop: int, low: float, high: float) -> NDArray[np.float32]:
    """|u|^4 of each pixel's nearest point to the centre, where u is -1 at ``low`` and 1 at ``high``."""
    centre, half = (low + high) / 2, max((high - low) / 2, 1e-6)
    pixel = np.arange(start, stop, dtype=np.float32)
    distance = np.maximum(np.maximum(pixel - centre, centre - pixel - 1), 0) / half
    raised: NDArray[np.float32] = (distance**POWER).astype(np.float32)
    return raised
