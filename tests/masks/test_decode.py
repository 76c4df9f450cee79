import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streamproc.detect.detection import Detection
from streamproc.errors import FormatError
from streamproc.masks.codes import blues
from streamproc.masks.compose import compose
from streamproc.masks.decode import Decoded, decode_instances, decode_planes
from streamproc.masks.objects import MaskCoding, ObjectType
from streamproc.masks.regions import regions_of
from tests.masks.strategies import seeds

PERSON, FACE, PLATE, VEHICLE = ObjectType.PERSON, ObjectType.FACE, ObjectType.LICENSE_PLATE, ObjectType.VEHICLE
WIDTH, HEIGHT = 48, 40


def drawn(found: list[Detection], greens: list[int], coding: MaskCoding = MaskCoding.OR) -> np.ndarray:
    """The instance mask of detections, RGB."""
    planes = np.empty((2, HEIGHT, WIDTH), np.uint8)
    compose(
        regions_of(found, WIDTH, HEIGHT),
        np.array(greens, np.uint8),
        blues([f.object_type for f in found], coding),
        None,
        *planes,
        width=WIDTH,
        height=HEIGHT,
        coding=coding,
        scores=[f.score for f in found],
    )
    return np.dstack([np.zeros((HEIGHT, WIDTH), np.uint8), *planes])


def box(object_type: ObjectType, *corners: int, score: float = 1.0) -> Detection:
    return Detection(object_type, corners, score)


def told(decoded: Decoded) -> list[tuple[ObjectType, int, bool, tuple[int, int, int, int]]]:
    return [(i.object_type, i.green, i.pure, i.box) for i in decoded.instances]


def on_frame(instance) -> np.ndarray:
    frame = np.zeros((HEIGHT, WIDTH), bool)
    x1, y1, x2, y2 = instance.box
    frame[y1:y2, x1:x2] = instance.mask > 0
    return frame


@st.composite
def apart(draw: st.DrawFn) -> tuple[list[Detection], list[int]]:
    """Objects of any shape in their own cells of a grid, with gaps, and codes that are distinct within a type."""
    found, greens, taken = [], [], set()
    for place in range(12):
        object_type, green = draw(st.sampled_from(ObjectType)), draw(st.integers(1, 255))
        if (object_type, green) in taken or draw(st.booleans()):
            continue
        taken.add((object_type, green))
        x, y = place % 4 * 12, place // 4 * 13
        mask = np.random.default_rng(draw(seeds)).integers(0, 2, (draw(st.integers(1, 12)), 11), np.uint8) * 255
        mask[0, 3] = 255
        found.append(Detection(object_type, (x, y, x + 11, y + len(mask)), 1.0, mask, (x, y)))
        greens.append(green)
    return found, greens


@settings(deadline=None)
@given(apart(), st.sampled_from(MaskCoding), st.booleans())
def test_objects_that_do_not_touch_come_back_exactly(objects, coding, say):
    found, greens = objects
    rgb = drawn(found, greens, coding)
    if not say:
        # Faces of the older coding can look like persons with plates.
        assume(coding is MaskCoding.OR or any(f.object_type is VEHICLE for f in found))
    decoded = decode_instances(rgb, coding if say else None)
    assert decoded.coding is coding
    expected = {(f.object_type, g): regions_of([f], WIDTH, HEIGHT) for f, g in zip(found, greens, strict=True)}
    assert len(decoded.instances) == len(expected)
    for instance in decoded.instances:
        assert instance.pure
        regions = expected[instance.object_type, instance.green]
        x1, y1, x2, y2 = regions.rects[0]
        frame = np.zeros((HEIGHT, WIDTH), bool)
        frame[y1:y2, x1:x2] = regions.mask(0) > 0
        assert np.array_equal(on_frame(instance), frame)
        rows, columns = np.flatnonzero(frame.any(axis=1)), np.flatnonzero(frame.any(axis=0))
        assert instance.box == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


