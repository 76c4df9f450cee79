import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.masks.codes import blues, colour, instance_greens
from streamproc.masks.objects import MaskCoding, ObjectType

tracks = st.none() | st.integers(-(10**12), 10**12) | st.integers(0, 600)
objects = st.lists(st.tuples(st.sampled_from(ObjectType), tracks), max_size=40)


def greens_of(found):
    return instance_greens([t for t, _ in found], [i for _, i in found])


@given(objects)
def test_codes_are_distinct_within_a_type(found):
    greens, repeated = greens_of(found)
    assert greens.dtype == np.uint8
    assert repeated == 0
    assert 0 not in greens
    pairs = [(t, g) for (t, _), g in zip(found, greens.tolist(), strict=True)]
    assert len(set(pairs)) == len(found)


@given(objects.filter(lambda found: len({f for f in found if f[1] is not None}) == len(found)), st.randoms())
def test_order_of_tracked_objects_does_not_matter(found, random):
    codes = dict(zip(found, greens_of(found)[0].tolist(), strict=True))
    shuffled = random.sample(found, len(found))
    assert dict(zip(shuffled, greens_of(shuffled)[0].tolist(), strict=True)) == codes


@given(objects, st.integers(0, 10**6))
def test_a_track_keeps_its_code_whoever_else_is_there(found, track):
    alone = greens_of([(ObjectType.FACE, track)])[0][0]
    others = [f for f in found if f[1] is None or (f[1] - track) % 255]
    assert greens_of([*others, (ObjectType.FACE, track)])[0][-1] == alone


def test_lower_track_id_wins_a_clash():
    types = [ObjectType.FACE] * 3
    greens, _ = instance_greens(types, [7 + 255, 7, 8])
    assert greens[1] == instance_greens(types[:1], [7])[0][0]
    assert greens[2] == instance_greens(types[:1], [8])[0][0]


def test_types_do_not_disturb_each_other():
    greens, _ = instance_greens([ObjectType.FACE, ObjectType.PERSON], [None, None])
    assert greens[0] == greens[1]


@pytest.mark.parametrize("tracked", [True, False])
def test_the_first_objects_differ_clearly(tracked):
    for count in (2, 4, 8, 12):
        greens, _ = instance_greens([ObjectType.FACE] * count, list(range(count)) if tracked else [None] * count)
        assert np.diff(np.sort(greens.astype(int))).min() >= 255 // (3 * count)


@pytest.mark.parametrize("tracked", [True, False])
def test_more_than_255_of_a_type_repeat_codes_and_are_counted(tracked):
    types = [ObjectType.PERSON] * 300 + [ObjectType.FACE] * 255
    ids = list(range(1000, 1555)) if tracked else [None] * 555
    greens, repeated = instance_greens(types, ids)
    assert repeated == 45
    assert set(greens[:300].tolist()) == set(greens[300:].tolist()) == set(range(1, 256))


def test_nothing_found():
    greens, repeated = instance_greens([], [])
    assert greens.shape == (0,)
    assert repeated == 0


def test_blues_and_colours():
    types = [ObjectType.PERSON, ObjectType.LICENSE_PLATE, ObjectType.FACE, ObjectType.VEHICLE]
    assert blues(types, MaskCoding.OR).tolist() == [128, 64, 32, 16]
    assert blues(types, MaskCoding.LEGACY).tolist() == [128, 64, 192, 255]
    assert blues([], MaskCoding.OR).dtype == np.uint8
    assert colour(85, ObjectType.FACE, MaskCoding.OR) == (0, 85, 32)
    assert colour(np.uint8(85), ObjectType.FACE, MaskCoding.LEGACY) == (0, 85, 192)
