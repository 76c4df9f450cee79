from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from streamproc.cli.report import Reporter, summary_lines
from streamproc.errors import SourceNotFoundError
from streamproc.job.results import Result, SourceResult, Status

RESULT = Result(
    [
        SourceResult(
            Path("a.mp4"), Status.DONE, 500, 100, {"face": 7}, [Path(f"out/a-{n}.json") for n in range(10)],
            {"decode": 1.0, "detect": 3.5}, ["written as .mp4: .avi is not a container written here"],
        ),
        SourceResult(Path("b.jpg"), Status.UNCHANGED, 1, 1, {"person": 2}, [Path("out/b.jpg")]),
        SourceResult(Path("c.mp4"), Status.FAILED, error=SourceNotFoundError("c.mp4: there is no such file or folder")),
    ],
    8.0,
)  # fmt: skip


def test_summary_for_people() -> None:
    assert summary_lines(RESULT) == [
        "a.mp4: done, 500 frames",
        "  note: written as .mp4: .avi is not a container written here",
        *[f"  out/a-{n}.json" for n in range(8)],
        "  and 2 more files beside them",
        "b.jpg: already done, 1 frame",
        "  out/b.jpg",
        "c.mp4: failed: there is no such file or folder",
        "501 frames, 7 face, 2 person",
        "8.0 s, 50.0 frames/s; seconds of work by stage: decode 1.0, detect 3.5",
        "1 done, 1 already done, 1 failed",
    ]


def test_json_lines_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(json_log=True, tracebacks=False) as reporter:
        logging.getLogger("streamproc.job").info("going on")
        reporter.summary(RESULT)
    captured = capsys.readouterr()
    log, summary = map(json.loads, captured.out.splitlines())
    assert log == {"event": "log", "level": "info", "message": "going on"}
    assert summary["event"] == "summary"
    assert summary["objects"] == {"face": 7, "person": 2}
    assert [source["status"] for source in summary["sources"]] == ["done", "already done", "failed"]
    assert summary["sources"][2]["error"].startswith("c.mp4: there is no")
    assert captured.err == ""


def test_log_lines_for_people_and_tracebacks_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(json_log=False, tracebacks=True) as reporter:
        logging.getLogger("streamproc.job").warning("odd")
        reporter.summary(RESULT)
    captured = capsys.readouterr()
    assert captured.err.startswith("streamproc: odd\n")
    assert "SourceNotFoundError" in captured.err
    handlers = list(logging.getLogger("streamproc").handlers)
    assert handlers == []
