from __future__ import annotations

import av
import pytest
from av.video.format import VideoFormat
from hypothesis import given
from hypothesis import strategies as st

from streamproc.errors import NoPictureError
from streamproc.media.pixels import LAYOUTS, working_layout

layouts = st.sampled_from(sorted(LAYOUTS))
sides = st.integers(1, 70)


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_the_table_agrees_with_ffmpeg(name):
    layout, theirs = LAYOUTS[name], VideoFormat(name, 64, 64)
    assert {component.bits for component in theirs.components} == {layout.bits}
    assert theirs.is_rgb == layout.rgb
    assert theirs.is_planar or len(theirs.components) == 1
    assert len(layout.shifts) == len(theirs.components)
    if len(layout.shifts) == 3:
        assert (64 >> layout.shifts[1][0], 64 >> layout.shifts[1][1]) == (
            theirs.chroma_width(64),
            theirs.chroma_height(64),
        )


@given(layouts, sides, sides)
def test_planes_are_as_large_as_ffmpegs(name, width, height):
    native = av.VideoFrame(width, height, name)
    layout = LAYOUTS[name]
    if name.startswith(("yuv411", "yuv410")):
        return  # FFmpeg's own plane sizes do not round up alike for these when asked through PyAV
    assert [layout.plane_size(i, width, height) for i in range(len(layout.shifts))] == [
        (plane.width, plane.height) for plane in native.planes
    ]


@given(layouts, sides, sides, st.tuples(*[st.integers(-20, 90)] * 4))
def test_an_aligned_box_holds_the_box_and_whole_chroma_samples(name, width, height, corners):
    x1, x2 = sorted(corners[:2])
    y1, y2 = sorted(corners[2:])
    layout = LAYOUTS[name]
    left, top, right, bottom = layout.align((x1, y1, x2, y2), width, height)
    assert left <= max(0, x1)
    assert top <= max(0, y1)
    assert right >= min(width, x2)
    assert bottom >= min(height, y2)
    for x_shift, y_shift in layout.shifts:
        assert left % (1 << x_shift) == top % (1 << y_shift) == 0
        assert right == width or right % (1 << x_shift) == 0
        assert bottom == height or bottom % (1 << y_shift) == 0


@pytest.mark.parametrize(
    ("name", "full_range", "black"),
    [
        ("gray", True, (0,)),
        ("yuv420p", False, (16, 128, 128)),
        ("yuvj420p", True, (0, 128, 128)),
        ("yuv422p10le", False, (64, 512, 512)),
        ("gbrp12le", True, (0, 0, 0)),
    ],
)
def test_black(name, full_range, black):
    assert LAYOUTS[name].black(full_range=full_range) == black


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("yuv420p", "yuv420p"), ("nv12", "yuv420p"), ("yuyv422", "yuv422p"), ("p010le", "yuv420p10le"),
        ("rgb24", "gbrp"), ("bgra", "gbrp"), ("pal8", "gbrp"), ("rgb48le", "gbrp16le"), ("x2rgb10le", "gbrp10le"),
        ("yuva420p", "yuv420p"), ("yuva444p10le", "yuv444p10le"), ("ya8", "gray"), ("monow", "gray"),
        ("yuv420p10be", "yuv420p10le"), ("gray10be", "gray10le"), ("gbrap", "gbrp"), ("bayer_rggb8", "gbrp"),
    ],
)  # fmt: skip
def test_other_formats_have_a_layout_that_holds_them(name, expected):
    assert working_layout(name).name == expected


def test_every_format_of_ffmpeg_has_a_layout_or_holds_no_picture():
    for name in av.video.frame.supported_np_pix_fmts:
        assert working_layout(name).name in LAYOUTS


def test_hardware_surfaces_hold_no_picture():
    with pytest.raises(NoPictureError, match="vaapi"):
        working_layout("vaapi")
