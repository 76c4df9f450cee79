"""What every source holds, whatever it reads from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from streamproc.errors import NoPictureError, SourceDecodeError, SourceError, SourceNotFoundError
from streamproc.media.animated import AnimatedImage
from streamproc.media.frame import Frame
from streamproc.media.mark import MarkMaker, picture_digest
from streamproc.media.memory_source import MemorySource
from streamproc.media.source import Damage, open_source
from streamproc.media.video_file import VideoFile
from tests.media.clips import ffmpeg, picture

COUNT = 10


def memory_source(folder):
    rng = np.random.default_rng(1)
    frames = [
        Frame.from_planes([rng.integers(0, 255, (48, 64), np.uint8)], "gray", ordinal=n, pts=n * n + n)
        for n in range(COUNT)
    ]
    return MemorySource(frames)


def video_file(folder):
    path = folder / "clip.mp4"
    ffmpeg(*picture("64x48", 5), "-c:v", "libx264", "-bf", "2", path)
    return open_source(path)


def animated_image(folder):
    path = folder / "clip.gif"
    pictures = [Image.new("RGB", (64, 48), (n * 20, 255 - n * 20, 9 * n)) for n in range(COUNT)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=120)
    return open_source(path)


@pytest.fixture(params=[memory_source, video_file, animated_image], ids=lambda make: make.__name__)
def source(request, tmp_path):
    with request.param(tmp_path) as opened:
        yield opened


def test_every_frame_comes_once_in_order(source):
    frames = [(frame.ordinal, frame.pts) for frame in source.frames()]
    assert [ordinal for ordinal, _ in frames] == list(range(COUNT))
    assert all(a[1] < b[1] for a, b in pairwise(frames))


def test_frames_are_as_the_info_says(source):
    info = source.info
    assert (info.width, info.height) == (64, 48)
    assert info.sample_aspect_ratio == 1
    assert info.rate > 0
    assert info.frames_estimate == COUNT
    for frame in source.frames():
        assert (frame.width, frame.height, frame.layout) == (info.width, info.height, info.layout)
        assert frame.time_base == info.time_base
        assert frame.full_range == info.full_range


def test_frames_can_be_read_again_and_from_the_middle(source):
    first = [(frame.ordinal, frame.pts, [plane.copy() for plane in frame.planes]) for frame in source.frames()]
    for start in (0, 3, COUNT - 1):
        again = list(source.frames(start))
        assert len(again) == COUNT - start
        for frame, (ordinal, pts, planes) in zip(again, first[start:], strict=True):
            assert (frame.ordinal, frame.pts) == (ordinal, pts)
            for plane, before in zip(frame.planes, planes, strict=True):
                np.testing.assert_array_equal(plane, before)
    assert list(source.frames(COUNT)) == []
    assert list(source.frames(COUNT + 5)) == []


def marks_of(source, chunk):
    maker = MarkMaker(chunk)
    return [mark for frame in source.frames() if (mark := maker.see(frame)) is not None]


@pytest.mark.parametrize("chunk", [1, 3, 5, COUNT])
def test_frames_after_a_mark_are_those_of_the_whole(source, chunk):
    whole = [(frame.ordinal, frame.pts, picture_digest(frame)) for frame in source.frames()]
    assert source.sought == ""
    marks = marks_of(source, chunk)
    assert [mark.ordinal for mark in marks] == list(range(chunk - 1, COUNT, chunk))
    for mark in marks:
        for start in (mark.ordinal + 1, mark.ordinal + 3):
            rest = [(frame.ordinal, frame.pts, picture_digest(frame)) for frame in source.frames(start, mark)]
            assert rest == whole[start:]
            assert source.sought
            assert source.damage == Damage()


def test_a_mark_of_other_pictures_times_or_length_is_refused(source):
    (mark,) = marks_of(source, 6)
    other = replace(mark, digests=(*mark.digests[:3], "0" * 32, *mark.digests[4:]))
    with pytest.raises(SourceDecodeError, match=r"frame 3 at .* --overwrite"):
        next(source.frames(6, other))
    with pytest.raises(SourceDecodeError, match="frame 5 at"):
        next(source.frames(6, replace(mark, ticks=mark.ticks + 1, traces=())))
    with pytest.raises(SourceDecodeError, match="ends before frame 30"):
        next(source.frames(31, replace(mark, ordinal=30, traces=())))


def test_a_mark_that_lies_not_before_the_start_is_a_mistake(source):
    (mark,) = marks_of(source, 6)
    with pytest.raises(ValueError, match="frame 5"):
        source.frames(5, mark)


def test_beginning_anew_ends_the_iterator_after_a_mark(source):
    (mark,) = marks_of(source, 6)
    before = source.frames(6, mark)
    assert next(before).ordinal == 6
    assert next(source.frames(6, mark)).ordinal == 6
    if not isinstance(source, MemorySource):
        assert list(before) == []


def test_drawing_on_a_frame_does_not_change_the_next(source):
    untouched = [[plane.copy() for plane in frame.planes] for frame in source.frames()]
    for frame, planes in zip(source.frames(), untouched, strict=True):
        frame.make_writable()
        for plane, before in zip(frame.planes, planes, strict=True):
            np.testing.assert_array_equal(plane, before)
            plane[:] = 99


def test_a_good_source_has_no_damage(source):
    list(source.frames())
    assert source.damage == Damage()
    assert str(source.damage) == "none"


def test_beginning_anew_ends_the_iterator_before(source):
    if isinstance(source, MemorySource):
        before = source.frames()
        assert next(before).ordinal == 0
        assert next(source.frames()).ordinal == 0
        return
    before = source.frames()
    next(before)
    assert next(source.frames()).ordinal == 0
    assert list(before) == []


def test_closing_twice_and_in_the_middle_is_allowed(source):
    next(source.frames())
    source.close()
    source.close()


def test_open_source_tells_films_from_animated_images(tmp_path):
    with video_file(tmp_path) as film, animated_image(tmp_path) as image:
        assert isinstance(film, VideoFile)
        assert isinstance(image, AnimatedImage)


@pytest.mark.parametrize("name", ["gone.mp4", "gone.gif"])
def test_what_does_not_exist_is_said_so(tmp_path, name):
    with pytest.raises(SourceNotFoundError, match=name):
        open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["folder.mp4", "folder.gif"])
def test_a_folder_is_no_source(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(SourceError, match=name):
        open_source(tmp_path / name)


def test_no_frames_in_memory_are_no_picture():
    with pytest.raises(NoPictureError):
        MemorySource([])


def test_damage_tells_only_what_happened():
    damage = Damage(corrupt_packets=3, repaired_times=1)
    assert damage
    assert str(damage) == "3 corrupt packets, 1 repaired times"


def test_the_rate_of_frames_in_memory_is_their_mean():
    frames = [Frame.from_planes([np.zeros((2, 2), np.uint8)], "gray", pts=pts) for pts in (5, 6, 15)]
    assert MemorySource(frames).info.rate == Fraction(2, 10) * 25
