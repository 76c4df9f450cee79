from __future__ import annotations

from itertools import pairwise

import pytest

from streamproc.media.join import join
from streamproc.media.video_file import VideoFile
from tests.media.clips import ffmpeg, packet_sums, packet_times, picture, probe, stream, tone
from tests.media.test_join import parts_of, rejoined

X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
PLACE = "+52.5200+013.4050/"
SUBTITLES = "1\n00:00:00,100 --> 00:00:00,900\nOne\n\n2\n00:00:01,000 --> 00:00:01,800\nTwo\n"
CHAPTERS = """;FFMETADATA1
title=A walk
artist=Somebody
location={place}
comment=filmed from home
[CHAPTER]
TIMEBASE=1/1000
START=0
END=700
title=First
[CHAPTER]
TIMEBASE=1/1000
START=700
END=2000
title=Second
"""


@pytest.fixture(params=["mkv", "mp4"])
def rich(request, tmp_path):
    """A film with two languages of sound, subtitles, chapters, tags, cover art, a font and a place."""
    path = tmp_path / f"rich.{request.param}"
    (tmp_path / "text.srt").write_text(SUBTITLES)
    (tmp_path / "tags.txt").write_text(CHAPTERS.format(place=PLACE))
    (tmp_path / "font.ttf").write_bytes(b"not really a font")
    (tmp_path / "face.jpg").write_bytes(b"not really a face")
    inputs = [
        *picture(),
        *tone(),
        *tone(pitch=880, rate=44100),
        "-i",
        tmp_path / "text.srt",
        "-i",
        tmp_path / "tags.txt",
    ]
    maps = ["-map", 0, "-map", 1, "-map", 2, "-map", 3, "-map_metadata", 4, "-map_chapters", 4]
    tags = ["-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=fra", "-metadata:s:a:1", "title=Mono",
            "-metadata:s:s:0", "language=eng", "-disposition:a:1", "default", "-disposition:a:0", "0"]  # fmt: skip
    if request.param == "mkv":
        extra = ["-attach", tmp_path / "font.ttf", "-metadata:s:t:0", "mimetype=font/ttf", "-attach",
                 tmp_path / "face.jpg", "-metadata:s:t:1", "mimetype=image/x-face", "-c:s", "srt"]  # fmt: skip
    else:
        extra = ["-c:s", "mov_text", "-movflags", "use_metadata_tags"]
    ffmpeg(*inputs, *maps, "-c:v:0", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", *tags, *extra, path)
    return path


def test_sound_subtitles_and_chapters_are_copied_whole(rich):
    output = rich.with_name(f"film{rich.suffix}")
    report, _ = rejoined(rich, output)
    for which in ("a:0", "a:1", "s:0"):
        assert packet_sums(output, which) == packet_sums(rich, which), which
        assert packet_times(output, which) == packet_times(rich, which), which
        assert stream(output, which)["codec_name"] == stream(rich, which)["codec_name"]
        assert stream(output, which)["tags"]["language"] == stream(rich, which)["tags"]["language"]
        assert stream(output, which)["disposition"] == stream(rich, which)["disposition"]
    ours, theirs = (probe(path, "-show_chapters")["chapters"] for path in (output, rich))
    assert [(c["start_time"], c["end_time"], c["tags"]["title"]) for c in ours] == [
        (c["start_time"], c["end_time"], c["tags"]["title"]) for c in theirs
    ]
    assert "audio aac (deu)" in report.copied
    assert "audio aac (fra)" in report.copied


def test_fonts_are_kept_and_no_other_files(rich):
    output = rich.with_name(f"film{rich.suffix}")
    report, _ = rejoined(rich, output, keep_metadata=True)
    if rich.suffix == ".mkv":
        assert b"not really a font" in output.read_bytes()
        assert b"not really a face" not in output.read_bytes()
        assert report.left_out == ("attachment face.jpg: only fonts are copied, not image/x-face",)
    else:
        assert report.left_out == ()


@pytest.mark.parametrize("keep", [False, True])
def test_other_pictures_are_left_out(tmp_path, keep):
    path, output, cover = tmp_path / "source.mp4", tmp_path / "film.mp4", tmp_path / "cover.jpg"
    ffmpeg(*picture("64x64"), "-frames:v", 1, cover)
    ffmpeg(*picture(), *picture("32x32"), "-i", cover, "-map", 0, "-map", 1, "-map", 2, "-c:v:2", "copy",
           "-disposition:v:2", "attached_pic", *X264, "-c:v:2", "copy", path)  # fmt: skip
    report, _ = rejoined(path, output, keep_metadata=keep)
    assert [told["width"] for told in probe(output, "-show_streams")["streams"]] == [96]
    assert report.left_out == (
        "video h264 (und): its pictures were not anonymised",
        "video mjpeg: its pictures were not anonymised",
    )
    assert cover.read_bytes() in path.read_bytes()
    assert cover.read_bytes() not in output.read_bytes()


def test_tags_that_may_tell_of_a_place_or_person_are_dropped(rich):
    output = rich.with_name(f"film{rich.suffix}")
    rejoined(rich, output)
    data = output.read_bytes()
    for secret in (PLACE, "Somebody", "filmed from home"):
        assert secret.encode() in rich.read_bytes()
        assert secret.encode() not in data
    assert {name.lower(): value for name, value in probe(output, "-show_format")["format"]["tags"].items()}[
        "title"
    ] == "A walk"


def test_all_tags_are_kept_when_asked_for(rich):
    output = rich.with_name(f"film{rich.suffix}")
    rejoined(rich, output, keep_metadata=True)
    tags = {name.lower(): value for name, value in probe(output, "-show_format")["format"]["tags"].items()}
    assert tags["location"] == PLACE
    assert tags["artist"] == "Somebody"
    assert tags["comment"] == "filmed from home"


def test_a_data_stream_is_left_out_and_said(tmp_path):
    path, output = tmp_path / "source.mov", tmp_path / "film.mov"
    ffmpeg(*picture(), *X264, "-timecode", "01:02:03:04", path)
    report, _ = rejoined(path, output)
    assert [told["codec_type"] for told in probe(output, "-show_streams")["streams"]] == ["video"]
    assert any("where it was filmed" in line for line in report.left_out)


def test_what_the_container_cannot_hold_is_left_out_and_said(tmp_path):
    path, output = tmp_path / "source.mkv", tmp_path / "film.mp4"
    ffmpeg(*picture(), *tone(), *X264, "-c:a", "pcm_s16le", path)
    report, _ = rejoined(path, output)
    assert report.left_out == ("audio pcm_s16le: mp4 cannot hold pcm_s16le",)
    assert report.copied == ()


@pytest.mark.parametrize(
    ("source", "target"), [("mkv", "mp4"), ("ts", "mp4"), ("mp4", "mkv"), ("avi", "mp4"), ("avi", "mkv")]
)
def test_sound_moves_to_another_container_packet_by_packet(tmp_path, source, target):
    path, output = tmp_path / f"source.{source}", tmp_path / f"film.{target}"
    ffmpeg(*picture(), *tone(rate=44100), *X264, "-c:a", "libmp3lame" if source == "avi" else "aac", path)
    rejoined(path, output)
    reference = path
    if (source, target) == ("mp4", "mkv"):  # an edit list hides the priming in mp4; Matroska has none, for ffmpeg too
        reference = tmp_path / "theirs.mkv"
        ffmpeg("-i", path, "-c", "copy", reference)
    decoded = [ffmpeg("-i", file, "-map", "0:a", "-f", "streamhash", "-") for file in (reference, output)]
    assert decoded[0] == decoded[1]
    theirs, ours = packet_times(path, "a"), packet_times(output, "a")
    assert len(ours) == len(theirs)
    assert all(abs(a - b) <= 0.001 for a, b in zip(ours, theirs, strict=True))
    if target == "mp4" and source == "mkv":  # milliseconds become samples: no jitter
        samples = probe(output, "-select_streams", "a", "-show_entries", "packet=duration")["packets"]
        assert {int(packet["duration"]) for packet in samples[:-1]} == {1024}


def test_damaged_sound_does_not_stop_the_film(tmp_path):
    path, output = tmp_path / "source.mkv", tmp_path / "film.mkv"
    ffmpeg(*picture(seconds=4), *tone(4), *X264, "-c:a", "aac", path)
    data = bytearray(path.read_bytes())
    begin = len(data) // 2
    data[begin : begin + 3000] = bytes(3000)
    with VideoFile(path) as source:
        paths, ticks = parts_of(source, tmp_path)
        path.write_bytes(data)
        report = join(paths, ticks, source.info, output, streams_from=path)
    assert report.frames == 100
    assert 50 < len(packet_sums(output, "a")) < 188
    assert packet_sums(output, "a") == packet_sums(path, "a")


def test_sound_that_starts_anew_goes_on(tmp_path):
    one, two, path, output = (tmp_path / name for name in ("1.ts", "2.ts", "source.ts", "film.mp4"))
    ffmpeg(*picture(), *tone(), *X264, "-c:a", "mp2", "-output_ts_offset", 100, one)
    ffmpeg(*picture(), *tone(), *X264, "-c:a", "mp2", two)
    path.write_bytes(one.read_bytes() + two.read_bytes())
    rejoined(path, output)
    times = packet_times(output, "a")
    assert all(a < b for a, b in pairwise(times))
    assert 3.9 < times[-1] - times[0] < 4.2
    assert len(times) == len(packet_sums(one, "a")) + len(packet_sums(two, "a"))
