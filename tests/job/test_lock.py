from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import pytest

from streamproc.errors import JobLockedError
from streamproc.job import lock
from streamproc.job.lock import JobLock, exclusively

HOLD = """
import sys
from pathlib import Path
from streamproc.job.lock import JobLock
path = Path(sys.argv[1])
with JobLock(path, "clip.mp4", path.parent):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_refuses_at_once_and_names_the_first(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4" / "lock"
    with holder(path) as process:
        with (
            pytest.raises(JobLockedError, match=rf"clip\.mp4: process {process.pid} on .* works on it"),
            JobLock(path, "clip.mp4", path.parent),
        ):
            pass
        process.communicate("")
    with JobLock(path, "clip.mp4", path.parent):
        assert str(os.getpid()) in path.read_text()


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        with JobLock(path, "clip.mp4", path.parent):
            pass


def test_it_leaves_neither_file_nor_folder_and_can_be_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "clip.mp4.lock"
    for _ in range(2):
        with JobLock(path, "sub/clip.mp4", tmp_path):
            assert path.exists()
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_its_owner_removed_while_we_opened_it_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    taken = lock._take
    raced = iter([True])

    def take(file: IO[bytes], *, wait: bool) -> None:
        if next(raced, False):
            path.unlink()
        taken(file, wait=wait)

    monkeypatch.setattr(lock, "_take", take)
    with JobLock(path, "clip.mp4", tmp_path):
        assert str(os.getpid()) in path.read_text()


def test_writers_of_one_file_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "file"
    order: list[str] = []
    with path.open("ab") as first, path.open("ab") as second:
        with exclusively(first):
            waiting = threading.Thread(target=lambda: _write(second, order))
            waiting.start()
            order.append("first")
        waiting.join(10)
    assert order == ["first", "second"]


def _write(file: IO[bytes], order: list[str]) -> None:
    with exclusively(file):
        order.append("second")


def test_an_owner_that_has_not_written_its_name_is_another_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with JobLock(path, "clip.mp4", path.parent):
        path.write_bytes(b"")
        with pytest.raises(JobLockedError, match="another process works on it"), JobLock(path, "clip.mp4", path.parent):
            pass
