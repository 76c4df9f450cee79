from __future__ import annotations

import numpy as np
import pytest

from streamproc.detect.plate_rules import BUS, CAR, MOTORCYCLE, Limits, lines, plates

VEHICLE = np.array([100, 100, 300, 260], np.float32)  # 200 x 160


def kept(*boxes: tuple[float, float, float, float], limits: Limits = CAR, cut_off: bool = False) -> list[int]:
    scores = np.full(len(boxes), 0.9, np.float32)
    return plates(np.array(boxes, np.float32), scores, VEHICLE, limits, cut_off=cut_off).tolist()


def centred(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def test_a_plate_on_a_car_is_one() -> None:
    assert kept(centred(200, 220, 46, 15)) == [0]


@pytest.mark.parametrize(
    "box",
    [
        centred(200, 120, 46, 15),  # on the windscreen
        centred(200, 220, 120, 18),  # a slogan
        centred(200, 220, 60, 40),  # large letters
        centred(200, 220, 15, 20),  # one upright sign
        centred(200, 220, 6, 3),  # too small to be read
    ],
)
def test_lettering_on_a_car_is_not(box: tuple[float, float, float, float]) -> None:
    assert kept(box) == []


def test_text_far_from_both_ends_of_a_long_vehicle_is_not() -> None:
    long = np.array([0, 100, 600, 260], np.float32)
    boxes = np.array([centred(300, 220, 60, 15), centred(60, 220, 60, 15), centred(540, 220, 60, 15)], np.float32)
    found = plates(boxes, np.ones(3, np.float32), long, CAR, cut_off=False)
    assert sorted(found.tolist()) == [1, 2]


def test_a_bus_has_smaller_and_lower_plates() -> None:
    middle, plate = centred(200, 170, 30, 9), centred(200, 240, 30, 9)
    assert kept(middle, plate, limits=BUS) == [1]
    assert kept(middle, plate) == [1, 0]
    assert kept(centred(200, 240, 46, 15), limits=BUS) == []


def test_a_motorcycle_shows_a_large_plate() -> None:
    large = centred(200, 180, 80, 50)
    assert kept(large, limits=MOTORCYCLE) == [0]
    assert kept(large) == []


def test_a_vehicle_that_the_frame_cuts_off_may_have_a_larger_one() -> None:
    large = centred(200, 220, 60, 36)
    assert kept(large) == []
    assert kept(large, cut_off=True) == [0]


def test_only_the_best_candidates_are_kept_lower_ones_first() -> None:
    assert kept(*(centred(200, 170 + 20 * n, 40, 12) for n in range(4))) == [3, 2]


def test_no_text_no_plate() -> None:
    assert plates(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), VEHICLE, CAR, cut_off=False).tolist() == []


def test_words_side_by_side_become_a_line() -> None:
    boxes = np.array([[60, 11, 90, 21], [10, 10, 30, 20], [34, 10, 56, 20], [10, 40, 30, 50]], np.float32)
    joined, scores = lines(boxes, np.array([0.5, 0.6, 0.9, 0.7], np.float32))
    assert joined.tolist() == [[10, 10, 90, 21], [10, 40, 30, 50]]
    assert scores.tolist() == pytest.approx([0.9, 0.7])


def test_words_apart_or_of_another_size_stay_apart() -> None:
    boxes = np.array([[10, 10, 30, 20], [40, 10, 60, 20], [62, 0, 90, 40]], np.float32)
    joined, _ = lines(boxes, np.ones(3, np.float32))
    assert len(joined) == 3
