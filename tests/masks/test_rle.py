import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from streamproc.errors import FormatError
from streamproc.masks import rle
from tests.masks.strategies import seeds, sizes

# pycocotools 2.0 was made before numpy 2 asked for a `copy` argument of its array type.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

offsets = st.integers(-30, 70)


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    density = draw(st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]))
    noise = np.random.default_rng(draw(seeds)).random((draw(sizes), draw(sizes)))
    return np.where(noise < density, 255, 0).astype(np.uint8)


def by_coco(mask: np.ndarray) -> dict:
    encoded = coco.encode(np.asfortranarray(mask > 0).view(np.uint8))
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


def uncompressed(mask: np.ndarray) -> list[int]:
    flat = mask.T.ravel() > 0
    changes = [0, *(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), flat.size]
    return [0] * bool(flat[0]) + np.diff(changes).tolist()


@settings(deadline=None, max_examples=200)
@given(masks(), sizes, sizes, offsets, offsets)
def test_encodes_as_pycocotools_does(mask, height, width, left, top):
    frame = np.zeros((height + 120, width + 120), np.uint8)
    frame[top + 30 : top + 30 + mask.shape[0], left + 30 : left + 30 + mask.shape[1]] = mask[
        : frame.shape[0] - top - 30, : frame.shape[1] - left - 30
    ]
    frame = frame[30 : 30 + height, 30 : 30 + width]
    assert rle.encode(mask, height, width, (left, top)) == by_coco(frame)


@settings(deadline=None)
@given(masks())
def test_decodes_what_pycocotools_encodes(mask):
    encoded = by_coco(mask)
    assert np.array_equal(rle.decode(encoded), mask)
    assert np.array_equal(rle.decode(encoded | {"counts": encoded["counts"].encode()}), mask)
    assert np.array_equal(rle.decode(encoded | {"counts": uncompressed(mask)}), mask)


@settings(deadline=None)
@given(masks())
def test_decodes_to_the_smallest_part(mask):
    part, (x, y) = rle.decode_cropped(by_coco(mask))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        assert part.shape == (0, 0)
        assert (x, y) == (0, 0)
    else:
        assert (x, y) == (columns[0], rows[0])
        assert np.array_equal(part, mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def test_bool_masks_and_part_views_are_encoded_too():
    mask = np.zeros((6, 9), bool)
    mask[2:5, 3:7] = True
    assert rle.encode(mask[1:, ::2], 5, 5) == by_coco(mask[1:, ::2])


def test_runs_of_no_length_are_read():
    assert rle.decode({"size": [2, 3], "counts": [0, 0, 1, 0, 0, 2, 3]}).tolist() == [[0, 255, 0], [255, 0, 0]]


def test_runs_may_be_as_long_as_the_largest_frame():
    height, width = 1 << 13, 1 << 15
    encoded = {"size": [height, width], "counts": [height * width - 1, 1]}
    part, corner = rle.decode_cropped(encoded)
    assert part.tolist() == [[255]]
    assert corner == (width - 1, height - 1)
    assert rle.decode_cropped(rle.encode(part, height, width, corner))[1] == corner


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        ({}, r"size must be \[height, width\]"),
        ({"size": [2], "counts": [2]}, "size must be"),
        ({"size": [2.0, 2], "counts": [4]}, "size must be"),
        ({"size": [True, 1], "counts": [1]}, "size must be"),
        ({"size": [0, 4], "counts": []}, "each side must be 1 or more"),
        ({"size": [-2, -2], "counts": [4]}, "each side must be 1 or more"),
        ({"size": [1 << 20, 1 << 20], "counts": [1 << 40]}, "at most 268435456 pixels"),
        ({"size": [2, 2]}, "counts must be a string or a list of whole numbers"),
        ({"size": [2, 2], "counts": [1.5, 2.5]}, "counts must be"),
        ({"size": [2, 2], "counts": [5, -1]}, "negative run"),
        ({"size": [2, 2], "counts": [3]}, "do not add up"),
        ({"size": [2, 2], "counts": [1 << 80]}, "do not add up"),
        ({"size": [2, 2], "counts": ""}, "do not add up"),
        ({"size": [2, 2], "counts": "5"}, "do not add up"),
        ({"size": [2, 2], "counts": "3"}, "do not add up"),
        ({"size": [2, 2], "counts": "P"}, "end within a number"),
        ({"size": [2, 2], "counts": "pppppppppppppp0"}, "outside '0' to 'o', or a number too long"),
        ({"size": [2, 2], "counts": "ooooooooooooo0"}, "a number too long"),
        ({"size": [2, 2], "counts": " "}, "outside '0' to 'o'"),
        ({"size": [2, 2], "counts": "4\u0660"}, "outside '0' to 'o'"),
        ({"size": [2, 2], "counts": "O"}, "negative run"),
    ],
)
def test_malformed_rle_is_a_format_error(encoded, message):
    for read in (rle.decode, rle.decode_cropped):
        with pytest.raises(FormatError, match=message):
            read(encoded)


