from __future__ import annotations

from pathlib import Path

import pytest

from streamproc.errors import Interrupted, UsageError
from streamproc.job.lock import JobLock
from streamproc.job.status import JobStatus, State, statuses
from streamproc.job.stopping import StopRequest
from tests.job.runs import CHUNK, Faces, run_image, run_video


def by_name(output: Path) -> dict[str, JobStatus]:
    return {job.name: job for job in statuses(output)}


def stop_in_first_chunk(clip: Path, output: Path) -> None:
    stop = StopRequest()
    with pytest.raises(Interrupted, match="stopped after"):
        run_video(clip, output, Faces({CHUNK - 4: lambda: stop.ask(15)}), stop)


def test_finished_jobs_and_what_is_missing_of_them(clip: Path, photo: Path, tmp_path: Path) -> None:
    frames = run_video(clip, tmp_path).frames
    run_image(photo, tmp_path)
    assert by_name(tmp_path) == {
        clip.name: JobStatus(clip.name, State.FINISHED, None, frames, frames),
        photo.name: JobStatus(photo.name, State.FINISHED, None, 1, 1),
    }
    (tmp_path / clip.name).write_bytes(b"cut")
    (tmp_path / f"{clip.stem}-0-{CHUNK - 1}.json").unlink()
    assert by_name(tmp_path)[clip.name].missing == [f"{clip.stem}-0-{CHUNK - 1}.json", clip.name]


def test_an_interrupted_job_tells_how_far_it_is(clip: Path, tmp_path: Path) -> None:
    stop_in_first_chunk(clip, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    (job,) = statuses(tmp_path)
    assert job == JobStatus(clip.name, State.INTERRUPTED, 1, CHUNK, None)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_finished_job_that_is_being_made_again_is_not_finished(clip: Path, tmp_path: Path) -> None:
    run_video(clip, tmp_path)
    (tmp_path / clip.name).unlink()
    stop_in_first_chunk(clip, tmp_path)
    (job,) = statuses(tmp_path)
    assert (job.state, job.frames) == (State.INTERRUPTED, CHUNK)


def test_a_running_job_names_its_owner(clip: Path, tmp_path: Path) -> None:
    stop_in_first_chunk(clip, tmp_path)
    work = tmp_path / ".streamproc"
    with JobLock(work / f"{clip.name}.lock", clip.name, work):
        (job,) = statuses(tmp_path)
    assert job.state is State.RUNNING
    assert job.owner is not None
    assert job.owner.startswith("process ")


def test_a_folder_without_jobs_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no job has been run"):
        list(statuses(tmp_path))