@st.composite
def crossing(draw: st.DrawFn) -> tuple[list[Detection], list[int]]:
    """Horizontal and vertical bars that cross, each with a bit of green of its own: all show an end of themselves."""
    found = []
    for index in range(draw(st.integers(1, 4))):
        y = 1 + 10 * index
        found.append(box(draw(st.sampled_from(ObjectType)), 0, y, WIDTH, y + draw(st.integers(1, 8))))
    for index in range(draw(st.integers(0, 4))):
        x = 2 + 11 * index
        found.append(box(draw(st.sampled_from(ObjectType)), x, 0, x + draw(st.integers(1, 9)), HEIGHT))
    return found, draw(st.permutations([1 << bit for bit in range(8)]))[: len(found)]


@settings(deadline=None)
@given(crossing())
def test_overlapping_objects_come_back_where_each_shows_a_part_of_itself(objects):
    found, greens = objects
    decoded = decode_instances(drawn(found, greens), MaskCoding.OR)
    expected = {(f.object_type, g): f.box for f, g in zip(found, greens, strict=True)}
    assert {(i.object_type, i.green): i.box for i in decoded.instances} == expected
    assert all(i.pure and np.all(i.mask == 255) for i in decoded.instances)


def test_three_objects_on_one_spot():
    found = [box(PERSON, 0, 10, 30, 20), box(VEHICLE, 10, 0, 20, 40), box(PERSON, 5, 5, 25, 25)]
    decoded = decode_instances(drawn(found, [1, 2, 4]))
    assert told(decoded) == [
        (PERSON, 1, True, (0, 10, 30, 20)),
        (PERSON, 4, True, (5, 5, 25, 25)),
        (VEHICLE, 2, True, (10, 0, 20, 40)),
    ]
    assert all(np.all(i.mask == 255) for i in decoded.instances)


def test_a_face_inside_its_person_is_found_and_not_pure():
    decoded = decode_instances(drawn([box(PERSON, 2, 2, 30, 38), box(FACE, 10, 4, 20, 12)], [0b1010, 0b0110]))
    assert told(decoded) == [
        (PERSON, 0b1010, True, (2, 2, 30, 38)),
        (FACE, 0b1110, False, (10, 4, 20, 12)),
    ]
    assert np.all(decoded.instances[0].mask == 255)


def test_an_object_inside_another_of_its_type_is_taken_for_one_beside_it():
    decoded = decode_instances(drawn([box(PERSON, 2, 2, 30, 38), box(PERSON, 10, 4, 20, 12)], [1, 2]))
    assert told(decoded) == [(PERSON, 1, True, (2, 2, 30, 38)), (PERSON, 3, True, (10, 4, 20, 12))]
    assert (decoded.instances[0].mask == 0).sum() == 10 * 8


def test_legacy_shows_what_is_on_top():
    found = [box(VEHICLE, 0, 0, 20, 20, score=0.5), box(FACE, 10, 10, 30, 30, score=0.4), box(FACE, 5, 5, 8, 8)]
    decoded = decode_instances(drawn(found, [7, 8, 9], MaskCoding.LEGACY))
    assert (decoded.coding, decoded.certain) == (MaskCoding.LEGACY, True)
    assert "255" in decoded.why
    assert told(decoded) == [
        (FACE, 8, True, (10, 10, 30, 30)),
        (FACE, 9, True, (5, 5, 8, 8)),
        (VEHICLE, 7, True, (0, 0, 20, 20)),
    ]
    assert (decoded.instances[0].mask == 0).sum() == 100


