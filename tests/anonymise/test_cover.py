from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.anonymise.cover import FULL, layout, resolve, shrink, soften
from tests.anonymise.pictures import box, regions

SHIFTS = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 2)]
seeds = st.integers(0, 2**32 - 1)


def _random_rects(rng: np.random.Generator, width: int, height: int, count: int):
    x, y = np.sort(rng.integers(0, width + 1, (count, 2))), np.sort(rng.integers(0, height + 1, (count, 2)))
    rects = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1).astype(np.int32)
    rects[(x[:, 0] == x[:, 1]) | (y[:, 0] == y[:, 1])] = 0
    return rects


@settings(deadline=None, max_examples=60)
@given(seed=seeds, reach=st.floats(0, 9, width=32), part=st.floats(0, 1))
def test_soften_falls_linearly_with_the_distance_to_the_mask(seed: int, reach: float, part: float):
    rng = np.random.default_rng(seed)
    mask = np.where(rng.random((rng.integers(1, 12), rng.integers(1, 12))) < 0.2, 255, 0).astype(np.uint8)
    found = regions(((5, 3), mask))
    grown = np.array([[0, 0, 24, 20]], np.int32)
    edges = np.array([[reach * part, reach]], np.float32)
    first, stop = edges[0].astype(np.float64)
    starts = layout(grown)
    cover = np.full(starts[-1], 77, np.uint8)
    soften(found.rects, found.bits, found.starts, grown, cover, starts, edges)
    y, x = np.nonzero(mask)
    if not len(y):
        assert not cover.any()
        return
    distance = np.sqrt(
        ((np.arange(24)[None, :, None] - x - 5) ** 2 + (np.arange(20)[:, None, None] - y - 3) ** 2).min(2)
    )
    wanted = np.where(distance <= first, 255, np.clip((stop - distance) / max(stop - first, 1e-9), 0, 1) * 255)
    assert np.abs(cover.reshape(20, 24) - wanted).max() <= 0.51
    assert (cover.reshape(20, 24)[distance <= first] == FULL).all()
    assert not cover.reshape(20, 24)[(distance >= stop) & (distance > first)].any()


@settings(deadline=None, max_examples=40)
@given(seed=seeds, shift=st.sampled_from(SHIFTS))
def test_shrink_takes_the_strongest_cover_of_a_samples_pixels(seed: int, shift: tuple[int, int]):
    rng = np.random.default_rng(seed)
    width, height = (int(n) for n in rng.integers(1, 30, 2))
    rects = _random_rects(rng, width, height, 3)
    starts, shrunk_starts = layout(rects), layout(rects, *shift)
    cover = rng.integers(0, 256, starts[-1]).astype(np.uint8)
    shrunk = np.full(shrunk_starts[-1], 77, np.uint8)
    shrink(rects, cover, starts, *shift, shrunk, shrunk_starts)
    x_step, y_step = 1 << shift[0], 1 << shift[1]
    for i, (x1, y1, x2, y2) in enumerate(rects.tolist()):
        whole = np.zeros((32, 32), np.uint8)
        whole[y1:y2, x1:x2] = cover[starts[i] : starts[i + 1]].reshape(y2 - y1, x2 - x1)
        blocks = whole.reshape(32 // y_step, y_step, 32 // x_step, x_step).max((1, 3))
        part = blocks[y1 // y_step : -(-y2 // y_step), x1 // x_step : -(-x2 // x_step)]
        assert (shrunk[shrunk_starts[i] : shrunk_starts[i + 1]] == part.ravel()).all()


@settings(deadline=None, max_examples=40)
@given(seed=seeds)
def test_resolve_leaves_each_soft_sample_to_its_strongest_region(seed: int):
    rng = np.random.default_rng(seed)
    rects = _random_rects(rng, 12, 12, 5)
    starts = layout(rects)
    cover = rng.choice(np.array([0, 1, 100, 100, 254, FULL], np.uint8), starts[-1])
    order = rng.permutation(np.flatnonzero(rects[:, 2] > 0))
    before, after = np.zeros((2, 5, 12, 12), np.uint8)
    for whole in (before, after):
        for i, (x1, y1, x2, y2) in enumerate(rects.tolist()):
            whole[i, y1:y2, x1:x2] = cover[starts[i] : starts[i + 1]].reshape(y2 - y1, x2 - x1)
        if whole is before:
            resolve(rects, 0, 0, order, cover, starts)
    assert (after.max(0) == before.max(0)).all()
    assert ((after == before) | (after == 0)).all()
    assert (after[before == FULL] == FULL).all()
    soft = (before.max(0) > 0) & (before.max(0) < FULL)
    assert ((after > 0).sum(0)[soft] == 1).all()
    assert not (after[(after < FULL)] > 0).any() or ((after > 0) & (after < FULL)).sum(0).max() == 1
    last = {int(i): place for place, i in enumerate(order)}
    for y, x in zip(*np.nonzero(soft), strict=True):
        equals = [i for i in last if before[i, y, x] == before[:, y, x].max()]
        assert after[max(equals, key=last.__getitem__), y, x]


@pytest.mark.parametrize(
    ("shift", "sizes"), [((0, 0), [0, 15, 30, 30]), ((1, 1), [0, 6, 12, 12]), ((2, 0), [0, 6, 12, 12])]
)
def test_layout_counts_whole_samples(shift: tuple[int, int], sizes: list[int]):
    rects = regions(box(3, 3, 8, 6), box(0, 1, 5, 4), box(0, 0, 0, 0)).rects
    assert layout(rects, *shift).tolist() == sizes
