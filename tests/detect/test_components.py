from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from streamproc.detect.components import components


def by_flooding(probability: np.ndarray, threshold: float) -> list[tuple[int, int, int, int, float]]:
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(probability > threshold), strict=True)}
    found = []
    while left:
        edge = [left.pop()]
        region = list(edge)
        while edge:
            y, x = edge.pop()
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            edge += near
            region += near
        ys, xs = zip(*region, strict=True)
        mean = float(np.mean([probability[at] for at in region]))
        found.append((min(xs), min(ys), max(xs) + 1, max(ys) + 1, round(mean, 4)))
    return sorted(found)


@given(
    hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 0.2, 0.5, 1])
    )
)
@settings(deadline=None, max_examples=150)
def test_equals_flooding(probability: np.ndarray) -> None:
    boxes, means = components(probability, 0.3)
    found = sorted((*map(int, box), round(float(mean), 4)) for box, mean in zip(boxes, means, strict=True))
    assert found == by_flooding(probability, 0.3)


def test_nothing_above_the_threshold() -> None:
    boxes, means = components(np.full((4, 5), 0.3, np.float32), 0.3)
    assert boxes.shape == (0, 4)
    assert means.shape == (0,)
