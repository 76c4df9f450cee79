from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from streamproc.errors import EncodeError, OutputChangedError, SourceNotFoundError
from streamproc.media.container import CONTAINERS
from streamproc.media.encode import EncoderSettings, VideoPartWriter, count_frames
from streamproc.media.frame import Frame
from streamproc.media.join import join
from streamproc.media.mask_writer import CanvasPool, MaskVideoWriter
from streamproc.media.memory_source import MemorySource
from streamproc.media.source import open_source
from streamproc.media.video_file import VideoFile
from tests.media.clips import (
    UNEVEN,
    ffmpeg,
    frame_times,
    packet_sums,
    packet_times,
    picture,
    picture_sums,
    probe,
    stream,
    tone,
)
from tests.media.test_encode import moving

CODECS = ["h264", "hevc", "av1", "vp9"]
PART = 17


def parts_of(source, folder, settings=None, size=PART):
    """Encode a source in parts of ``size`` frames: (paths, ticks of each)."""
    paths, ticks, writer = [], [], None
    for frame in source.frames():
        if frame.ordinal % size == 0:
            if writer is not None:
                writer.close()
            paths.append(folder / f"part{len(paths)}.tmp")
            ticks.append([])
            writer = VideoPartWriter(paths[-1], source.info, settings or EncoderSettings(preset="veryfast"))
        writer.write(frame)
        ticks[-1].append(frame.pts)
    writer.close()
    return paths, ticks


def rejoined(path, output, settings=None, **options):
    """Encode the film ``path`` in parts and join them; gives (report, MD5 sums of the parts' pictures)."""
    with VideoFile(path) as source:
        paths, ticks = parts_of(source, output.parent, settings)
        options = {"streams_from": path, **options}
        report = join(paths, ticks, source.info, output, **options)
    return report, [one for part in paths for one in picture_sums(part)]


def rises(times):
    return all(a < b for a, b in pairwise(times))


# Every container with a film of uneven times whose encoder reorders frames, as that container would hold it.
SOURCES = {
    ".mp4": [*UNEVEN, "-c:v", "libx264", "-bf", "3", "-video_track_timescale", "90000"],
    ".mov": [*UNEVEN, "-c:v", "libx264", "-bf", "3", "-video_track_timescale", "90000"],
    ".mkv": [*UNEVEN, "-c:v", "libx264", "-bf", "3"],
    ".webm": [*UNEVEN, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
    ".ts": [*UNEVEN, "-c:v", "libx264", "-x264-params", "open-gop=1:keyint=9:bframes=3", "-c:a", "mp2"],
    ".flv": [*UNEVEN, "-c:v", "libx264", "-bf", "3", "-ar", "44100"],
}
CASES = [(suffix, codec) for suffix in SOURCES for codec in CODECS if codec in CONTAINERS[suffix].video]


@pytest.mark.parametrize(("suffix", "codec"), CASES)
def test_a_joined_film_has_the_parts_pictures_the_sources_times_and_audio(tmp_path, suffix, codec):
    path, output = tmp_path / f"source{suffix}", tmp_path / f"film{suffix}"
    ffmpeg(*picture(rate=30), *tone(), *SOURCES[suffix], "-pix_fmt", "yuv420p", path)
    report, pictures = rejoined(path, output, EncoderSettings(codec, 30, "veryfast", 2))
    assert (report.frames, report.left_out, report.rounded, report.shift) == (len(pictures), (), 0, 0)
    assert frame_times(output) == frame_times(path)
    assert picture_sums(output) == pictures
    assert packet_sums(output, "a") == packet_sums(path, "a")
    assert packet_times(output, "a") == packet_times(path, "a")
    told = stream(output)
    assert told["codec_name"] == codec
    assert count_frames(output) == report.frames


@pytest.mark.parametrize("begin", [0, 1, 12345, 90000 * 3600])
def test_a_film_that_begins_late_does_so_exactly(tmp_path, begin):
    path, output = tmp_path / "source.ts", tmp_path / "film.mp4"
    shifted = f"setpts=PTS+{begin}" if begin < 90000 else "null"
    ffmpeg(*picture(), *tone(), "-vf", f"settb=1/90000,{shifted}", "-c:v", "libx264", "-bf", "2", "-c:a", "mp2",
           "-output_ts_offset", begin // 90000 + 1, "-pix_fmt", "yuv420p", path)  # fmt: skip
    rejoined(path, output)
    assert frame_times(output) == frame_times(path)
    assert abs(packet_times(output, "a")[0] - packet_times(path, "a")[0]) <= Fraction(1, 96000)  # whole samples


def test_decode_times_rise_and_never_follow_presentation(tmp_path):
    path, output = tmp_path / "source.mp4", tmp_path / "film.mp4"
    ffmpeg(*picture(rate=30), *SOURCES[".mp4"], path)
    rejoined(path, output)
    packets = probe(output, "-show_entries", "packet=pts,dts")["packets"]
    assert rises([packet["dts"] for packet in packets])
    assert all(packet["dts"] <= packet["pts"] for packet in packets)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60), st.integers(0, 10**6), st.integers(1, 20),
       st.sampled_from([Fraction(1, 90000), Fraction(1, 1000), Fraction(1, 25), Fraction(1001, 30000),
                        Fraction(66667, 1000000)]))  # fmt: skip