run_lists = st.lists(st.integers(0, 9) | st.integers(0, 70_000), min_size=1, max_size=12).filter(sum)


@settings(deadline=None, max_examples=100)
@given(run_lists)
def test_counts_are_read_as_pycocotools_reads_them(runs):
    size = [sum(runs), 1]
    compressed = coco.frPyObjects({"size": size, "counts": runs}, *size)
    expected = coco.decode(compressed) * 255
    assert np.array_equal(rle.decode(compressed), expected)
    assert np.array_equal(rle.decode({"size": size, "counts": runs}), expected)


@settings(deadline=None, max_examples=300)
@given(run_lists, st.integers(0, 99), st.text(st.characters(min_codepoint=46, max_codepoint=113), max_size=3))
def test_damaged_counts_are_refused_or_give_a_mask_of_the_size(runs, at, patch):
    size = [sum(runs), 1]
    counts = coco.frPyObjects({"size": size, "counts": runs}, *size)["counts"].decode()
    damaged = counts[: at % len(counts)] + patch + counts[at % len(counts) + 1 :]
    try:
        mask = rle.decode({"size": size, "counts": damaged})
    except FormatError:
        return
    assert np.array_equal(mask, coco.decode({"size": size, "counts": damaged.encode()}) * 255)


def test_a_frame_of_no_pixels_cannot_be_encoded():
    with pytest.raises(FormatError, match="each side"):
        rle.encode(np.ones((2, 2), np.uint8), 0, 5)


coordinates = st.floats(-20, 70) | st.integers(-20, 70).map(float) | st.integers(-40, 140).map(lambda n: n / 2)
polygons = st.lists(st.lists(coordinates, min_size=6, max_size=20).map(lambda p: p[: len(p) // 2 * 2]), max_size=3)


@settings(deadline=None, max_examples=300)
@given(polygons, sizes, sizes)
def test_polygons_cover_what_pycocotools_covers(given_polygons, height, width):
    mask = rle.polygons_to_mask(given_polygons, height, width)
    expected = np.zeros((height, width), np.uint8)
    if given_polygons:
        expected = coco.decode(coco.merge(coco.frPyObjects(given_polygons, height, width))) * 255
    assert np.array_equal(mask, expected)


@settings(deadline=None)
@given(st.lists(coordinates, min_size=3, max_size=8), sizes, sizes)
def test_a_polygon_may_repeat_its_points(numbers, height, width):
    assume(len(numbers) % 2 == 0)
    doubled = [n for x, y in zip(numbers[::2], numbers[1::2], strict=True) for n in (x, y, x, y)]
    doubled += doubled[:4]
    expected = coco.decode(coco.merge(coco.frPyObjects([doubled], height, width))) * 255
    assert np.array_equal(rle.polygons_to_mask([doubled], height, width), expected)


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        ([0, 0, 1, 1], "at least three points"),
        ([0, 0, 1, 1, 2], "at least three points"),
        ([[0, 0], [1, 1], [2, 2]], "in one list"),
        ([0, 0, 1, 1, 2, "x"], "must be numbers"),
        ([0, 0, 1, 1, 2, 10**400], "must be numbers"),
        ([0, 0, 1, 1, 2, float("nan")], r"within \+-1048576 pixels"),
        ([0, 0, 1, 1, 2, float("inf")], "within"),
        ([0, 0, 1, 1, 2, 2e6], "within"),
    ],
)
def test_malformed_polygon_is_a_format_error(polygon, message):
    with pytest.raises(FormatError, match=message):
        rle.polygons_to_mask([polygon], 5, 5)
