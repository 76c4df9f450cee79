from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import streamproc
from streamproc.detect.detection import Detection
from streamproc.detect.scripted import ScriptedDetector
from streamproc.errors import (
    DetectionsFileError,
    DetectorError,
    Interrupted,
    NoPictureError,
    OptionError,
    OutputError,
    OutputOverInputError,
    SourceDecodeError,
    SourceNotFoundError,
    StreamprocError,
    UsageError,
)
from streamproc.job import batch as batch_module
from streamproc.job.batch import run_batch
from streamproc.job.results import Result, Status
from streamproc.job.stopping import StopRequest
from streamproc.media.frame import Frame
from streamproc.options import Options
from tests.job.runs import Faces, names

FAST: dict[str, Any] = {"preset": "ultrafast", "threads": 1}


@pytest.fixture
def street(clip: Path, photo: Path) -> Path:
    """A film, a photo in a sub-folder, and a film that is text."""
    folder = photo.parent
    (folder / "sub").mkdir()
    photo.rename(folder / "sub" / "photo.png")
    shutil.copy(clip, folder / "clip.mp4")
    (folder / "a-letter.mp4").write_text("Dear Sir or Madam")
    return folder


def run(inputs: Sequence[str | Path], out: Path, **more: Any) -> Result:
    return run_batch(inputs, out, Options.of(**FAST, **more), detector=Faces())


def test_one_bad_source_never_stops_the_rest(street: Path, tmp_path: Path) -> None:
    result = run([street, tmp_path / "gone.mp4"], tmp_path / "out")
    assert [(source.source.name, source.status) for source in result.sources] == [
        ("gone.mp4", Status.FAILED),
        ("a-letter.mp4", Status.FAILED),
        ("clip.mp4", Status.DONE),
        ("photo.png", Status.DONE),
    ]
    gone, letter = (source.error for source in result.failed)
    assert isinstance(gone, SourceNotFoundError)
    assert isinstance(letter, SourceDecodeError)
    assert "a-letter.mp4: cannot be opened as a video" in str(letter)
    assert (result.exit_code, result.frames) == (1, 34)
    assert names(tmp_path / "out") == ["clip-0-32.json", "clip.mp4", "sub/photo.json", "sub/photo.png"]
    assert json.loads((tmp_path / "out" / "sub" / "photo.json").read_text())["folder"] == "sub"


