from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.detect.detection import Detection
from streamproc.errors import FormatError
from streamproc.masks.codes import blues, instance_greens
from streamproc.masks.compose import compose
from streamproc.masks.objects import MaskCoding, ObjectType
from streamproc.masks.regions import regions_of
from tests.masks.strategies import detections, full_frame, padded

WIDTH, HEIGHT = 75, 23


def reference(found, greens, coding):
    """Whole frames and numpy: what the masks must be."""
    binary, green, blue = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    values = blues([f.object_type for f in found], coding)
    order = range(len(found))
    if coding is MaskCoding.LEGACY:
        order = sorted(order, key=lambda i: (found[i].score, -i))
    for i in order:
        on = full_frame(found[i], WIDTH, HEIGHT)
        binary[on] = 255
        if coding is MaskCoding.OR:
            green[on] |= greens[i]
            blue[on] |= values[i]
        else:
            green[on] = greens[i]
            blue[on] = values[i]
    return binary, green, blue


def composed(found, greens, coding, planes, /, **changes):
    arguments = {
        "regions": regions_of(found, WIDTH, HEIGHT),
        "greens": greens,
        "blues": blues([f.object_type for f in found], coding),
        "width": WIDTH,
        "height": HEIGHT,
        "coding": coding,
        "scores": [f.score for f in found],
    }
    compose(**(arguments | dict(zip(("binary", "green", "blue"), planes, strict=True)) | changes))


@settings(deadline=None, max_examples=150)
@given(
    detections(width=WIDTH, height=HEIGHT),
    st.sampled_from(MaskCoding),
    st.sampled_from([(True, True), (True, False), (False, True)]),
    st.tuples(*[st.integers(0, 70)] * 3),
)
def test_equals_the_full_frame_reference(found, coding, kinds, padding):
    greens, _ = instance_greens([f.object_type for f in found], [None] * len(found))
    wanted = (kinds[0], kinds[1], kinds[1])
    planes = [padded(HEIGHT, WIDTH, p) if want else None for p, want in zip(padding, wanted, strict=True)]
    composed(found, greens, coding, planes)
    for plane, expected in zip(planes, reference(found, greens, coding), strict=True):
        if plane is not None:
            assert np.array_equal(plane[:, :WIDTH], expected)


@pytest.mark.parametrize("coding", MaskCoding)
@pytest.mark.parametrize("width", [1, 31, 32, 33, 63, 64, 65, 75])
def test_every_width_about_the_block_size(coding, width):
    noise = np.random.default_rng(width).integers(0, 2, (2, HEIGHT, width), np.uint8) * 255
    found = [
        Detection(ObjectType.PERSON, (0, 0, width, HEIGHT), 0.9, noise[0], (0, 0)),
        Detection(ObjectType.VEHICLE, (WIDTH - width, 0, WIDTH, HEIGHT), 0.8, noise[1], (WIDTH - width, 0)),
    ]
    greens = np.array([37, 200], np.uint8)
    planes = [padded(HEIGHT, WIDTH, 5) for _ in range(3)]
    composed(found, greens, coding, planes)
    for plane, expected in zip(planes, reference(found, greens, coding), strict=True):
        assert np.array_equal(plane[:, :WIDTH], expected)


def test_overlap_of_plate_and_vehicle_is_80_and_of_two_persons_128():
    box = (2, 2, 40, 9)
    plate, vehicle, person = (
        Detection(kind, box, 1.0) for kind in (ObjectType.LICENSE_PLATE, ObjectType.VEHICLE, ObjectType.PERSON)
    )
    for found, value in (([plate, vehicle], 80), ([person, replace(person)], 128)):
        planes = [padded(HEIGHT, WIDTH, 0) for _ in range(3)]
        composed(found, np.array([5, 9], np.uint8), MaskCoding.OR, planes)
        assert planes[1][5, 20] == 5 | 9
        assert planes[2][5, 20] == value


def test_no_instances_clear_the_planes():
    planes = [padded(HEIGHT, WIDTH, 9) for _ in range(3)]
    composed([], np.empty(0, np.uint8), MaskCoding.OR, planes)
    assert not np.any(planes)


def test_three_hundred_instances():
    found = [Detection(ObjectType.FACE, (i % 70, i % 20, i % 70 + 9, i % 20 + 3), i / 300) for i in range(300)]
    greens, repeated = instance_greens([f.object_type for f in found], list(range(300)))
    assert repeated == 45
    for coding in MaskCoding:
        planes = [padded(HEIGHT, WIDTH, 1) for _ in range(3)]
        composed(found, greens, coding, planes)
        for plane, expected in zip(planes, reference(found, greens, coding), strict=True):
            assert np.array_equal(plane[:, :WIDTH], expected)


def plane(*shape):
    return np.ones(shape, np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"green": None}, "both its green and its blue plane"),
        ({"binary": plane(HEIGHT, WIDTH - 1)}, "at least 75 samples"),
        ({"binary": plane(HEIGHT - 1, WIDTH)}, "with 23 rows"),
        ({"binary": plane(HEIGHT, 2 * WIDTH)[:, ::2]}, "C-contiguous"),
        ({"binary": plane(HEIGHT)}, "shape"),
        ({"binary": plane(HEIGHT, WIDTH).astype(np.uint16)}, "it is uint16"),
        ({"greens": np.ones(2, np.uint8)}, "1 regions, but 2 green"),
        ({"blues": np.ones(0, np.uint8)}, "1 green and 0 blue"),
        ({"coding": MaskCoding.LEGACY, "scores": None}, "one score for each of 1 regions"),
        ({"coding": MaskCoding.LEGACY, "scores": [0.1, 0.2]}, "one score"),
        ({"regions": regions_of([Detection(ObjectType.FACE, (60, 3, 90, 9), 1.0)], 100, 20)}, "frame of 75x23"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(changes, message):
    planes = [plane(HEIGHT, WIDTH) for _ in range(3)]
    found = [Detection(ObjectType.FACE, (60, 3, 90, 9), 1.0)]
    with pytest.raises(FormatError, match=message):
        composed(found, np.array([1], np.uint8), MaskCoding.OR, planes, **changes)
    assert np.all(np.array(planes) == 1)


def test_damaged_regions_are_refused():
    found = [Detection(ObjectType.FACE, (6, 3, 16, 9), 1.0)]
    whole = regions_of(found, WIDTH, HEIGHT)
    for damaged in (
        replace(whole, bits=whole.bits[:-1]),
        replace(whole, starts=whole.starts[:-1]),
        replace(whole, rects=whole.rects - np.array([7, 0, 7, 0], np.int32)),
        replace(whole, rects=whole.rects + np.array([0, 0, 1, 0], np.int32)),
    ):
        with pytest.raises(FormatError, match="were not made for"):
            composed(found, np.array([1], np.uint8), MaskCoding.OR, [plane(HEIGHT, WIDTH), None, None], regions=damaged)
