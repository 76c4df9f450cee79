from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.detect.shapes import superellipse


def by_sampling(box: tuple[int, int, int, int], width: int, height: int) -> np.ndarray:
    """Pixels of which any of 9 x 9 points, edges included, lies in the superellipse."""
    inside = np.zeros((height, width), bool)
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    for down in np.linspace(0, 1, 9):
        for right in np.linspace(0, 1, 9):
            u, v = (columns + right - centre[0]) / half[0], (rows + down - centre[1]) / half[1]
            inside |= u**4 + v**4 < 1
    return inside


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None, max_examples=60)
def test_equals_sampling_and_touches_every_side(x: int, y: int, width: int, height: int) -> None:
    box = (x, y, x + width, y + height)
    mask = superellipse(np.array(box, np.float32), (0, 0, 60, 60))
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) <= {0, 255}
    assert not (by_sampling(box, 60, 60) & (mask == 0)).any()
    rows, columns = np.nonzero(mask)
    # A side that is touched in one point may or may not count as one more pixel row.
    assert (columns.min() in (x, x - 1)) & (columns.max() in (x + width - 1, x + width))
    assert (rows.min() in (y, y - 1)) & (rows.max() in (y + height - 1, y + height))
    assert mask[y + height // 2, x + width // 2] == 255


def test_corners_stay_free() -> None:
    mask = superellipse(np.array([0, 0, 100, 60], np.float32), (0, 0, 100, 60))
    assert not mask[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert 0.9 < (mask > 0).mean() < 0.95  # the area of a superellipse of power 4 is 0.927 of its box


def test_region_is_a_window() -> None:
    box = np.array([-20, 5, 50, 90], np.float32)
    whole = superellipse(box, (-30, 0, 60, 100))
    assert (superellipse(box, (0, 10, 40, 70)) == whole[10:70, 30:70]).all()
