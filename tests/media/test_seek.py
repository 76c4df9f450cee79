"""Resuming at a mark gives the very frames that reading from the beginning gives."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import av
import pytest

from streamproc.media.mark import Mark, MarkMaker, picture_digest
from streamproc.media.video_file import VideoFile
from tests.media.clips import UNEVEN, ffmpeg, picture, tone

CHUNK = 23  # no divisor of a GOP: so that chunks end everywhere in it

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
CLOSED = [*X264, "-x264-params", "keyint=30:bframes=3:b-pyramid=normal:ref=4:scenecut=0:open-gop=0"]
OPEN = [*X264, "-x264-params", "keyint=30:bframes=3:b-pyramid=normal:ref=4:scenecut=0:open-gop=1"]
X265 = ["-c:v", "libx265", "-preset", "ultrafast"]
CRA = [*X265, "-x265-params", "log-level=none:open-gop=1:keyint=30:bframes=4:scenecut=0"]
SOUND = ["-c:a", "aac", "-b:a", "96k"]
FILM = picture(seconds=6)
LATE = ["-vf", "setpts=PTS+7/TB"]

START = "decoded from the start, because no seek could be proven right"

# name of the file: ffmpeg's arguments that make it
SOUGHT = {
    "closed.mp4": [*FILM, *CLOSED],
    "closed.mkv": [*FILM, *CLOSED],
    "closed.ts": [*FILM, *CLOSED],
    "open.mp4": [*FILM, *OPEN],
    "open.mkv": [*FILM, *OPEN],
    "open.ts": [*FILM, *OPEN],
    "sound.mp4": [*FILM, *tone(6), *OPEN, *SOUND],
    "sound.mkv": [*FILM, *tone(6), *OPEN, *SOUND],
    "sound.ts": [*FILM, *tone(6), *OPEN, *SOUND],
    "fragments.mp4": [*FILM, *CLOSED, "-movflags", "frag_keyframe+empty_moov"],
    "uneven.mp4": [*picture(rate=30, seconds=6), *UNEVEN, *OPEN, "-video_track_timescale", "90000"],
    "uneven.mkv": [*picture(rate=30, seconds=6), *UNEVEN, *OPEN],
    "one_key.mp4": [*FILM, *X264, "-g", 1000, "-sc_threshold", 0],
    "one_key.ts": [*FILM, *X264, "-g", 1000, "-sc_threshold", 0],
    "all_key.mp4": [*FILM, *X264, "-g", 1],
    "late.mp4": [*FILM, *LATE, *CLOSED],
    "late.mkv": [*FILM, *LATE, *CLOSED],
    "late.ts": [*FILM, *CLOSED, "-output_ts_offset", 95000],
    "plain.avi": [*FILM, "-c:v", "mpeg4", "-g", 30],
    "bframes.avi": [*FILM, "-c:v", "mpeg4", "-g", 30, "-bf", 2],
    "h264.avi": [*FILM, *CLOSED],
    "motion.avi": [*FILM, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"],
    "vp9.webm": [*FILM, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", 8, "-g", 30],
    "altref.webm": [*FILM, "-c:v", "libvpx", "-auto-alt-ref", 1, "-lag-in-frames", 16, "-g", 30, "-cpu-used", 5,
                    "-deadline", "good"],
    "cra.mp4": [*FILM, *CRA],
    "cra.mkv": [*FILM, *CRA],
    "cra.ts": [*FILM, *CRA],
    "fields.ts": [*FILM, *CLOSED, "-flags", "+ildct+ilme"],
    "program.mpg": [*FILM, "-c:v", "mpeg2video", "-bf", 2],
    "film.flv": [*FILM, *CLOSED],
    "film.wmv": [*FILM, "-c:v", "wmv2", "-g", 30],
    "film.ogv": [*FILM, "-c:v", "libtheora", "-g", 30],
    "odd.mov": [*picture("97x65", seconds=6), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"],
    "planes.avi": [*FILM, "-c:v", "rawvideo", "-pix_fmt", "bgr24"],
}  # fmt: skip


def resumed(path, chunk=CHUNK):
    """Hold a film that goes on at each of its marks against the film as a whole; how each went on."""
    maker = MarkMaker(chunk)
    whole, marks = [], []
    with VideoFile(path) as film:
        for frame in film.frames():
            mark = maker.see(frame)
            if mark is not None:
                marks.append(mark)
            whole.append((frame.ordinal, frame.pts, picture_digest(frame)))
    assert len(marks) == len(whole) // chunk > 0
    found = []
    for mark in marks:
        again = Mark.of_json(json.loads(json.dumps(mark.to_json())))
        assert again == mark
        with VideoFile(path) as film:
            maker = MarkMaker(chunk, again)
            rest = []
            for frame in film.frames(mark.ordinal + 1, again):
                later = maker.see(frame)
                if later is not None:  # Matroska stores no decode times: FFmpeg makes them up, not after a seek
                    assert replace(later, key=None) == replace(marks[later.ordinal // chunk], key=None)
                rest.append((frame.ordinal, frame.pts, picture_digest(frame)))
            assert rest == whole[mark.ordinal + 1 :]
            found.append(film.sought)
    return found


@pytest.mark.parametrize("name", SOUGHT)
def test_a_film_that_goes_on_equals_the_whole(tmp_path, name):
    ffmpeg(*SOUGHT[name], tmp_path / name)
    assert START not in resumed(tmp_path / name)[-2:]  # near the beginning that is no fault


# Without times, and without key pictures
NOT_SOUGHT = {
    "raw.h264": [*FILM, *CLOSED],
    "raw.hevc": [*FILM, *CRA],
    "refresh.mp4": [*FILM, *X264, "-x264-params", "intra-refresh=1:keyint=30"],
    "refresh.ts": [*FILM, *X264, "-x264-params", "intra-refresh=1:keyint=30"],
}


@pytest.mark.parametrize("name", NOT_SOUGHT)
def test_what_no_seek_can_prove_is_decoded_from_its_start(tmp_path, name):
    ffmpeg(*NOT_SOUGHT[name], tmp_path / name)
    assert START in resumed(tmp_path / name)


@pytest.mark.parametrize("name", ["closed.mp4", "open.mp4", "one_key.mp4"])
def test_a_film_with_an_edit_list_goes_on(tmp_path, name):
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    ffmpeg(*SOUGHT[name], whole)
    ffmpeg("-ss", 1.1, "-i", whole, "-c", "copy", cut)
    assert (START in resumed(cut)[-2:]) == (name == "one_key.mp4")  # the one key picture is not shown


def test_a_film_on_its_side_goes_on(tmp_path):
    flat, turned = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    ffmpeg(*FILM, *OPEN, flat)
    ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    assert START not in resumed(turned)


def test_a_film_that_changes_its_size_goes_on(tmp_path):
    first, second, path = tmp_path / "a.ts", tmp_path / "b.ts", tmp_path / "clip.ts"
    ffmpeg(*picture(seconds=3), *CLOSED, first)
    ffmpeg(*picture("128x96", seconds=3), "-output_ts_offset", 3, *CLOSED, second)
    path.write_bytes(first.read_bytes() + second.read_bytes())
    assert START not in resumed(path)[-2:]


@pytest.mark.parametrize("chunk", [1, 2, 7, 50])
def test_chunks_of_any_size_go_on(tmp_path, chunk):
    path = tmp_path / "clip.mkv"
    ffmpeg(*picture(seconds=2), *OPEN, path)
    assert START not in resumed(path, chunk)


@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts", "clip.mp4"])
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_film_goes_on(tmp_path, name, seed):
    path = tmp_path / name
    ffmpeg(*FILM, *tone(6), *OPEN, *SOUND, path)
    data = bytearray(path.read_bytes())
    rng = random.Random(seed)
    for _ in range(12):
        at = rng.randrange(2000, len(data) - 8000)
        data[at : at + 6] = rng.randbytes(6)
    path.write_bytes(data)
    resumed(path)


@pytest.mark.parametrize("same", [True, False], ids=["the same again", "another after it"])
@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_a_film_whose_clock_starts_anew_goes_on(tmp_path, same, suffix):
    """Time and picture alone would prove the first of two equal halves to be the second."""
    first, second, path = (tmp_path / f"{name}{suffix}" for name in ("first", "second", "clip"))
    coded = CLOSED if suffix == ".ts" else ["-c:v", "mpeg2video", "-bf", 2]
    ffmpeg(*picture(seconds=3), *coded, first)
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=96x64:r=25", "-t", 3, *coded, second)
    path.write_bytes(first.read_bytes() + (first if same else second).read_bytes())
    resumed(path)


def copy_with(path, into, change):
    """Copy the packets of a film, each changed by a function of its number and itself."""
    with av.open(str(path)) as source, av.open(str(into), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size:
                change(number, packet)
                packet.stream = stream
                target.mux(packet)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".flv", ".avi"])
@pytest.mark.parametrize("flagged", ["every one", "every 20th"])
def test_a_film_whose_key_frame_flags_lie_goes_on(tmp_path, suffix, flagged):
    """Like cockatoo.mp4 of imageio: right times and broken pictures after a seek."""
    path, lying = tmp_path / f"clip{suffix}", tmp_path / f"lying{suffix}"
    ffmpeg(*picture(seconds=8), *X264, "-x264-params", "keyint=100:bframes=2:scenecut=0", path)

    def lie(number, packet):
        packet.is_keyframe = flagged == "every one" or number % 20 == 10

    copy_with(path, lying, lie)
    assert START not in resumed(lying)[-2:]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_still_scene_with_flags_that_lie_goes_on(tmp_path, suffix):
    path, lying = tmp_path / f"clip{suffix}", tmp_path / f"lying{suffix}"
    still = ["-f", "lavfi", "-i", "mandelbrot=s=96x64:r=25:end_scale=3", "-vf", "loop=-1:60,trim=end=6"]
    ffmpeg(*still, *X264, "-x264-params", "keyint=75:bframes=2:scenecut=0", path)
    copy_with(path, lying, lambda number, packet: setattr(packet, "is_keyframe", number % 10 == 0))
    resumed(lying)


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
@pytest.mark.parametrize("change", ["repeat", "go back", "start anew", "are missing"])
def test_a_film_with_bad_times_goes_on(tmp_path, suffix, change):
    path, bad = tmp_path / f"clip{suffix}", tmp_path / f"bad{suffix}"
    ffmpeg(*FILM, *X264, "-bf", 0, "-g", 30, path)

    def spoil(number, packet):
        frame = packet.duration
        if change == "are missing":
            if number % 11 == 5:
                packet.pts = None
            return
        packet.dts = number  # muxers refuse decode times that do not rise, or lie after the time of the frame
        packet.pts += 100 * frame
        if change == "repeat" and number % 9 > 5:
            packet.pts -= frame * (number % 9 - 5)
        elif change == "go back" and number % 40 == 20:
            packet.pts -= frame * 5
        elif change == "start anew" and number > 70:
            packet.pts -= (
                frame * 60 + frame * (number % 5) // 8
            )  # uneven too: the shift cannot be guessed from the next frame

    copy_with(path, bad, spoil)
    assert START not in resumed(bad)[-2:]
