"""Videos as they come: pixel formats, containers, other streams, damage. ffmpeg makes and judges them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import streamproc
from streamproc.cli.main import main
from streamproc.detect.detector import DetectorSettings
from streamproc.job.batch import run_batch
from streamproc.job.results import SourceResult
from streamproc.job.validation import validate
from streamproc.media.pixels import LAYOUTS
from streamproc.options import Options
from tests.e2e.command import DETECTORS, MIDDLE
from tests.e2e.found import Middle, corner, middle
from tests.e2e.oracles import ffmpeg, ffprobe, packet_hashes, raw_pictures, stream, times

FRAMES = 30
MOVING = ("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=1.2")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1.2:sample_rate=48000")
X264 = ("-c:v", "libx264", "-preset", "ultrafast")


@dataclass(frozen=True)
class Clip:
    """A clip to be made by ffmpeg: the source's name, the arguments, and what streamproc makes of it."""

    name: str
    arguments: tuple[str, ...]
    output: str
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (96, 64)
    encoded_format: str | None = None  # where the encoder cannot keep the source's
    options: tuple[tuple[str, Any], ...] = ()
    beside: tuple[str, ...] = ()  # streams that are copied

    def make(self, folder: Path) -> Path:
        path = folder / self.name
        if "TURN" in self.arguments:
            flat = folder / "flat.mp4"
            ffmpeg(*MOVING, *X264, "-pix_fmt", "yuv420p", str(flat))
            ffmpeg("-i", str(flat), "-c", "copy", "-metadata:s:v:0", "rotate=90", str(path))
            flat.unlink()
            return path
        ffmpeg(*MOVING, *self.arguments, str(path))
        return path


def pixel_format(name: str, *codec: str) -> tuple[str, ...]:
    return (*(codec or X264), "-pix_fmt", name)


VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")

