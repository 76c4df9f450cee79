from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.media.frame import Frame, to_layout
from streamproc.media.pixels import LAYOUTS, working_layout

layouts = st.sampled_from(sorted(LAYOUTS))
sides = st.integers(1, 40)


def noise(name, width, height, seed=0):
    layout = LAYOUTS[name]
    rng = np.random.default_rng(seed)
    dtype = np.uint8 if layout.bits == 8 else np.uint16
    sizes = (layout.plane_size(i, width, height) for i in range(len(layout.shifts)))
    return [rng.integers(0, 1 << layout.bits, (h, w)).astype(dtype) for w, h in sizes]


@settings(deadline=None, max_examples=60)
@given(layouts, sides, sides)
def test_planes_hold_what_was_put_in(name, width, height):
    planes = noise(name, width, height)
    frame = Frame.from_planes(planes, name)
    assert (frame.width, frame.height, frame.layout) == (width, height, LAYOUTS[name])
    for got, padded, wanted in zip(frame.planes, frame.padded_planes, planes, strict=True):
        np.testing.assert_array_equal(got, wanted)
        assert got.dtype == wanted.dtype
        assert padded.flags.c_contiguous
        assert padded.shape[0] == wanted.shape[0]
        assert padded.shape[1] >= wanted.shape[1]
        assert np.shares_memory(got, padded)


@settings(deadline=None, max_examples=30)
@given(layouts, sides, sides)
def test_a_copy_has_the_samples_and_its_own_memory(name, width, height):
    frame = Frame.from_planes(noise(name, width, height), name, ordinal=3, pts=77, time_base=Fraction(1, 90))
    copy = frame.copy()
    assert (copy.ordinal, copy.pts, copy.time) == (3, 77, Fraction(77, 90))
    for got, wanted in zip(copy.planes, frame.planes, strict=True):
        np.testing.assert_array_equal(got, wanted)
        assert not np.shares_memory(got, wanted)


def test_planes_are_views_and_writing_reaches_the_picture():
    frame = Frame.from_planes([np.zeros((4, 6), np.uint8)], "gray")
    frame.planes[0][1, 2] = 9
    assert frame.native.to_ndarray()[1, 2] == 9


def test_make_writable_leaves_a_second_reference_alone():
    first = Frame.from_planes(noise("yuv420p", 16, 16), "yuv420p")
    before = [plane.copy() for plane in first.planes]
    first.make_writable()
    for plane in first.planes:
        plane[:] = 0
    assert any(plane.any() for plane in before)
    assert not any(plane.any() for plane in first.planes)


@pytest.mark.parametrize(
    ("name", "tag", "expected"),
    [("yuv420p", 0, False), ("yuv420p", 1, False), ("yuv420p", 2, True), ("yuvj420p", 0, True), ("gbrp", 0, True)],
)
def test_full_range_follows_tag_and_format(name, tag, expected):
    frame = Frame.from_planes(noise(name, 4, 4), name)
    frame.native.color_range = tag
    assert frame.full_range is expected


@pytest.mark.parametrize(
    "name", ["nv12", "yuyv422", "p010le", "rgb24", "bgra", "pal8", "yuv420p10be", "ya8", "yuva420p"]
)
def test_other_formats_lose_nothing_when_they_become_a_layout(name):
    source = av.VideoFrame(16, 12, "gray" if name == "ya8" else "gbrp" if name in ("rgb24", "bgra") else "yuv420p")
    for plane in source.planes:
        view = np.frombuffer(memoryview(plane), np.uint8)
        view[:] = np.arange(view.size) % 200 + 20
    if name == "pal8":
        packed = av.VideoFrame(16, 12, "pal8")
        indexes, palette = (np.frombuffer(memoryview(plane), np.uint8) for plane in packed.planes)
        indexes[:] = np.arange(indexes.size) % 256
        palette[:] = np.arange(palette.size) % 251
    else:
        packed = source.reformat(format=name)
    frame = Frame.from_native(packed, 1, 2, Fraction(1, 5))
    assert frame.layout == working_layout(name)
    if name in ("rgb24", "bgra", "pal8"):
        wanted = packed.to_ndarray(format="rgb24")
        got = np.stack([frame.planes[i] for i in (2, 0, 1)], axis=-1)
        np.testing.assert_array_equal(got, wanted)
    elif name not in ("yuyv422",):  # 4:2:0 made 4:2:2 has other chroma
        back = to_layout(packed, frame.layout)
        for plane, wanted in zip(frame.planes, Frame(back, 0, 0, Fraction(1)).planes, strict=True):
            np.testing.assert_array_equal(plane, wanted)


@pytest.mark.parametrize(
    ("matrix", "height", "weights"),
    [(1, 64, (0.2126, 0.0722)), (2, 64, (0.299, 0.114)), (2, 720, (0.2126, 0.0722)), (9, 64, (0.2627, 0.0593))],
)
def test_rgb_planes_follow_the_matrix_and_the_height_where_there_is_no_tag(matrix, height, weights):
    red_weight, blue_weight = weights
    red, green, blue = 200.0, 90.0, 30.0
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    chroma = ((blue - luma) / (2 * (1 - blue_weight)), (red - luma) / (2 * (1 - red_weight)))
    values = [16 + luma * 219 / 255, *(128 + c * 224 / 255 for c in chroma)]
    planes = [np.full(size, round(value), np.uint8) for size, value in
              zip([(height, 64), (height // 2, 32), (height // 2, 32)], values, strict=True)]  # fmt: skip
    frame = Frame.from_planes(planes, "yuv420p")
    frame.native.colorspace = matrix
    got = frame.rgb_planes(32, 32).reshape(3, -1).mean(axis=1)
    assert np.abs(got - (red, green, blue)).max() < 3


def test_rgb_planes_of_a_part_are_that_part_grown_to_whole_chroma():
    planes = [np.zeros((20, 20), np.uint8)] + [np.full((10, 10), 128, np.uint8)] * 2
    planes[0][6:10, 8:14] = 255
    frame = Frame.from_planes(planes, "yuv420p", full_range=True)
    whole = frame.rgb_planes(20, 20)
    part = frame.rgb_planes(6, 4, (9, 7, 13, 10))
    assert part.shape == (3, 4, 6)
    np.testing.assert_allclose(part, whole[:, 6:10, 8:14], atol=1)
    assert part.min() == 255
