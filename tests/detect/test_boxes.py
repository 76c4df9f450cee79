from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from streamproc.detect import boxes as module
from streamproc.detect.boxes import grown, iou, outward, suppress

SIDE = 24


@st.composite
def box_lists(draw: st.DrawFn, most: int = 8) -> np.ndarray:
    count = draw(st.integers(0, most))
    corners = draw(hnp.arrays(np.int64, (count, 2, 2), elements=st.integers(0, SIDE)))
    return np.sort(corners, axis=1).reshape(count, 4).astype(np.float32)


def raster(boxes: np.ndarray) -> np.ndarray:
    drawn = np.zeros((len(boxes), SIDE, SIDE), bool)
    for plane, (x1, y1, x2, y2) in zip(drawn, boxes.astype(int), strict=True):
        plane[y1:y2, x1:x2] = True
    return drawn.reshape(len(boxes), SIDE * SIDE)


@given(box_lists(), box_lists())
@settings(deadline=None, max_examples=60)
def test_iou_equals_counting_pixels(a: np.ndarray, b: np.ndarray) -> None:
    one, other = raster(a)[:, None], raster(b)[None]
    union = (one | other).sum(axis=2)
    expected = np.where(union > 0, (one & other).sum(axis=2) / np.maximum(union, 1), 0)
    np.testing.assert_allclose(iou(a, b), expected, rtol=1e-5)


@given(box_lists(12), st.data(), st.sampled_from([0.0, 0.3, 0.5, 0.9]))
@settings(deadline=None, max_examples=80)
def test_suppression_keeps_the_best_of_each_group(boxes: np.ndarray, data: st.DataObject, limit: float) -> None:
    scores = data.draw(hnp.arrays(np.float32, len(boxes), elements=st.integers(0, 10).map(lambda v: v / 10)))
    kept = suppress(boxes, scores, limit)
    assert len(set(kept.tolist())) == len(kept)
    assert (np.diff(scores[kept]) <= 0).all()
    overlaps = iou(boxes, boxes)
    among = overlaps[np.ix_(kept, kept)] - np.eye(len(kept)) * overlaps[kept, kept]
    assert (among <= limit).all()
    for gone in set(range(len(boxes))) - set(kept.tolist()):
        assert any(overlaps[gone, better] > limit and scores[better] >= scores[gone] for better in kept)


def test_suppression_looks_at_a_bounded_number_of_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    apart = np.arange(5, dtype=np.float32)[:, None] * 10 + np.array([0, 0, 5, 5], np.float32)
    assert suppress(apart, np.array([0.1, 0.5, 0.2, 0.4, 0.3], np.float32), 0.5).tolist() == [1, 3, 4]


@given(hnp.arrays(np.float32, 4, elements=st.floats(-50, 150, width=32)))
@settings(deadline=None, max_examples=100)
def test_outward_holds_the_box_within_the_picture(values: np.ndarray) -> None:
    box = np.concatenate((np.minimum(values[:2], values[2:]), np.maximum(values[:2], values[2:])))
    found = outward(box, 100, 80)
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[2], 100), min(box[3], 80)
    if right - left > 0.01 and bottom - top > 0.01:
        assert found is not None
        assert found[0] <= left + 0.01
        assert found[1] <= top + 0.01
        assert found[2] >= right - 0.01
        assert found[3] >= bottom - 0.01
    if found is not None:
        assert 0 <= found[0] < found[2] <= 100
        assert 0 <= found[1] < found[3] <= 80
        assert found[0] > box[0] - 1
        assert found[3] < box[3] + 1


def test_outward_finds_nothing_outside_the_picture() -> None:
    assert outward(np.array([-9, 3, -1, 9], np.float32), 100, 80) is None
    assert outward(np.array([10, 80, 20, 99], np.float32), 100, 80) is None


def test_grown_adds_on_both_sides() -> None:
    assert grown(np.array([10, 20, 30, 40], np.float32), 2, 5).tolist() == [8, 15, 32, 45]
