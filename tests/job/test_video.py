from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamproc.detect.scripted import ScriptedDetector
from streamproc.errors import (
    DetectorError,
    FingerprintError,
    Interrupted,
    JournalError,
    OutputError,
    OutputOverInputError,
)
from streamproc.job import video as video_module
from streamproc.job.journal import Journal, encode_line
from streamproc.job.ledger import Ledger
from streamproc.job.results import Status
from streamproc.job.stopping import StopRequest
from tests.job.runs import CHUNK, Faces, face, names, run_video
from tests.results import result_hashes

FRAMES = 33
RESULTS = [
    "clip-0-9.json", "clip-10-19.json", "clip-20-29.json", "clip-30-32.json", "clip.mp4", "clip_bin_mask.mp4",
    "clip_ins_maks.mp4",
]  # fmt: skip


@pytest.fixture(scope="session")
def undisturbed(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed")
    run_video(clip, out)
    return result_hashes(out)


def interrupt(clip: Path, out: Path, at: int = 25, **options: Any) -> int:
    """Run until a stop that is asked for while frame ``at`` is looked at; gives the committed frames."""
    stop = StopRequest()
    with pytest.raises(Interrupted, match=r"clip\.mp4: stopped after \d+ committed frames; run the same") as raised:
        run_video(clip, out, Faces({at: lambda: stop.ask(15)}), stop, **options)
    assert raised.value.signal_number == 15
    done = sum(len(json.loads(path.read_text())) for path in out.glob("*.json"))
    assert done % CHUNK == 0
    return done


def test_a_job_leaves_its_results_and_nothing_else(clip: Path, tmp_path: Path) -> None:
    result = run_video(clip, tmp_path)
    assert (result.status, result.frames, result.resumed, result.objects) == (Status.DONE, FRAMES, 0, {"face": FRAMES})
    assert sorted(path.name for path in result.outputs) == names(tmp_path) == RESULTS
    assert set(result.seconds) >= {"decode", "detect", "render", "encode video", "commit", "join"}


def test_a_stopped_job_goes_on_and_ends_in_the_same_bytes(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    done = interrupt(clip, tmp_path)
    assert 0 < done < FRAMES
    assert not [name for name in names(tmp_path) if name in RESULTS and name.endswith(".mp4")]
    result = run_video(clip, tmp_path)
    assert (result.status, result.frames, result.resumed) == (Status.DONE, FRAMES, done)
    assert result.notes == [
        f"{done} frames in {done // CHUNK} chunks were committed before; going on",
        "the frame to go on at was found: sought",
    ]
    assert result_hashes(tmp_path) == undisturbed
    assert names(tmp_path) == RESULTS


def test_masks_as_files_go_on_too(clip: Path, tmp_path: Path) -> None:
    run_video(clip, tmp_path / "whole", mask_format="png")
    interrupt(clip, tmp_path / "stopped", mask_format="png")
    result = run_video(clip, tmp_path / "stopped", mask_format="png")
    assert result_hashes(tmp_path / "stopped") == result_hashes(tmp_path / "whole")
    assert [path.name for path in result.outputs if not path.suffix] == ["clip_bin_mask", "clip_ins_maks"]


def test_a_stop_before_the_first_chunk_leaves_a_job_that_begins_anew(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    stop = StopRequest()
    stop.ask(2)
    with pytest.raises(Interrupted, match="stopped after 0 committed frames"):
        run_video(clip, tmp_path, stop=stop)
    assert run_video(clip, tmp_path).resumed == 0
    assert result_hashes(tmp_path) == undisturbed


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def alter(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, alter, Path.unlink])
@pytest.mark.parametrize("name", [".streamproc/clip.mp4/000000-video.mp4", "clip-0-9.json"])
def test_a_committed_file_that_was_damaged_is_made_again_and_said(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str], damage: Callable[[Path], None], name: str
) -> None:
    done = interrupt(clip, tmp_path)
    damage(tmp_path / name)
    result = run_video(clip, tmp_path)
    assert f"{name}: gone or changed since the commit; chunk 0 is made again" in result.notes
    assert result.resumed == done - CHUNK
    assert result_hashes(tmp_path) == undisturbed


def test_a_torn_last_line_of_the_journal_costs_its_chunk_only(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    done = interrupt(clip, tmp_path)
    cut(tmp_path / ".streamproc" / "clip.mp4" / "journal.jsonl")
    assert run_video(clip, tmp_path).resumed == done - CHUNK
    assert result_hashes(tmp_path) == undisturbed


@pytest.mark.parametrize("call", ["join", "publish"])
def test_a_job_that_lacks_its_join_only_decodes_nothing(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(video_module, call, fail)
        with pytest.raises(OutputError, match=r"no space left on the disk while .* make room, then the same command"):
            run_video(clip, tmp_path)
    result = run_video(clip, tmp_path)
    assert result.resumed == FRAMES
    assert "decode" not in result.seconds
    assert result_hashes(tmp_path) == undisturbed


def test_a_kill_before_the_last_line_finds_its_own_films_again(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "finish", kill)
        with pytest.raises(KeyboardInterrupt):
            run_video(clip, tmp_path)
    assert (tmp_path / "clip.mp4").exists()
    assert run_video(clip, tmp_path).status is Status.DONE
    assert result_hashes(tmp_path) == undisturbed


def test_a_finished_job_is_not_done_again(clip: Path, tmp_path: Path) -> None:
    run_video(clip, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    result = run_video(clip, tmp_path)
    assert (result.status, result.frames, result.resumed) == (Status.UNCHANGED, FRAMES, FRAMES)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_result_that_was_removed_is_made_again(clip: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    run_video(clip, tmp_path)
    (tmp_path / "clip_ins_maks.mp4").unlink()
    assert run_video(clip, tmp_path).status is Status.DONE
    assert result_hashes(tmp_path) == undisturbed


def stop_again(clip: Path, out: Path) -> int:
    """As ``interrupt``, in a folder where the metadata of all frames stands already."""
    stop = StopRequest()
    with pytest.raises(Interrupted, match="stopped after") as raised:
        run_video(clip, out, Faces({25: lambda: stop.ask(15)}), stop)
    return int(str(raised.value).split("stopped after ")[1].split()[0])


def test_a_result_that_is_made_again_is_made_again_after_a_stop_too(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    run_video(clip, tmp_path)
    (tmp_path / "clip_ins_maks.mp4").unlink()
    done = stop_again(clip, tmp_path)  # metadata that it has made again has other durations
    assert done > 0
    assert run_video(clip, tmp_path).status is Status.DONE
    assert result_hashes(tmp_path) == undisturbed
    assert run_video(clip, tmp_path).status is Status.UNCHANGED


def test_what_a_kill_after_the_last_line_leaves_is_removed_by_the_next_run(clip: Path, tmp_path: Path) -> None:
    source = tmp_path / "in" / "day" / "clip.mp4"
    source.parent.mkdir(parents=True)
    shutil.copy(clip, source)
    out = tmp_path / "out"
    run_video(tmp_path / "in", out)
    day = out / ".streamproc" / "day"
    for left in ("clip.mp4/000000-video.mp4", "clip.mp4.lock", None):
        day.mkdir()
        if left:
            (day / left).parent.mkdir(exist_ok=True)
            (day / left).touch()
        assert run_video(tmp_path / "in", out).status is Status.UNCHANGED
        assert not day.exists()


def test_a_finished_job_is_left_to_tidy_to_the_process_that_does(clip: Path, tmp_path: Path) -> None:
    run_video(clip, tmp_path)
    ledger = Ledger(tmp_path)
    with ledger.lock("clip.mp4"):
        (tmp_path / ".streamproc" / "clip.mp4").mkdir()
        assert run_video(clip, tmp_path).status is Status.UNCHANGED
        assert (tmp_path / ".streamproc" / "clip.mp4").exists()
    ledger.close()


def test_other_options_another_detector_or_another_source_are_refused_by_name(clip: Path, tmp_path: Path) -> None:
    source = tmp_path / "in" / "clip.mp4"
    source.parent.mkdir()
    shutil.copy(clip, source)
    out = tmp_path / "out"
    interrupt(source, out)
    before = result_hashes(out)
    with pytest.raises(FingerprintError, match=r"begun .* options\.crf: null -> 30; .*use --overwrite"):
        run_video(source, out, crf=30)
    with pytest.raises(FingerprintError, match=r"detector\.weights"):
        run_video(source, out, ScriptedDetector({}))
    alter(source)
    with pytest.raises(FingerprintError, match=r"source\.sample_sha256"):
        run_video(source, out)
    assert result_hashes(out) == before


def test_overwrite_starts_anew_and_leaves_nothing_of_the_old(clip: Path, tmp_path: Path) -> None:
    interrupt(clip, tmp_path, mask_format="png")
    run_video(clip, tmp_path, overwrite=True, chunk_frames=20, save_mask=())
    assert names(tmp_path) == ["clip-0-19.json", "clip-20-32.json", "clip.mp4"]
    assert not (tmp_path / "clip_bin_mask").exists()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_foreign_or_altered_journal_is_refused_until_overwrite(clip: Path, tmp_path: Path, damaged: bool) -> None:
    interrupt(clip, tmp_path)
    journal = tmp_path / ".streamproc" / "clip.mp4" / "journal.jsonl"
    if damaged:
        journal.write_bytes(journal.read_bytes().replace(b'"chunk":0', b'"chunk":7'))
    else:
        journal.write_bytes(encode_line({"job": "other.mp4", "fingerprint": {}}))
    with pytest.raises(JournalError, match="line 2 of" if damaged else r"belongs to 'other\.mp4', not to 'clip\.mp4'"):
        run_video(clip, tmp_path)
    assert run_video(clip, tmp_path, overwrite=True).status is Status.DONE
    assert names(tmp_path) == RESULTS


def test_journal_and_parts_stay_where_they_are_asked_for(clip: Path, tmp_path: Path) -> None:
    run_video(clip, tmp_path, keep_work=True)
    work = tmp_path / ".streamproc" / "clip.mp4"
    kinds = ("binary", "instance", "video")
    assert sorted(path.name for path in work.iterdir()) == [
        *(f"{chunk:06d}-{kind}.mp4" for chunk in range(4) for kind in kinds),
        "journal.jsonl",
    ]
    assert run_video(clip, tmp_path, keep_work=True).status is Status.UNCHANGED
    assert work.exists()
    assert run_video(clip, tmp_path).status is Status.UNCHANGED
    assert not work.exists()


def test_work_folders_of_mirrored_folders_go_too(clip: Path, tmp_path: Path) -> None:
    source = tmp_path / "in" / "day" / "one" / "clip.mp4"
    source.parent.mkdir(parents=True)
    shutil.copy(clip, source)
    run_video(tmp_path / "in", tmp_path / "out", save_mask=(), chunk_frames=500)
    assert names(tmp_path / "out") == ["day/one/clip-0-32.json", "day/one/clip.mp4"]
    assert [path.name for path in (tmp_path / "out" / ".streamproc").iterdir()] == ["finished.jsonl"]
    assert run_video(tmp_path / "in", tmp_path / "out", save_mask=(), chunk_frames=500).status is Status.UNCHANGED


def fail() -> None:
    raise ValueError("no idea")


def test_nothing_half_written_bears_a_final_name_when_the_detector_fails(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with pytest.raises(DetectorError, match=r"clip\.mp4: frame 17 at 0\.680 s: detector scripted failed"):
        run_video(clip, tmp_path, Faces({17: fail}))
    finals = {name for name in names(tmp_path) if not name.startswith(".streamproc")}
    assert finals <= {"clip-0-9.json"}
    run_video(clip, tmp_path)
    assert result_hashes(tmp_path) == undisturbed


@pytest.mark.parametrize("name", ["clip.mp4", "clip_bin_mask.mp4", "clip-0-9.json"])
def test_a_strangers_file_at_a_final_name_stays_as_it_is(clip: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(OutputError, match=f"{name}: exists and was not written by this job; use --overwrite"):
        run_video(clip, tmp_path)
    assert (tmp_path / name).read_bytes() == b"mine"
    assert run_video(clip, tmp_path, overwrite=True).status is Status.DONE
    assert names(tmp_path) == RESULTS


def test_the_source_itself_is_never_written_to(clip: Path, tmp_path: Path) -> None:
    source = tmp_path / "in" / "film.mkv"
    source.parent.mkdir()
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-c", "copy", source], check=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "film.mkv").hardlink_to(source)
    with pytest.raises(OutputOverInputError, match=r"out/film\.mkv: is the source itself"):
        run_video(source, tmp_path / "out", overwrite=True)


def test_what_a_person_should_know_is_noted(clip: Path, tmp_path: Path) -> None:
    source = tmp_path / "film.avi"
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-c", "copy", source], check=True)
    crowd = ScriptedDetector({0: [face(n % 50, n // 50, 4) for n in range(300)]})
    result = run_video(source, tmp_path / "out", crowd)
    assert result.notes == [
        "written as .mp4: .avi is not a container that is written here",
        "45 instances share a colour: a frame held more than 255 objects of one type",
    ]
    assert (tmp_path / "out" / "film.mp4").exists()


def test_detecting_only_writes_no_picture(clip: Path, tmp_path: Path) -> None:
    run_video(clip, tmp_path, method="detect", save_mask="binary")
    assert [name for name in names(tmp_path) if name.endswith(".mp4")] == ["clip_bin_mask.mp4"]


def test_a_kill_between_the_last_commit_and_the_end_leaves_the_right_number_of_frames(
    clip: Path, tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Journal.append

    def killed_at_the_end(journal: Journal, record: dict[str, Any]) -> None:
        if "end" in record:
            raise KeyboardInterrupt
        append(journal, record)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", killed_at_the_end)
        with pytest.raises(KeyboardInterrupt):
            run_video(clip, tmp_path)
    result = run_video(clip, tmp_path)
    assert (result.frames, result.resumed) == (FRAMES, FRAMES)
    assert result_hashes(tmp_path) == undisturbed
