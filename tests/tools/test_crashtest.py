"""The short version of the crash test, and that it finds what it is there to find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Runs the tool on a streamproc that was altered by the first argument.
ALTERED = """
import runpy, sys
exec(sys.argv.pop(1))
sys.path.insert(0, "tools")
runpy.run_path("tools/crashtest.py", run_name="__main__")
"""

NO_FOLDER_IS_SYNCED = "from streamproc.job import files; files.sync_folder = lambda _: None"
NO_PART_IS_SYNCED = "from streamproc.job import commit; commit.sync_file = lambda _: None"
NEVER_REOPENED = "from streamproc.job.ledger import Ledger; Ledger.reopen = lambda *_: None"
COPIED_INTO_PLACE = """
from streamproc.job import image
def publish(moves, root):
    for temporary, final in moves:
        final.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "rb") as old, open(final, "wb") as new:
            new.write(old.read())
image.publish = publish
"""


def crashtest(*given: str, altered: str = "pass") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ALTERED, altered, "--frames", "60", "--chunk-frames", "15", *given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_killed_jobs_and_cut_power_end_in_the_same_bytes() -> None:
    done = crashtest("--kills", "25", "--power-loss", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "25 kills in " in done.stdout
    assert "30 states of the disk; 0 differences" in done.stdout
    moments = {line[11:49].strip() for line in done.stdout.splitlines() if line.endswith("same bytes")}
    assert {"random time", "within write of journal", "within write of ledger"} <= moments
    assert len(moments) >= 20


@pytest.mark.parametrize(
    ("altered", "given", "found"),
    [
        (NO_FOLDER_IS_SYNCED, ("--scenario", "film", "--power-loss", "6"), "frames were committed, only 0 were found"),
        (NO_PART_IS_SYNCED, ("--scenario", "film", "--power-loss", "1"), "was renamed before it was synced"),
        (NEVER_REOPENED, ("--scenario", "remade", "--kills", "5"), "changed since day/clip.mp4 was finished"),
        (COPIED_INTO_PLACE, ("--scenario", "image", "--kills", "12"), "out/day/photo.jpg is not whole"),
    ],
    ids=["no folder is synced", "no part is synced", "a job is not opened again", "a file is copied into place"],
)
def test_faults_are_found(altered: str, given: tuple[str, ...], found: str) -> None:
    done = crashtest(*given, altered=altered)
    assert done.returncode == 1
    assert found in done.stdout + done.stderr
