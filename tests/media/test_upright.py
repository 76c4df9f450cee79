from __future__ import annotations

import itertools

import numpy as np
import pytest

from streamproc.media.frame import Frame
from streamproc.media.pixels import LAYOUTS
from streamproc.media.upright import Turn, make_upright, turn_of, turned_layout
from tests.media.clips import ffmpeg

TURNS = [Turn(*flags) for flags in itertools.product((False, True), repeat=3)]


def planes_of(layout, width, height):
    rng = np.random.default_rng(7)
    dtype = np.uint8 if layout.bits == 8 else np.uint16
    sizes = (layout.plane_size(i, width, height) for i in range(len(layout.shifts)))
    return [rng.integers(0, 1 << layout.bits, (h, w)).astype(dtype) for w, h in sizes]


@pytest.mark.parametrize("turn", TURNS, ids=str)
@pytest.mark.parametrize("name", ["gray", "yuv420p", "yuv422p", "yuv444p10le", "gbrp", "yuvj422p"])
def test_samples_move_and_keep_their_values(name, turn):
    planes = planes_of(LAYOUTS[name], 11, 6)
    source = Frame.from_planes(planes, name)
    upright = Frame(make_upright(source.native, turn), 0, 0, source.time_base)
    assert (upright.width, upright.height) == ((6, 11) if turn.transpose else (11, 6))
    assert upright.layout == turned_layout(source.layout, turn)
    for plane, result in zip(planes, upright.planes, strict=True):
        expected = plane.T if turn.transpose else plane
        expected = np.fliplr(expected) if turn.mirror_x else expected
        expected = np.flipud(expected) if turn.mirror_y else expected
        np.testing.assert_array_equal(result, expected)


def test_subsampling_that_cannot_lie_on_its_side_becomes_full():
    source = Frame.from_planes(planes_of(LAYOUTS["yuv411p"], 16, 8), "yuv411p")
    upright = Frame(make_upright(source.native, Turn(transpose=True)), 0, 0, source.time_base)
    assert upright.layout.name == "yuv444p"
    np.testing.assert_array_equal(upright.planes[0], source.planes[0].T)


def test_a_picture_without_a_matrix_stands_upright():
    assert not turn_of(Frame.from_planes([np.zeros((4, 4), np.uint8)], "gray").native)


def test_every_layout_has_a_turned_one():
    for layout in LAYOUTS.values():
        turned = turned_layout(layout, Turn(transpose=True))
        assert turned.bits == layout.bits
        assert turned.rgb == layout.rgb


# The eight orientations as display matrices of MP4 (a, b, c, d) and what FFmpeg's own filters do for them.
MATRICES = {
    (1, 0, 0, 1): "null",
    (-1, 0, 0, 1): "hflip",
    (1, 0, 0, -1): "vflip",
    (-1, 0, 0, -1): "hflip,vflip",
    (0, 1, -1, 0): "transpose=clock",
    (0, -1, 1, 0): "transpose=cclock",
    (0, 1, 1, 0): "transpose=cclock_flip",
    (0, -1, -1, 0): "transpose=clock_flip",
}


def with_matrix(path, matrix):
    """Write a display matrix into the track header of an MP4 in place."""
    data = bytearray(path.read_bytes())
    at = (
        data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    )  # version and flags; times, ids, duration; reserved; layer .. reserved
    a, b, c, d = (value << 16 for value in matrix)
    for offset, value in zip((0, 4, 12, 16), (a, b, c, d), strict=True):
        data[at + offset : at + offset + 4] = (value & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(data)


@pytest.mark.parametrize(("matrix", "filters"), MATRICES.items())
def test_the_display_matrix_of_a_file_is_followed_mirrors_included(tmp_path, matrix, filters):
    from streamproc.media.video_file import VideoFile

    path = tmp_path / "clip.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=5:d=1", "-c:v", "libx264", "-pix_fmt", "yuv420p", path)
    with_matrix(path, matrix)
    expected = tmp_path / "expected.y4m"
    ffmpeg("-noautorotate", "-i", path, "-vf", filters, "-strict", "-1", expected)
    with VideoFile(path) as turned, VideoFile(expected) as reference:
        assert (turned.info.width, turned.info.height) == (reference.info.width, reference.info.height)
        for frame, other in zip(turned.frames(), reference.frames(), strict=True):
            for plane, wanted in zip(frame.planes, other.planes, strict=True):
                np.testing.assert_array_equal(plane, wanted)
