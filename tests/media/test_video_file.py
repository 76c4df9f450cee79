from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamproc.errors import NoPictureError, SourceDecodeError, SourceNotFoundError
from streamproc.media.video_file import VideoFile
from tests.media.clips import UNEVEN, ffmpeg, frame_times, picture, picture_sum, picture_sums, probe, tone

X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]

# name of the file: ffmpeg's arguments that make it
CLIPS = {
    "bframes.mp4": [*picture(), *X264, "-bf", "3"],
    "uneven.mp4": [*picture(rate=30), *UNEVEN, *X264, "-bf", "3", "-video_track_timescale", "90000"],
    "late.mkv": [*picture(), "-vf", "setpts=PTS+3/TB", *X264],
    "open_gop.ts": [*picture(rate=50), *X264, "-x264-params", "open-gop=1:keyint=10:bframes=3"],
    "film.webm": [*picture(), "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    "altref.webm": [*picture(), "-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16"],
    "film.flv": [*picture(), *X264, "-bf", "2"],
    "mpeg4.avi": [*picture(), "-c:v", "mpeg4"],
    "bframes.avi": [*picture(), "-c:v", "mpeg4", "-bf", "2"],
    "motion.avi": [*picture(), "-c:v", "mjpeg", "-pix_fmt", "yuvj422p"],
    "raw.h264": [*picture(), *X264, "-bf", "2"],
    "film.mpg": [*picture(), "-c:v", "mpeg2video", "-bf", "2"],
    "film.wmv": [*picture(), "-c:v", "wmv2"],
    "film.mxf": [*picture("720x576"), "-c:v", "mpeg2video", "-t", "0.4"],
    "ten_bit.mkv": [*picture(), "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none"],
    "prores.mov": [*picture(), "-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"],
    "odd.mp4": [*picture("97x65"), "-c:v", "libx264", "-pix_fmt", "yuv444p"],
    "gray.mkv": [*picture(), "-c:v", "ffv1", "-pix_fmt", "gray"],
    "alpha.mov": [*picture(), "-c:v", "qtrle", "-pix_fmt", "argb"],
    "rgb.avi": [*picture(), "-c:v", "rawvideo", "-pix_fmt", "bgr24"],
    "palette.mov": [*picture(), "-c:v", "qtrle", "-pix_fmt", "rgb24"],
    "paff.ts": [*picture(), *X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"],
    "ten.y4m": [*picture(), "-pix_fmt", "yuv422p10le", "-strict", "-1"],
}


@pytest.fixture
def clip(request, tmp_path):
    path = tmp_path / request.param
    ffmpeg(*CLIPS[request.param], path)
    return path


@pytest.mark.parametrize("clip", CLIPS, indirect=True)
def test_frames_times_and_pictures_are_those_of_ffprobe_and_ffmpeg(clip):
    with VideoFile(clip) as source:
        times, sums = [], []
        for frame in source.frames():
            times.append(frame.time)
            sums.append(picture_sum(frame))
        assert source.damage.repaired_times == source.damage.corrupt_packets == source.damage.read_errors == 0
        layout = source.info.layout.name
    if clip.suffix == ".h264":  # no times at all: ffprobe leaves them out too
        assert times == [n * Fraction(1, 25) for n in range(50)]
    else:
        expected = frame_times(clip)
        assert [
            ours for ours, theirs in zip(times, expected, strict=True) if theirs is not None and ours != theirs
        ] == []
    assert sums == picture_sums(clip, "-pix_fmt", layout)


def test_what_the_info_says_of_a_tagged_interlaced_film(tmp_path):
    path = tmp_path / "clip.mkv"
    tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-color_range", "pc"]
    fields = ["-vf", "setsar=4/3,interlace=scan=bff", "-flags", "+ildct+ilme"]
    ffmpeg(*picture("96x64"), *tone(), *fields, *X264, *tags, "-c:a", "flac", path)
    with VideoFile(path) as source:
        info = source.info
    assert (info.colour_primaries, info.colour_trc, info.colourspace, info.full_range) == (9, 16, 9, True)
    assert info.sample_aspect_ratio == Fraction(4, 3)
    assert info.field_order == "bff"
    assert info.rate == Fraction(25, 2)
    assert (info.codec, info.audio_codecs, info.subtitle_codecs) == ("h264", ("flac",), ())


def test_a_film_on_its_side_has_its_pixel_shape_turned_too(tmp_path):
    flat, turned = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    ffmpeg(*picture("96x64"), "-vf", "setsar=4/3", *X264, flat)
    ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    with VideoFile(turned) as source:
        assert (source.info.width, source.info.height) == (64, 96)
        assert source.info.sample_aspect_ratio == Fraction(3, 4)
        assert sum(1 for _ in source.frames()) == 50


def test_the_film_is_taken_and_not_its_cover_or_a_preview(tmp_path):
    cover, path, small = tmp_path / "cover.png", tmp_path / "clip.mkv", tmp_path / "small.mp4"
    ffmpeg(*picture("640x480"), "-frames:v", 1, cover)
    ffmpeg(*picture("32x32", 5), *X264, small)
    ffmpeg("-i", small, *picture("96x64", 5), "-map", 0, "-map", 1, *X264, path)
    with VideoFile(path) as source:
        assert (source.info.width, source.info.height) == (96, 64)
    path = tmp_path / "covered.mp4"
    ffmpeg("-i", cover, "-i", small, "-map", 0, "-map", 1, "-c", "copy", "-disposition:v:0", "attached_pic", path)
    with VideoFile(path) as source:
        assert (source.info.width, source.info.height) == (32, 32)


def test_music_with_a_cover_is_no_film(tmp_path):
    cover, path = tmp_path / "cover.png", tmp_path / "song.mp3"
    ffmpeg(*picture("64x64"), "-frames:v", 1, cover)
    ffmpeg(*tone(), "-i", cover, "-map", 0, "-map", 1, "-c:v", "copy", path)
    with pytest.raises(NoPictureError, match="cover art"):
        VideoFile(path)
    ffmpeg(*tone(), path)
    with pytest.raises(NoPictureError, match="no video stream"):
        VideoFile(path)


@pytest.mark.parametrize("content", [b"", b"not a film", bytes(range(256)) * 40], ids=["empty", "text", "noise"])
def test_what_is_no_media_file_is_said_so_on_one_line(tmp_path, content):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceDecodeError, match=r"clip\.mp4") as caught:
        VideoFile(path)
    assert "\n" not in str(caught.value)


def test_a_codec_without_decoder_is_said_so(tmp_path):
    path = tmp_path / "clip.avi"
    ffmpeg(*picture(), "-c:v", "mpeg4", "-vtag", "xvid", path)
    path.write_bytes(path.read_bytes().replace(b"xvid", b"zzzz"))
    with pytest.raises(SourceDecodeError, match="cannot"):
        VideoFile(path)


def test_damaged_packets_are_counted_and_the_film_goes_on(tmp_path, caplog):
    path = tmp_path / "clip.mkv"
    ffmpeg(*picture(seconds=4), "-c:v", "mpeg2video", "-g", 5, path)
    good = frame_times(path)
    with av.open(str(path)) as container:
        begins = [packet.pos for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for begin in begins[20:80:10]:
        data[begin + 12 : begin + 60] = bytes(48)
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING), VideoFile(path) as source:
        times = [frame.time for frame in source.frames()]
    assert times == frame_times(path)
    assert len(times) > len(good) - 7
    assert source.damage.corrupt_packets + source.damage.read_errors == len(caplog.records) - bool(source.damage)


@pytest.mark.parametrize("share", [0.3, 0.55, 0.9])
@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts", "clip.mp4"])
def test_a_cut_file_gives_every_frame_that_ffprobe_finds(tmp_path, name, share):
    path = tmp_path / name
    extra = ["-movflags", "+faststart"] if name == "clip.mp4" else []
    ffmpeg(*picture("160x120", seconds=4), *X264, "-bf", "3", *extra, path)
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))
    with VideoFile(path) as source:
        times = [frame.time for frame in source.frames()]
    assert times == frame_times(path)


