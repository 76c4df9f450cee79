from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamproc.errors import EncodeError, SourceDecodeError, SourceNotFoundError
from streamproc.media.encode import EncoderSettings, VideoPartWriter, count_frames
from streamproc.media.frame import Frame
from streamproc.media.memory_source import MemorySource
from streamproc.media.pixels import LAYOUTS
from streamproc.media.video_file import VideoFile
from tests.media.clips import ffmpeg, frame_times, picture, probe, stream

CODECS = ["h264", "hevc", "av1", "vp9"]


def moving(layout="yuv420p", width=64, height=48, count=12, full_range=False):
    """Frames with soft gradients that move, at uneven times."""
    form = LAYOUTS[layout]
    frames = []
    for n in range(count):
        planes = []
        for index in range(len(form.shifts)):
            w, h = form.plane_size(index, width, height)
            y, x = np.mgrid[:h, :w]
            soft = (x * 2 + y * (index + 1) + n * 3) % 160 + 40
            planes.append((soft << (form.bits - 8)).astype(np.uint8 if form.bits == 8 else np.uint16))
        frames.append(
            Frame.from_planes(planes, layout, ordinal=n, pts=900 + n * 40 + n % 3, time_base=Fraction(1, 1000),
                              full_range=full_range)
        )  # fmt: skip
    return frames


def write(path, frames, settings=None, **changes):
    info = replace(MemorySource(frames).info, **changes)
    writer = VideoPartWriter(path, info, settings or EncoderSettings(preset="ultrafast"))
    for frame in frames:
        writer.write(frame)
    return writer.close()


@pytest.mark.parametrize("codec", CODECS)
def test_a_part_has_all_frames_at_their_times_and_begins_with_a_key_frame(tmp_path, codec):
    path, frames = tmp_path / "part.tmp", moving(count=30)
    assert write(path, frames, EncoderSettings(codec, 30, "veryfast", 2)) == 30
    assert count_frames(path) == 30
    assert frame_times(path) == [(frame.pts - 900) * Fraction(1, 1000) for frame in frames]
    assert probe(path, "-show_entries", "packet=flags")["packets"][0]["flags"].startswith("K")
    assert stream(path)["codec_name"] == codec


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("codec", CODECS)
def test_the_same_frames_give_the_same_bytes(tmp_path, codec, threads):
    frames = moving(count=20, width=320, height=240)
    settings = EncoderSettings(codec, 30, "veryfast", threads)
    parts = [tmp_path / name for name in ("a.tmp", "b.tmp")]
    for part in parts:
        write(part, frames, settings)
    assert parts[0].read_bytes() == parts[1].read_bytes()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("codec", CODECS)
def test_a_part_may_be_as_short_as_one_frame(tmp_path, codec, count):
    for memory in range(3):
        path, frames = tmp_path / f"{memory}.tmp", moving(count=count)
        assert write(path, frames, EncoderSettings(codec, 30, "medium")) == count
        assert frame_times(path) == [(frame.pts - 900) * Fraction(1, 1000) for frame in frames]


def test_the_key_frames_of_the_source_are_not_taken_over(tmp_path):
    source_path, path = tmp_path / "source.mp4", tmp_path / "part.tmp"
    ffmpeg(*picture(), "-c:v", "libx264", "-g", 1, "-pix_fmt", "yuv420p", source_path)
    with VideoFile(source_path) as source:
        writer = VideoPartWriter(path, source.info, EncoderSettings())
        for frame in source.frames():
            writer.write(frame)
        writer.close()
    flags = [packet["flags"] for packet in probe(path, "-show_entries", "packet=flags")["packets"]]
    assert sum(flag.startswith("K") for flag in flags) == 1


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_colour_tags_pixel_shape_and_range_are_carried(tmp_path, codec):
    path = tmp_path / "part.tmp"
    write(path, moving(full_range=True), EncoderSettings(codec, preset="ultrafast"), colour_primaries=9, colour_trc=16,
          colourspace=9, sample_aspect_ratio=Fraction(4, 3))  # fmt: skip
    told = stream(path)
    assert [told[f"color_{name}"] for name in ("primaries", "transfer", "space", "range")] == [
        "bt2020", "smpte2084", "bt2020nc", "pc",
    ]  # fmt: skip
    assert told["sample_aspect_ratio"] == "4:3"


def test_interlaced_film_stays_interlaced(tmp_path):
    source_path, path = tmp_path / "source.mkv", tmp_path / "part.tmp"
    fields = ["-vf", "interlace=scan=bff", "-flags", "+ildct+ilme"]
    ffmpeg(*picture(), *fields, "-c:v", "libx264", "-pix_fmt", "yuv420p", source_path)
    with VideoFile(source_path) as source:
        writer = VideoPartWriter(path, source.info, EncoderSettings())
        for frame in source.frames():
            frame.make_writable()
            writer.write(frame)
        writer.close()
    for frame in probe(path, "-show_entries", "frame=interlaced_frame,top_field_first")["frames"]:
        assert (frame["interlaced_frame"], frame["top_field_first"]) == (1, 0)