def test_nothing_that_can_be_read_is_an_exit_code_of_its_own(street: Path, tmp_path: Path) -> None:
    assert run([tmp_path / "gone.mp4"], tmp_path / "out").exit_code == 3
    assert not (tmp_path / "out").exists()
    assert run([street / "a-letter.mp4"], tmp_path / "out").exit_code == 3


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"preset": "warp"}, OptionError, "preset: one of ultrafast, .* not 'warp'"),
        ({"crf": 60}, OptionError, "crf: 0 to 51 for h264, not 60"),
        ({"detector": "nix"}, DetectorError, "there is no detector 'nix'; installed: default"),
        ({"detections": "gone.json"}, DetectionsFileError, "gone.json: there is no such file"),
    ],
)
def test_what_is_wrong_from_the_start_is_said_before_any_work(
    street: Path, tmp_path: Path, more: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        streamproc.process(street, tmp_path / "out", **(FAST | more))
    assert not (tmp_path / "out").exists()


def test_wrong_outputs_are_refused_before_any_work(street: Path) -> None:
    before = names(street)
    with pytest.raises(OutputOverInputError, match="would land on the input"):
        run([street], street)
    with pytest.raises(UsageError, match=r"a-letter\.mp4: is a file; the output has to be a folder"):
        run([street], street / "a-letter.mp4")
    with pytest.raises(UsageError, match="an input has an empty name"):
        run([street, ""], street.parent / "out")
    with pytest.raises(UsageError, match="the output folder has an empty name"):
        streamproc.process(street, "")
    assert names(street) == before


def test_an_output_that_cannot_be_written_is_said_in_one_line(street: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".streamproc").write_text("a file")
    with pytest.raises(OutputError, match=r"out/\.streamproc: cannot write results here: File exists"):
        run([street], tmp_path / "out")


def test_a_failing_disk_costs_the_source_it_fails_on(street: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "sub").mkdir(parents=True)
    (tmp_path / "out" / "sub" / "photo.json").mkdir()
    result = run([street / "clip.mp4", street], tmp_path / "out", overwrite=True)
    letter, photo = result.failed
    assert letter.source.name == "a-letter.mp4"
    assert isinstance(photo.error, OutputError)
    assert "photo.json: Is a directory; while working on" in str(photo.error)
    assert (tmp_path / "out" / "clip.mp4").exists()


def test_a_fault_of_ours_is_told_with_its_cause_and_costs_one_source(
    street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(batch_module.ImageJob, "run", fail)
    result = run([street / "clip.mp4", street / "sub" / "photo.png"], tmp_path / "out")
    (photo,) = result.failed
    assert type(photo.error) is StreamprocError
    assert "photo.png: unexpected IndexError: list index out of range; please report it" in str(photo.error)
    assert isinstance(photo.error.__cause__, IndexError)


def test_a_stop_between_two_sources_begins_no_other(street: Path, tmp_path: Path) -> None:
    stop = StopRequest()
    options = Options.of(**FAST)
    # Asked for on the film's last frame, so that the film is finished before the stop is seen.
    detector = Faces({32: lambda: stop.ask(2)})
    with pytest.raises(Interrupted, match=r"photo\.png: not begun; run the same command to go on") as raised:
        run_batch([street / "clip.mp4", street / "sub"], tmp_path / "out", options, stop=stop, detector=detector)
    assert raised.value.signal_number == 2
    assert names(tmp_path / "out") == ["clip-0-32.json", "clip.mp4"]
    result = run_batch([street / "clip.mp4", street / "sub"], tmp_path / "out", options, detector=Faces())
    assert [source.status for source in result.sources] == [Status.UNCHANGED, Status.DONE]


def test_one_file_of_detections_serves_films_and_images(street: Path, tmp_path: Path) -> None:
    given = tmp_path / "given.jsonl"
    given.write_text(
        '{"frame": 32, "bbox": [4, 4, 20, 20], "type": "face"}\n'
        '{"filename": "sub/photo.png", "bbox": [0, 0, 5, 30], "type": "license-plate"}\n'
    )
    result = streamproc.process([street / "clip.mp4", street], tmp_path / "out", detections=given, preset="ultrafast")
    assert result.objects == {"face": 1, "license-plate": 1}
    assert [source.source.name for source in result.failed] == ["a-letter.mp4"]


def test_an_image_that_the_detections_do_not_name_is_not_passed_on(street: Path, tmp_path: Path) -> None:
    given = tmp_path / "given.jsonl"
    given.write_text('{"filename": "other.png", "bbox": [0, 0, 5, 30], "type": "face"}\n')
    result = streamproc.process(street / "sub", tmp_path / "out", detections=given)
    assert isinstance(result.failed[0].error, DetectionsFileError)
    assert result.exit_code == 1
    assert names(tmp_path / "out") == []


def test_an_audio_file_has_no_picture(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "sound.mp4"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    (failed,) = run([tmp_path / "sound.mp4"], tmp_path / "out").failed
    assert isinstance(failed.error, NoPictureError)
    assert "sound.mp4: holds no video stream" in str(failed.error)


class Picky(ScriptedDetector):
    """Raises something of its own."""

    def detect(self, _: Sequence[Frame]) -> list[list[Detection]]:
        raise ZeroDivisionError("division by zero")


def test_a_detector_that_fails_fails_its_source(street: Path, tmp_path: Path) -> None:
    result = run_batch([street / "sub", street / "clip.mp4"], tmp_path / "out", Options.of(**FAST), detector=Picky({}))
    assert all(isinstance(source.error, DetectorError) for source in result.failed)
    assert (len(result.failed), result.exit_code) == (2, 1)
    assert names(tmp_path / "out") == [".streamproc/clip.mp4/journal.jsonl"]


class Shown:
    """Writes down what a progress is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def begin(self, source: Path, total: int | None, resumed: int) -> None:
        self.told.append((source.name, total, resumed))

    def advance(self, frames: int, detections: int) -> None:
        self.told.append((frames, detections))

    def end(self) -> None:
        self.told.append(())


def test_images_in_a_row_share_one_progress(photo: Path, clip: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png", "z.png"):
        shutil.copy(photo, photo.with_name(name))
    photo.unlink()
    shutil.copy(clip, photo.with_name("d.mp4"))
    out, options, first, second = tmp_path / "out", Options.of(**FAST), Shown(), Shown()
    run_batch([photo.parent / "a.png"], out, options, progress=first, detector=Faces())
    assert first.told == []
    run_batch([photo.parent], out, options, progress=second, detector=Faces())
    images, film = second.told[:4], second.told[4:]
    assert images == [("images", 3, 1), (1, 1), (1, 1), ()]
    assert film == [("d.mp4", 33, 0), *[(1, 1)] * 33, ()]
