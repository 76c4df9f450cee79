from __future__ import annotations

from pathlib import Path

from streamproc.errors import OutputError, SourceNotFoundError
from streamproc.job.results import Result, SourceResult, Status

GOOD = SourceResult(Path("a.mp4"), Status.DONE, 10, 0, {"face": 2}, seconds={"decode": 1.5})
MORE = SourceResult(Path("b.mp4"), Status.DONE, 5, 0, {"face": 1, "person": 4}, seconds={"decode": 0.5, "join": 1.0})
UNREAD = SourceResult(Path("c.mp4"), Status.FAILED, error=SourceNotFoundError("gone"))
UNWRITTEN = SourceResult(Path("d.mp4"), Status.FAILED, error=OutputError("full"))


def test_sums_over_sources() -> None:
    result = Result([GOOD, MORE], 3.0)
    assert result.frames == 15
    assert result.objects == {"face": 3, "person": 4}
    assert result.seconds == {"decode": 2.0, "join": 1.0}
    assert result.ok


def test_exit_codes() -> None:
    assert Result([GOOD], 1).exit_code == 0
    assert Result([GOOD, UNREAD], 1).exit_code == 1
    assert Result([UNREAD, UNREAD], 1).exit_code == 3
    assert Result([UNREAD, UNWRITTEN], 1).exit_code == 1
    assert Result([GOOD, UNREAD], 1).failed == [UNREAD]