def test_frames_that_change_size_or_format_are_scaled_to_the_first(tmp_path, caplog):
    first, second, path = tmp_path / "a.ts", tmp_path / "b.ts", tmp_path / "clip.ts"
    ffmpeg(*picture("96x64", seconds=1), *X264, first)
    ffmpeg(*picture("128x96", seconds=1), "-output_ts_offset", 1, *X264[:2], "-pix_fmt", "yuv422p", second)
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with VideoFile(path) as source:
        for frame in source.frames():
            assert (frame.width, frame.height, frame.layout.name) == (96, 64, "yuv420p")
        assert source.damage.converted_frames == 25
        assert frame.ordinal == 49
    assert sum("scaled" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("name", ["http:x.mp4", "rtsp:clip", "a b%20c.mp4", "#?.mkv", "clip\udcff.mp4", "ünïcode.mp4"])
def test_any_file_name_opens(tmp_path, name, monkeypatch):
    plain = tmp_path / "plain.mp4"
    ffmpeg(*picture("64x48", 5), *X264, plain)
    plain.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with VideoFile(Path(name)) as source:
        assert sum(1 for _ in source.frames()) == 10


def test_a_playlist_in_a_file_cannot_reach_the_network(tmp_path):
    path = tmp_path / "clip.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises((SourceDecodeError, NoPictureError)):
        VideoFile(path)


def test_writing_on_frames_leaves_the_decoder_its_references(tmp_path):
    path = tmp_path / "clip.mp4"
    ffmpeg(*picture(), *X264, "-g", 50, "-bf", "2", path)
    with VideoFile(path) as source, VideoFile(path) as untouched:
        for frame, other in zip(source.frames(), untouched.frames(), strict=True):
            frame.make_writable()
            for plane, expected in zip(frame.planes, other.planes, strict=True):
                np.testing.assert_array_equal(plane, expected)
                plane[:] = 255


def test_tags_that_are_not_utf8_do_not_stop_a_film(tmp_path):
    path = tmp_path / "clip.mkv"
    ffmpeg(*picture("64x48", 5), *X264, "-metadata", "title=abcdefgh", path)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abc\xff\xfefgh"))
    with VideoFile(path) as source:
        assert sum(1 for _ in source.frames()) == 10


def test_a_film_that_is_gone_is_said_so(tmp_path):
    with pytest.raises(SourceNotFoundError, match="does not exist"):
        VideoFile(tmp_path / "gone.mp4")


def test_frames_estimate_of_a_film_without_a_count(tmp_path):
    path = tmp_path / "clip.mkv"
    ffmpeg(*picture(), *X264, path)
    assert "nb_frames" not in probe(path, "-show_streams")["streams"][0]
    with VideoFile(path) as source:
        assert source.info.frames_estimate == 50
