from __future__ import annotations

import numpy as np

from streamproc.detect.objects import VEHICLES, ObjectFinder, decode
from tests.detect.pictures import covered, real


def test_decode_equals_reading_each_cell() -> None:
    rng = np.random.default_rng(5)
    corners = rng.uniform(0, 400, (60, 2))
    boxes = np.concatenate((corners, corners + rng.uniform(20, 80, (60, 2))), axis=1).astype(np.float32)
    scores = rng.uniform(0, 1, (80, 60)).astype(np.float32) ** 4
    classes = tuple(VEHICLES)
    candidates = []
    for cell in range(60):
        best = max(classes, key=lambda kind: scores[kind, cell])
        if scores[best, cell] >= 0.4:
            candidates.append((float(scores[best, cell]), cell, best))
    kept: list[tuple[float, int, int]] = []
    for score, cell, kind in sorted(candidates, reverse=True):
        if all(overlap(boxes[cell], boxes[other]) <= 0.5 for _, other, _ in kept):
            kept.append((score, cell, kind))
    found = decode(boxes, scores, classes, 0.4)
    assert len(kept) > 5
    assert found.classes.tolist() == [kind for _, _, kind in kept]
    np.testing.assert_allclose(found.scores, [score for score, _, _ in kept])
    np.testing.assert_allclose(found.boxes, [boxes[cell] for _, cell, _ in kept])


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def test_finds_the_persons_and_vehicles_of_a_street() -> None:
    persons, vehicles = ObjectFinder().find(real("street.jpg"), 0.45, 0.45)
    # Placed by eye: seven walkers, a van and half a car at the right edge.
    for box in [(616, 266, 650, 368), (704, 253, 742, 353), (487, 143, 516, 222), (222, 188, 248, 265),
                (84, 154, 110, 214), (678, 100, 699, 152), (703, 109, 720, 153)]:  # fmt: skip
        assert any(overlap(np.array(box), found) > 0.5 for found in persons.boxes), box
    for box in [(653, 44, 719, 99), (732, 51, 768, 94)]:
        assert any(covered(box, tuple(found.tolist())) > 0.8 for found in vehicles.boxes), box
    assert len(persons.boxes) <= 9
    assert len(vehicles.boxes) <= 3


def test_above_keeps_rows_together() -> None:
    _, vehicles = ObjectFinder().find(real("pickup.jpg"), 0.4, 0.3)
    kept = vehicles.above(0.55)
    assert 0 < len(kept.boxes) < len(vehicles.boxes)
    assert len(kept.boxes) == len(kept.scores) == len(kept.classes)
    assert (kept.scores >= 0.55).all()
