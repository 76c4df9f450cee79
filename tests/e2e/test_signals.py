"""Signals to a real process in the middle of a job, which a gate in its detector holds at a known frame."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproc.cli.main import main
from tests.e2e.held import Held, given
from tests.results import result_hashes


@pytest.fixture(scope="module")
def undisturbed(vfr_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed")
    assert main(given(vfr_clip, out)) == 0
    return result_hashes(out)


@pytest.fixture
def held(vfr_clip: Path, tmp_path: Path) -> Iterator[Held]:
    held = Held(vfr_clip, tmp_path)
    yield held
    held.close()


def resume(clip: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Run again to the end; gives how many frames were not done again."""
    assert main(given(clip, out)) == 0
    (source,) = json.loads(capsys.readouterr().out.splitlines()[-1])["sources"]
    assert source["status"] == "done"
    return int(source["resumed"])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_first_signal_finishes_the_chunk_in_hand(
    held: Held,
    number: signal.Signals,
    code: int,
    vfr_clip: Path,
    tmp_path: Path,
    undisturbed: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    held.process.send_signal(number)
    assert held.event()["message"] == "stopping after the chunk in hand; a second signal stops at once"
    held.open()
    assert held.event() == {
        "event": "error",
        "kind": "Interrupted",
        "message": f"{vfr_clip}: stopped after 100 committed frames; run the same command to go on",
    }
    assert held.end() == code
    assert sorted(result_hashes(tmp_path)) == ["uneven-0-49.json", "uneven-50-99.json"]
    assert resume(vfr_clip, tmp_path, capsys) == 100
    assert result_hashes(tmp_path) == undisturbed


def test_the_second_signal_stops_at_once(
    held: Held, vfr_clip: Path, tmp_path: Path, undisturbed: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    held.process.send_signal(signal.SIGTERM)
    held.event()
    held.process.send_signal(signal.SIGTERM)
    assert held.end() == 143  # the gate is still shut
    assert resume(vfr_clip, tmp_path, capsys) in (0, 50)
    assert result_hashes(tmp_path) == undisturbed


def test_a_kill_leaves_a_job_that_goes_on(
    held: Held, vfr_clip: Path, tmp_path: Path, undisturbed: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    held.process.kill()
    assert held.end() == -signal.SIGKILL
    assert set(result_hashes(tmp_path)) <= {"uneven-0-49.json"}
    assert resume(vfr_clip, tmp_path, capsys) in (0, 50)
    assert result_hashes(tmp_path) == undisturbed
