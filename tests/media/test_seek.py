"""Resuming at a mark gives the very frames that reading from the beginning gives."""

from __future__ import annotations

import json
from dataclasses import replace

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
    "refresh.mp4": [*FILM, *X264, "-x264-params", "intra-refresh=1:keyint=30"],
    "refresh.ts": [*FILM, *X264, "-x264-params", "intra-refresh=1:keyint=30"],
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
