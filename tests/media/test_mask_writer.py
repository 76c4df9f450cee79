from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av
import numpy as np
import pytest

from streamproc.errors import EncodeError
from streamproc.media.mask_writer import CanvasPool, MaskVideoWriter
from tests.media.clips import frame_times, stream

BASE, RATE = Fraction(1, 12800), Fraction(25)
COUNT = 8


def masks(kind, width, height):
    """Hard masks and, worst of all for a codec that were not lossless, noise: uint8 (frames, planes, height, width)."""
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, 256, (COUNT, 2 if kind == "instance" else 1, height, width), dtype=np.uint8)
    drawn[: COUNT // 2] = 0
    for n in range(COUNT // 2):
        drawn[n, :, n * 3 : n * 3 + 20, n : n + 9] = (255,) if kind == "binary" else [[[10 + n]], [[128]]]
    return drawn


def written(path, kind, width, height, threads=1):
    pool = CanvasPool(kind, width, height)
    writer = MaskVideoWriter(path, kind, width, height, BASE, RATE, threads)
    drawn = masks(kind, width, height)
    for n, planes in enumerate(drawn):
        canvas = pool.take(700 + n * 512 + n, n, BASE)
        for target, plane in zip(canvas.planes, planes, strict=False):
            target[:] = plane
        writer.write(canvas)
        for target, plane in zip(canvas.planes, planes, strict=False):
            target[:] = plane + 1  # given back and drawn on at once
        pool.give_back(canvas)
    assert writer.close() == COUNT
    return drawn


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [(64, 48), (97, 65), (2, 2), (1, 1), (3, 200)])
@pytest.mark.parametrize("kind", ["binary", "instance"])
def test_masks_come_back_bit_for_bit(tmp_path, kind, size, threads):
    path = tmp_path / "mask.tmp"
    drawn = written(path, kind, *size, threads)
    # With PyAV: planar GBR, as the decoder gives it; gray comes as luma with neutral chroma.
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
    assert {frame.format.name for frame in decoded} == {"yuvj420p" if kind == "binary" else "gbrp"}
    # With the ffmpeg program: one byte a sample, planes one after the other.
    form = "gray" if kind == "binary" else "gbrp"
    command = ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", form, "-vsync", "passthrough", "-"]
    raw = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    raw = raw.reshape(COUNT, -1, size[1], size[0])
    np.testing.assert_array_equal(raw[:, : drawn.shape[1]], drawn)
    if kind == "instance":
        assert not raw[:, 2].any()
    for frame, planes in zip(decoded, raw, strict=True):
        for plane, wanted in zip(frame.planes, planes, strict=False):
            got = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: size[1], : size[0]]
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("kind", ["binary", "instance"])
def test_mask_videos_are_h264_with_the_frames_times_and_say_what_their_planes_are(tmp_path, kind):
    path = tmp_path / "mask.tmp"
    written(path, kind, 64, 48)
    assert frame_times(path) == [(n * 512 + n) * BASE for n in range(COUNT)]
    told = stream(path)
    assert told["codec_name"] == "h264"
    assert told["color_range"] == "pc"
    assert told["pix_fmt"] == ("yuvj420p" if kind == "binary" else "gbrp")


@pytest.mark.parametrize("kind", ["binary", "instance"])
def test_the_same_masks_give_the_same_bytes(tmp_path, kind):
    for name in ("a.tmp", "b.tmp"):
        written(tmp_path / name, kind, 97, 65, threads=2)
    assert (tmp_path / "a.tmp").read_bytes() == (tmp_path / "b.tmp").read_bytes()


def test_a_canvas_of_another_kind_or_size_is_refused(tmp_path):
    path = tmp_path / "mask.tmp"
    writer = MaskVideoWriter(path, "binary", 64, 48, BASE, RATE, 1)
    for pool in (CanvasPool("instance", 64, 48), CanvasPool("binary", 48, 64)):
        with pytest.raises(EncodeError, match="wanted is a canvas of 64x48 of kind binary"):
            writer.write(pool.take(0, 3))
    writer.abort()
    assert not path.exists()


@pytest.mark.parametrize(("kind", "planes"), [("binary", 1), ("instance", 3)])
def test_canvases_are_black_at_first_and_used_again(kind, planes):
    pool = CanvasPool(kind, 9, 5)
    canvas = pool.take(7, 1, BASE)
    assert len(canvas.planes) == planes
    assert not any(plane.any() for plane in canvas.planes)
    assert (canvas.pts, canvas.ordinal, canvas.time) == (7, 1, 7 * BASE)
    other = pool.take(8, 2)
    assert other.native is not canvas.native
    native = canvas.native
    pool.give_back(canvas)
    assert pool.take(9, 3).native is native


def test_a_canvas_is_never_in_two_hands():
    pool = CanvasPool("binary", 4, 4)

    def work(hand):
        for n in range(300):
            canvas = pool.take(n, n)
            canvas.planes[0][:] = hand
            if not (canvas.planes[0] == hand).all():
                return False
            pool.give_back(canvas)
        return True

    with ThreadPoolExecutor(4) as hands:
        assert all(hands.map(work, range(1, 5)))
