"""An output folder that is removed while a job works in it.

It is moved away, which for the job is the same and happens at one moment, whatever it is writing just then.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproc.cli.main import main
from tests.e2e.held import Held, given
from tests.results import result_hashes


@pytest.fixture
def held(vfr_clip: Path, tmp_path: Path) -> Iterator[Held]:
    held = Held(vfr_clip, tmp_path / "out")
    yield held
    held.close()


@pytest.mark.parametrize("gone", ["", ".streamproc"])
def test_a_folder_that_vanishes_ends_the_job_with_a_word(
    held: Held, gone: str, vfr_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / gone).rename(tmp_path / "elsewhere")
    held.open()
    assert held.event() == {
        "event": "log",
        "level": "error",
        "message": f"{out}: was removed or replaced while {vfr_clip} was worked on; what had been done is lost, the "
        "same command begins anew",
    }
    (source,) = held.event()["sources"]
    assert source["status"] == "failed"
    assert held.end() == 1
    assert not (out / gone).exists()  # it is not made again behind the user's back
    if gone:
        assert not list(out.glob("*.mp4"))
        shutil.rmtree(out)  # its metadata is a stranger's now
    assert main(given(vfr_clip, out)) == 0
    assert len(result_hashes(out)) == 6


def test_a_work_folder_that_vanishes_ends_the_job_with_a_word(
    held: Held, vfr_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / ".streamproc" / "uneven.mp4").rename(tmp_path / "elsewhere")
    held.open()
    event = held.event()
    assert event["level"] == "error"
    assert "/.streamproc/uneven.mp4" in event["message"]
    assert held.event()["event"] == "summary"
    assert held.end() == 1
    assert not list(out.glob("*.mp4"))
    assert main(given(vfr_clip, out)) == 0  # the ledger still knows whose the metadata is
    assert len(result_hashes(out)) == 6
