from __future__ import annotations

import errno
import os
import resource
import signal
import threading
from pathlib import Path
from typing import IO, Any

import pytest

from streamproc.errors import JobLockedError
from streamproc.job import lock
from streamproc.job.lock import JobLock, exclusively
from tests.job.holder import holder


def test_the_second_refuses_at_once_and_names_the_first(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4" / "lock"
    path.parent.mkdir()
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


def test_a_folder_that_another_job_removes_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "day" / "clip.mp4.lock"
    opened = Path.open
    raced = iter([True])

    def open_late(given: Path, *more: Any, **keywords: Any) -> Any:
        if next(raced, False):
            given.parent.rmdir()
        return opened(given, *more, **keywords)

    monkeypatch.setattr(Path, "open", open_late)
    with JobLock(path, "clip.mp4", tmp_path):
        assert path.exists()


def test_a_failure_inside_is_said_and_not_that_of_letting_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    path = tmp_path / "lock"
    with monkeypatch.context() as broken, pytest.raises(ValueError, match="the work"):  # noqa: PT012, SIM117  in this order
        with JobLock(path, "clip.mp4", tmp_path):
            broken.setattr(Path, "unlink", read_only)
            raise ValueError("the work")
    with monkeypatch.context() as broken, pytest.raises(OSError, match="Read-only"):  # noqa: SIM117
        with JobLock(path, "clip.mp4", tmp_path):
            broken.setattr(Path, "unlink", read_only)


def test_a_lock_that_cannot_be_written_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="too large"), JobLock(path, "clip.mp4", tmp_path):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with JobLock(path, "clip.mp4", tmp_path):
        pass


def test_a_folder_of_locks_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(FileNotFoundError), JobLock(gone / "day" / "lock", "day/clip.mp4", gone):
        pass
    assert not gone.exists()