WITHOUT_LOSS = {"h264": {"qp": "0"}, "hevc": {"x265-params": "lossless=1:log-level=none"}, "vp9": {"lossless": "1"}}
LOSSLESS = [
    ("h264", "yuv420p", (64, 48)),
    ("h264", "yuvj420p", (64, 48)),
    ("h264", "gray", (63, 47)),
    ("h264", "yuv444p", (63, 47)),
    ("h264", "gbrp", (64, 48)),
    ("h264", "yuv420p10le", (64, 48)),
    ("h264", "gbrp10le", (64, 48)),
    ("hevc", "gbrp", (64, 48)),
    ("hevc", "yuv422p12le", (64, 48)),
    ("vp9", "yuv422p", (64, 48)),
    ("vp9", "yuvj422p", (63, 47)),
]


@pytest.mark.parametrize(("codec", "layout", "size"), LOSSLESS)
def test_samples_that_the_encoder_has_room_for_are_not_changed_on_the_way(tmp_path, codec, layout, size, monkeypatch):
    monkeypatch.setattr(EncoderSettings, "options", lambda settings: WITHOUT_LOSS[settings.codec])
    path, frames = tmp_path / "part.tmp", moving(layout, *size, full_range="j" in layout or "gbr" in layout)
    write(path, frames, EncoderSettings(codec), colourspace=0 if "gbr" in layout else 1)
    with av.open(str(path)) as container:
        decoded = [Frame.from_native(native, 0, 0, Fraction(1)) for native in container.decode(video=0)]
    for frame, got in zip(frames, decoded, strict=True):
        assert got.layout.rgb == frame.layout.rgb
        for plane, wanted in zip(got.planes, frame.planes, strict=layout != "gray"):
            np.testing.assert_array_equal(plane, wanted)


@pytest.mark.parametrize("layout", ["yuv420p", "yuvj420p", "yuv410p", "yuv411p", "yuv422p", "yuv440p", "gray", "gbrp",
                                    "gray16le", "yuv420p9le", "yuv420p16le", "yuv440p12le", "gbrp16le"])  # fmt: skip
@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
@pytest.mark.parametrize("codec", CODECS)
def test_every_layout_and_size_is_taken_by_every_codec(tmp_path, codec, layout, size):
    path, frames = tmp_path / "part.tmp", moving(layout, *size, count=2, full_range="j" in layout or "gbr" in layout)
    assert write(path, frames, EncoderSettings(codec, 20, "ultrafast")) == 2
    with VideoFile(path) as source:
        assert (source.info.width, source.info.height) == size
        (frame, _) = source.frames()
        got, wanted = (f.rgb_planes(64, 48).astype(int) for f in (frame, frames[0]))
        assert np.abs(got - wanted).mean() < 6


@pytest.mark.parametrize("codec", CODECS)
def test_a_frame_may_be_drawn_on_as_soon_as_it_was_written(tmp_path, codec):
    settings = EncoderSettings(codec, 30, "veryfast", 2)
    kept, reused = tmp_path / "kept.tmp", tmp_path / "reused.tmp"
    frames = moving(count=40)
    write(kept, frames, settings)
    writer = VideoPartWriter(reused, MemorySource(frames).info, settings)
    for frame in moving(count=40):
        writer.write(frame)
        for plane in frame.planes:
            plane[:] = 7
    writer.close()
    assert kept.read_bytes() == reused.read_bytes()


def test_a_frame_of_another_size_is_refused(tmp_path):
    writer = VideoPartWriter(tmp_path / "part.tmp", MemorySource(moving()).info, EncoderSettings())
    with pytest.raises(EncodeError, match="frame 0 is 32x48 yuv420p"):
        writer.write(moving(width=32)[0])
    writer.abort()
    assert not (tmp_path / "part.tmp").exists()


def test_what_was_begun_can_be_thrown_away(tmp_path):
    path, frames = tmp_path / "part.tmp", moving()
    writer = VideoPartWriter(path, MemorySource(frames).info, EncoderSettings())
    writer.write(frames[0])
    writer.abort()
    assert not path.exists()


def test_a_part_that_cannot_be_created_is_said_so(tmp_path):
    with pytest.raises(EncodeError, match="gone"):
        write(tmp_path / "gone" / "part.tmp", moving())


def test_a_full_disk_is_said_so():
    full = Path("/dev/full")
    with pytest.raises(EncodeError, match="/dev/full"):
        write(full, moving(count=400, width=320, height=240))


def test_a_cut_part_is_not_counted_as_whole(tmp_path):
    path = tmp_path / "part.tmp"
    write(path, moving())
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(SourceDecodeError):
        count_frames(path)
    with pytest.raises(SourceNotFoundError):
        count_frames(tmp_path / "gone")


def test_encoders_say_nothing_on_stderr(tmp_path):
    program = (
        "from tests.media.test_encode import *\n"
        "for codec in CODECS: write(Path(sys.argv[1]), moving(), EncoderSettings(codec, 30, 'ultrafast'))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", "import sys\n" + program, tmp_path / "p"], check=True, capture_output=True
    )
    assert ran.stderr == b""
    assert ran.stdout == b""