def test_any_times_in_any_parts_arrive_exactly(tmp_path_factory, gaps, begin, size, base):
    folder = tmp_path_factory.mktemp("join")
    ticks, frames = begin, []
    for n, (gap, frame) in enumerate(zip(gaps, moving(count=len(gaps), width=32, height=32), strict=True)):
        frames.append(Frame(frame.native, n, ticks, base))
        ticks += gap
    source = MemorySource(frames)
    paths, times = parts_of(source, folder, size=size)
    report = join(paths, times, source.info, folder / "film.mp4")
    assert report.frames == len(gaps)
    assert frame_times(folder / "film.mp4") == [frame.time for frame in frames]


def test_a_coarser_clock_rounds_and_says_so_and_keeps_every_frame_apart(tmp_path):
    frames = [Frame(frame.native, n, n * 3, Fraction(1, 90000)) for n, frame in enumerate(moving(count=20))]
    source = MemorySource(frames)
    paths, ticks = parts_of(source, tmp_path)
    report = join(paths, ticks, source.info, tmp_path / "film.mkv")
    assert report.rounded == 19
    times = frame_times(tmp_path / "film.mkv")
    assert len(times) == 20
    assert rises(times)


@pytest.mark.parametrize("suffix", [".ts", ".flv"])
def test_what_a_container_cannot_hold_before_zero_is_shifted_and_said(tmp_path, suffix):
    path, output = tmp_path / "source.mp4", tmp_path / f"film{suffix}"
    ffmpeg(*picture(), *tone(rate=44100), "-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    report, pictures = rejoined(path, output)
    assert report.shift > 0
    clock = Fraction(1, CONTAINERS[suffix].ticks)
    moved = [abs(ours - theirs - report.shift) for ours, theirs in
             zip(frame_times(output), frame_times(path), strict=True)]  # fmt: skip
    assert max(moved) < clock
    audio = zip(packet_times(output, "a"), packet_times(path, "a"), strict=True)
    assert all(abs(ours - theirs - report.shift) <= clock for ours, theirs in audio)
    assert picture_sums(output) == pictures


def test_mask_parts_are_joined_too(tmp_path):
    pool, paths, ticks = CanvasPool("instance", 33, 21), [], []
    for part in range(3):
        paths.append(tmp_path / f"{part}.tmp")
        ticks.append([100 + part * 5 + n for n in range(5)])
        writer = MaskVideoWriter(paths[-1], "instance", 33, 21, Fraction(1, 25), Fraction(25), 1)
        for tick in ticks[-1]:
            canvas = pool.take(tick, tick, Fraction(1, 25))
            canvas.planes[0][:] = tick
            writer.write(canvas)
            pool.give_back(canvas)
        writer.close()
    info = replace(MemorySource(moving()).info, time_base=Fraction(1, 25))
    join(paths, ticks, info, tmp_path / "masks.mp4")
    assert frame_times(tmp_path / "masks.mp4") == [tick * Fraction(1, 25) for part in ticks for tick in part]
    with VideoFile(tmp_path / "masks.mp4") as source:
        for frame, tick in zip(source.frames(), [tick for part in ticks for tick in part], strict=True):
            assert (frame.layout.name, frame.width, frame.height) == ("gbrp", 33, 21)
            assert (frame.planes[0] == tick).all()
            assert not frame.planes[2].any()


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animated_image_becomes_a_film(tmp_path, suffix):
    path = tmp_path / f"source{suffix}"
    pictures = [Image.new("RGB", (33, 21), (n * 30, 9, 200)) for n in range(6)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[50, 120, 40, 40, 300, 70])
    with open_source(path) as source:
        paths, ticks = parts_of(source, tmp_path, size=4)
        report = join(paths, ticks, source.info, tmp_path / "film.mp4", streams_from=path)
    assert (report.frames, report.left_out) == (6, ())
    assert frame_times(tmp_path / "film.mp4") == [Fraction(ms, 1000) for ms in (0, 50, 170, 210, 250, 550)]


def test_the_same_parts_give_the_same_bytes(tmp_path):
    path = tmp_path / "source.mp4"
    ffmpeg(*picture(), *tone(), "-c:v", "libx264", "-pix_fmt", "yuv420p", path)
    with VideoFile(path) as source:
        paths, ticks = parts_of(source, tmp_path)
        for name in ("a.mp4", "b.mp4", "a.mkv", "b.mkv"):
            join(paths, ticks, source.info, tmp_path / name, streams_from=path)
    for suffix in (".mp4", ".mkv"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_the_suffix_may_be_told_apart_from_the_name(tmp_path):
    source = MemorySource(moving())
    paths, ticks = parts_of(source, tmp_path)
    join(paths, ticks, source.info, tmp_path / "film.tmp", suffix=".mkv")
    assert "matroska" in probe(tmp_path / "film.tmp", "-show_format")["format"]["format_name"]


def test_an_mp4_begins_with_its_index(tmp_path):
    source = MemorySource(moving())
    paths, ticks = parts_of(source, tmp_path)
    for fast in (True, False):
        join(paths, ticks, source.info, tmp_path / "film.mp4", faststart=fast)
        data = (tmp_path / "film.mp4").read_bytes()
        assert (data.index(b"moov") < data.index(b"mdat")) is fast


def test_hevc_bears_the_name_that_apple_knows(tmp_path):
    source = MemorySource(moving())
    paths, ticks = parts_of(source, tmp_path, EncoderSettings("hevc", preset="ultrafast"))
    join(paths, ticks, source.info, tmp_path / "film.mp4")
    assert stream(tmp_path / "film.mp4")["codec_tag_string"] == "hvc1"


def test_pixel_shape_and_colour_tags_reach_the_film(tmp_path):
    path, output = tmp_path / "source.mp4", tmp_path / "film.mp4"
    tags = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"]
    ffmpeg(*picture(), "-vf", "setsar=4/3", "-c:v", "libx264", "-pix_fmt", "yuv420p", *tags, path)
    rejoined(path, output)
    ours, theirs = stream(output), stream(path)
    for name in ("sample_aspect_ratio", "color_primaries", "color_transfer", "color_space", "color_range",
                 "avg_frame_rate", "width", "height", "pix_fmt", "nb_frames", "duration"):  # fmt: skip
        assert ours[name] == theirs[name], name


def test_an_upright_film_is_not_turned_again(tmp_path):
    flat, path, output = tmp_path / "flat.mp4", tmp_path / "source.mp4", tmp_path / "film.mp4"
    ffmpeg(*picture("96x64"), "-c:v", "libx264", "-pix_fmt", "yuv420p", flat)
    ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", path)
    for keep in (False, True):
        rejoined(path, output, keep_metadata=keep)
        told = stream(output)
        assert (told["width"], told["height"]) == (64, 96)
        assert "side_data_list" not in told


def test_parts_that_lack_frames_or_differ_are_refused_and_leave_nothing(tmp_path):
    source = MemorySource(moving(count=30))
    paths, ticks = parts_of(source, tmp_path)
    output = tmp_path / "film.mp4"
    with pytest.raises(OutputChangedError, match=r"part1\.tmp: holds 13 frames and should hold 12"):
        join(paths, [ticks[0], ticks[1][:-1]], source.info, output)
    writer = VideoPartWriter(paths[1], source.info, EncoderSettings("hevc"))
    for frame in source.frames(PART):
        writer.write(frame)
    writer.close()
    with pytest.raises(EncodeError, match=r"part1\.tmp: is hevc"):
        join(paths, ticks, source.info, output)
    paths[1].unlink()
    with pytest.raises(SourceNotFoundError, match=r"part1\.tmp"):
        join(paths, ticks, source.info, output)
    assert not output.exists()


def test_an_output_that_cannot_be_written_is_said_so(tmp_path):
    source = MemorySource(moving())
    paths, ticks = parts_of(source, tmp_path)
    with pytest.raises(EncodeError, match="gone"):
        join(paths, ticks, source.info, tmp_path / "gone" / "film.mp4")
