import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from streamproc.errors import FormatError, OptionError
from streamproc.masks.scale import scale_plane, scaled_size
from tests.masks.strategies import padded, sizes


@pytest.mark.parametrize(
    ("size", "percent", "expected"),
    [
        ((1920, 1080), 50, (960, 540)),
        ((1920, 1080), 100, (1920, 1080)),
        ((1921, 1081), 50, (961, 541)),
        ((1, 1), 1, (1, 1)),
        ((320, 7), 1, (3, 1)),
    ],
)
def test_scaled_size(size, percent, expected):
    assert scaled_size(*size, percent) == expected


@pytest.mark.parametrize("percent", [0, -5, 101])
def test_percent_outside_1_to_100_is_an_option_error(percent):
    with pytest.raises(OptionError, match=rf"1\.\.100 .* not {percent}"):
        scaled_size(10, 10, percent)


@settings(deadline=None)
@given(sizes, sizes, st.integers(1, 100), st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_takes_the_pixel_under_the_centre_as_pillow_does(width, height, percent, padding):
    new_width, new_height = scaled_size(width, height, percent)
    source, target = padded(height, width, padding[0]), padded(new_height, new_width, padding[1])
    rubbish = target[:, new_width:].copy()
    scale_plane(source, target, (width, height), (new_width, new_height))
    image = Image.fromarray(np.ascontiguousarray(source[:, :width]))
    expected = np.asarray(image.resize((new_width, new_height), Image.Resampling.NEAREST))
    # Where a centre lies on the line between two pixels, Pillow's floats may take either.
    columns = [x for x in range(new_width) if (2 * x + 1) * width % (2 * new_width)]
    rows = [y for y in range(new_height) if (2 * y + 1) * height % (2 * new_height)]
    assert np.array_equal(target[np.ix_(rows, columns)], expected[np.ix_(rows, columns)])
    assert set(np.unique(target[:, :new_width])) <= set(np.unique(source[:, :width]))
    assert np.array_equal(target[:, new_width:], rubbish)


def test_on_a_line_between_two_pixels_the_right_and_lower_one_is_taken():
    source = np.arange(16, dtype=np.uint8).reshape(4, 4)
    target = np.empty((2, 2), np.uint8)
    scale_plane(source, target, (4, 4), (2, 2))
    assert target.tolist() == [[5, 7], [13, 15]]


def test_full_size_is_a_copy():
    source = padded(7, 11, 3)
    target = np.empty((7, 11), np.uint8)
    scale_plane(source, target, (11, 7), scaled_size(11, 7, 100))
    assert np.array_equal(target, source[:, :11])


@pytest.mark.parametrize(("size", "target_size"), [((12, 7), (3, 3)), ((11, 8), (3, 3)), ((11, 7), (4, 3))])
def test_planes_that_do_not_fit_are_refused(size, target_size):
    with pytest.raises(FormatError, match="cannot hold a mask"):
        scale_plane(padded(7, 11, 0), padded(3, 3, 0), size, target_size)
