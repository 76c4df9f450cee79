from __future__ import annotations

from pathlib import Path

import pytest

from streamproc.cli import status
from streamproc.cli.main import main
from streamproc.job.status import JobStatus, State


@pytest.mark.parametrize(
    ("job", "line"),
    [
        (JobStatus("a.mp4", State.FINISHED, None, 731, 731), "a.mp4: finished, 731 frames"),
        (JobStatus("b/c.jpg", State.FINISHED, None, 1, 1), "b/c.jpg: finished, 1 frame"),
        (JobStatus("d.mp4", State.INTERRUPTED, 1, 500, None), "d.mp4: interrupted, 500 frames in 1 chunk"),
        (JobStatus("e.mp4", State.INTERRUPTED, 1, 1, 700), "e.mp4: interrupted, 1 of 700 frames in 1 chunk"),
        (
            JobStatus("f.mp4", State.RUNNING, 2, 1000, None, owner="process 7 on x (since y)"),
            "f.mp4: running, 1000 frames in 2 chunks, by process 7 on x (since y)",
        ),
    ],
)
def test_one_line_a_job(job: JobStatus, line: str) -> None:
    assert status.status_line(job) == line


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (JobStatus("a.mp4", State.FINISHED, None, 10, 10), 0),
        (JobStatus("a.mp4", State.FINISHED, None, 10, 10, ["a.mp4"]), 1),
        (JobStatus("a.mp4", State.INTERRUPTED, 0, 0, None), 1),
    ],
)
def test_exit_codes(
    job: JobStatus, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("streamproc.job.status.statuses", lambda _: iter([job]))
    assert main(["status", "out"]) == code
    assert ("missing or changed: a.mp4" in capsys.readouterr().out) == bool(job.missing)


def test_a_folder_without_jobs_is_bad_usage(tmp_path: Path) -> None:
    assert main(["status", str(tmp_path)]) == 2