@pytest.mark.parametrize(
    ("found", "greens", "coding", "certain", "why"),
    [
        ([], [], MaskCoding.OR, False, "alike in both"),
        ([box(FACE, 0, 0, 9, 9)], [1], MaskCoding.OR, True, "blue 32 is possible in coding or alone"),
        ([box(VEHICLE, 0, 0, 9, 9)], [1], MaskCoding.LEGACY, True, "255 is a vehicle in legacy"),
        ([box(PERSON, 0, 0, 9, 9)], [1], MaskCoding.OR, False, "alike in both"),
        ([box(FACE, 0, 0, 9, 9)], [1], MaskCoding.LEGACY, False, "green 1 it touches no person or plate"),
        # A face on a person whose green is no part of its own.
        (
            [box(PERSON, 0, 0, 30, 30, score=0.5), box(FACE, 9, 9, 20, 20)],
            [2, 5],
            MaskCoding.LEGACY,
            False,
            "green 5 it touches no person or plate",
        ),
        # A person who carries a plate: the overlap goes on into one or both of them.
        ([box(PERSON, 0, 0, 30, 30), box(PLATE, 9, 9, 20, 20)], [2, 5], MaskCoding.OR, False, "touches persons or"),
        ([box(PERSON, 0, 0, 30, 30), box(PLATE, 20, 9, 40, 20)], [2, 5], MaskCoding.OR, False, "touches persons or"),
        # Something else in the frame decides.
        (
            [box(PERSON, 0, 0, 30, 30), box(PLATE, 20, 9, 40, 20), box(VEHICLE, 42, 30, 48, 40)],
            [2, 5, 1],
            MaskCoding.OR,
            True,
            "blue 16",
        ),
        ([box(FACE, 0, 0, 9, 9), box(VEHICLE, 20, 9, 40, 20)], [2, 5], MaskCoding.LEGACY, True, "255"),
    ],
)
def test_codings_are_told_apart_where_they_can_be(found, greens, coding, certain, why):
    decoded = decode_instances(drawn(found, greens, coding))
    assert decoded.coding is coding
    assert decoded.certain is certain
    assert why in decoded.why
    assert certain is ("ambiguous" not in decoded.why)


def test_a_given_coding_settles_what_is_ambiguous_and_not_what_is_certain():
    face = drawn([box(FACE, 0, 0, 9, 9)], [5], MaskCoding.LEGACY)
    decoded = decode_instances(face, MaskCoding.OR)
    assert (decoded.coding, decoded.certain) == (MaskCoding.OR, False)
    assert decoded.why.startswith("given")
    assert told(decoded) == [(PERSON, 5, False, (0, 0, 9, 9)), (PLATE, 5, False, (0, 0, 9, 9))]
    vehicle = drawn([box(VEHICLE, 0, 0, 9, 9)], [5], MaskCoding.LEGACY)
    with pytest.raises(FormatError, match="not in coding or: blue 255"):
        decode_instances(vehicle, MaskCoding.OR)


def test_planes_may_be_views_of_padded_ones():
    rgb = drawn([box(PERSON, 0, 0, 30, 30)], [9])
    wide = np.pad(rgb, ((0, 0), (0, 16), (0, 0)), constant_values=77)
    assert told(decode_planes(wide[:, :WIDTH, 1], wide[:, :WIDTH, 2])) == [(PERSON, 9, True, (0, 0, 30, 30))]


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ([(1, 9, 128)], "red is 1 at x 5, y 6"),
        ([(0, 9, 7)], "green 9 with blue 7 near x 5, y 6"),
        ([(0, 0, 128)], "green 0 with blue 128"),
        ([(0, 4, 0)], "green 4 with blue 0"),
        ([(0, 4, 255), (0, 4, 16)], "blue 16 is of coding or, 255 of legacy"),
    ],
)
def test_other_pictures_are_refused(pixels, message):
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for row, pixel in enumerate(pixels):
        rgb[6 + row, 5] = pixel
    with pytest.raises(FormatError, match=message):
        decode_instances(rgb)


@pytest.mark.parametrize("rgb", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), int)])
def test_arrays_of_another_kind_are_refused(rgb):
    with pytest.raises(FormatError, match=r"uint8 \(height, width, 3\)"):
        decode_instances(rgb)


def test_planes_of_two_sizes_are_refused():
    with pytest.raises(FormatError, match="of one size"):
        decode_planes(np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8))