CLIPS = [
    Clip("a.mp4", pixel_format("yuv420p"), "a.mp4"),
    Clip("deep.mp4", pixel_format("yuv420p10le"), "deep.mp4", "yuv420p10le"),
    Clip("422.mkv", pixel_format("yuv422p"), "422.mkv", "yuv422p"),
    Clip("444.mp4", pixel_format("yuv444p"), "444.mp4", "yuv444p"),
    Clip("deep422.mov", pixel_format("yuv422p10le", "-c:v", "prores_ks"), "deep422.mov", "yuv422p10le"),
    Clip("gray.mkv", pixel_format("gray", "-c:v", "ffv1"), "gray.mkv", "gray",
         encoded_format="yuvj420p"),  # what FFmpeg's decoder calls monochrome H.264 of full range
    Clip("rgb.mkv", pixel_format("gbrp", "-c:v", "ffv1", "-strict", "-1"), "rgb.mkv", "gbrp"),
    Clip("full.avi", pixel_format("yuvj422p", "-c:v", "mjpeg"), "full.mp4", "yuvj422p"),
    Clip(
        "odd.mkv", ("-vf", "scale=97:65", *pixel_format("yuv420p", "-c:v", "ffv1")), "odd.mkv", size=(97, 65),
        encoded_format="yuv444p",
    ),
    Clip(
        "odd.webm", ("-vf", "scale=97:65", *pixel_format("yuv420p", *VP9)), "odd.webm", size=(97, 65),
        options=(("codec", "vp9"),),
    ),
    Clip("turned.mp4", ("TURN",), "turned.mp4", size=(64, 96)),
    Clip(
        "two.mkv",
        (*SOUND, "-i", "SUBTITLES", "-map", "0", "-map", "1", "-map", "1", "-map", "2", *pixel_format("yuv420p"),
         "-c:a:0", "libmp3lame", "-c:a:1", "flac", "-c:s", "srt", "-metadata:s:a:1", "language=deu"),
        "two.mkv", beside=("a:0", "a:1", "s:0"),
    ),
    Clip("pcm.mov", (*SOUND, *pixel_format("yuv420p"), "-c:a", "pcm_s16le"), "pcm.mov", beside=("a:0",)),
    Clip("sound.webm", (*SOUND, *pixel_format("yuv420p", *VP9), "-c:a", "libopus"), "sound.mp4", beside=("a:0",)),
    Clip(
        "own.webm", (*SOUND, *pixel_format("yuv420p", *VP9), "-c:a", "libvorbis"), "own.webm",
        options=(("codec", "vp9"),), beside=("a:0",),
    ),
    Clip("vorbis.webm", (*SOUND, *pixel_format("yuv420p", *VP9), "-c:a", "libvorbis"), "vorbis.mkv", beside=("a:0",)),
    Clip("tv.ts", (*SOUND, *pixel_format("yuv420p"), "-bf", "2", "-c:a", "mp2"), "tv.ts", beside=("a:0",)),
    Clip(
        "old.avi", (*SOUND, *pixel_format("yuv420p", "-c:v", "mpeg4"), "-c:a", "libmp3lame"), "old.mp4", beside=("a:0",)
    ),
    Clip("disc.mpg", (*SOUND, *pixel_format("yuv420p", "-c:v", "mpeg2video"), "-c:a", "mp2"), "disc.mp4",
         beside=("a:0",)),
    Clip("field.mkv", ("-vf", "interlace", *pixel_format("yuv420p"), "-flags", "+ilme+ildct"), "field.mkv"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(params=CLIPS, ids=lambda clip: clip.name)
def clip(request: pytest.FixtureRequest) -> Clip:
    made: Clip = request.param
    return made


@pytest.fixture
def source(clip: Clip, folder: Path) -> Path:
    subtitles = folder / "words.srt"
    subtitles.write_text("1\n00:00:00,200 --> 00:00:00,900\nHello\n")
    path = folder / clip.name
    if not path.exists():
        arguments = tuple(str(subtitles) if one == "SUBTITLES" else one for one in clip.arguments)
        Clip(clip.name, arguments, clip.output).make(folder)
    return path


def run(source: Path, out: Path, **options: Any) -> SourceResult:
    given: dict[str, Any] = {"method": "blacken", "preset": "ultrafast", "threads": 1, "chunk_frames": 12}
    (result,) = run_batch(
        [source], out, Options.of(**(given | options)), detector=Middle(DetectorSettings())
    ).sources  # fmt: skip
    assert result.error is None, result.error
    return result


def test_what_comes_out_is_what_went_in(clip: Clip, source: Path, tmp_path: Path) -> None:
    result = run(source, tmp_path, save_mask="binary", **dict(clip.options))
    made = tmp_path / clip.output
    assert made in result.outputs
    assert any(note.startswith("written as") for note in result.notes) == (clip.output != clip.name)
    shown = times(source)
    assert times(made) == shown
    assert result.frames == len(shown)
    about = stream(made)
    assert (about["width"], about["height"]) == clip.size
    assert about["pix_fmt"] == (clip.encoded_format or clip.pixel_format)
    assert about["codec_name"] == dict(clip.options).get("codec", "h264")
    assert not about.get("side_data_list")
    for kind in clip.beside:
        assert packet_hashes(made, kind) == packet_hashes(source, kind)
        assert language(made, kind) == language(source, kind)
    others = [one for one in ffprobe(made, "-show_streams")["streams"] if one["codec_type"] != "video"]
    assert len(others) == len(clip.beside)
    assert validate(tmp_path).problems == []


def language(path: Path, kind: str) -> str:
    return str(stream(path, kind).get("tags", {}).get("language", "und"))


def covered(width: int, height: int, shift: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Which samples of a plane hold a covered pixel."""
    rows, columns = -(-height >> shift[1]), -(-width >> shift[0])
    inside = np.zeros((rows << shift[1], columns << shift[0]), bool)
    for x1, y1, x2, y2 in (middle(width, height), corner(width, height)):
        inside[y1:y2, x1:x2] = True
    return inside.reshape(rows, 1 << shift[1], columns, 1 << shift[0]).any(axis=(1, 3))


def test_samples_outside_the_cover_are_those_that_ffmpeg_decodes(clip: Clip, source: Path) -> None:
    layout, (width, height) = LAYOUTS[clip.pixel_format], clip.size
    sizes = [layout.plane_size(plane, width, height) for plane in range(len(layout.shifts))]
    kind = np.uint8 if layout.bits == 8 else np.uint16
    raw = raw_pictures(source, clip.pixel_format, sum(w * h for w, h in sizes) * kind().itemsize)
    black = layout.black(full_range=clip.pixel_format.startswith("yuvj") or clip.pixel_format == "gray")
    count = 0
    loop = streamproc.frames(source, detector=f"{DETECTORS}:Middle", method="blacken")
    for (frame, found, _), expected in zip(loop, raw, strict=True):
        count += 1
        assert (frame.width, frame.height, frame.layout.name, len(found)) == (width, height, clip.pixel_format, 2)
        samples = np.frombuffer(expected, kind)
        for plane, shift, (w, h), dark in zip(frame.planes, layout.shifts, sizes, black, strict=True):
            given, samples = samples[: w * h].reshape(h, w), samples[w * h :]
            inside = covered(width, height, shift)
            assert (plane[~inside] == given[~inside]).all()
            if clip.pixel_format != "gray":  # its range is the file's to say
                assert (plane[inside] == dark).all()
    assert count == len(times(source))


def test_a_damaged_film_is_read_to_its_end_and_said(tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.mp4"
    source.parent.mkdir()
    ffmpeg(*MOVING, *SOUND, *X264, "-g", "5", "-pix_fmt", "yuv420p", "-c:a", "mp3", str(source))
    data = bytearray(source.read_bytes())
    packets = ffprobe(source, "-select_streams", "v:0", "-show_packets")["packets"]
    for number in (7, 18):
        begin, size = int(packets[number]["pos"]), int(packets[number]["size"])
        data[begin : begin + size] = bytes([0xFF]) * size
    source.write_bytes(data)
    result = run(source, tmp_path / "out")
    assert times(tmp_path / "out" / "a.mp4") == times(source)
    assert "while reading: 2 corrupt packets" in result.notes
    assert validate(tmp_path / "out").problems == []


@pytest.fixture
def unreadable(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    ffmpeg(*SOUND, "-c:a", "aac", str(folder / "speech.mp4"))
    ffmpeg(*SOUND, "-f", "lavfi", "-i", "color=size=32x32:rate=1:duration=1", "-map", "0", "-map", "1", "-c:a", "mp3",
           "-frames:v", "1", "-c:v", "png", "-disposition:v", "attached_pic", str(folder / "song.mp3"))  # fmt: skip
    (folder / "zero.mp4").touch()
    ffmpeg(*MOVING, *X264, str(folder / "cut.mp4"))
    (folder / "cut.mp4").write_bytes((folder / "cut.mp4").read_bytes()[:4000])  # the index stood at the end
    (folder / "noise.avi").write_bytes(np.random.default_rng(1).bytes(5000))
    return folder


def test_what_holds_no_picture_is_told_from_what_is_broken(
    unreadable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(path) for path in sorted(unreadable.iterdir())]
    assert main(["process", *given, "-o", str(tmp_path / "out"), *MIDDLE]) == 3
    errors = capsys.readouterr().err.splitlines()
    assert [line.removeprefix(f"streamproc: {unreadable}/") for line in errors] == [
        "cut.mp4: cannot be opened as a video: Invalid data found when processing input; check the file",
        "noise.avi: cannot be opened as a video: Invalid data found when processing input; check the file",
        "song.mp3: holds only cover art; give a file with moving pictures",
        "speech.mp4: holds no video stream; give a file with moving pictures",
        "zero.mp4: is empty",
    ]


def test_one_frame_is_a_film_too(tmp_path: Path) -> None:
    source = tmp_path / "in" / "one.mp4"
    source.parent.mkdir()
    ffmpeg(*MOVING, *X264, "-frames:v", "1", str(source))
    assert run(source, tmp_path / "out", save_mask="all").frames == 1
    assert times(tmp_path / "out" / "one.mp4") == [Fraction(0)]
    assert validate(tmp_path / "out").problems == []
