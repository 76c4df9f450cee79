"""Runs a function in a forked process, which may be killed: what it imported and compiled is there at once.

Forked only while this process has no other threads. A job's own have ended when it has.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 120  # for anything that a child of the rig does


@dataclass(frozen=True)
class Ended:
    """How a child ended: killed, or with an answer, or with a traceback. ``seconds`` is its whole life."""

    killed: bool
    answer: Any
    failure: str
    seconds: float


def run(function: Callable[[], Any], kill_after: float | None = None) -> Ended:
    """Run ``function`` in a child, and kill that after ``kill_after`` seconds if it has not ended by then."""
    begun = time.perf_counter()
    receive, send = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(receive)
        _answer(function, send)
    os.close(send)
    data = _read(receive, process, begun, kill_after)
    os.close(receive)
    _, status = os.waitpid(process, 0)
    seconds = time.perf_counter() - begun
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        failure = "" if number == signal.SIGKILL else f"ended by {signal.Signals(number).name}"
        if seconds > SECONDS:
            failure = f"hung for {SECONDS} s"
        return Ended(not failure, None, failure, seconds)
    answer, failure = pickle.loads(data)
    return Ended(False, answer, failure, seconds)


def _answer(function: Callable[[], Any], send: int) -> None:
    """Send the answer and end, without all that Python does at its end: the parent's files are not ours to flush."""
    try:
        data = pickle.dumps((function(), ""))
    except BaseException:
        data = pickle.dumps((None, traceback.format_exc()))
    with os.fdopen(send, "wb") as file:
        file.write(data)
    os._exit(0)


def _read(receive: int, process: int, begun: float, kill_after: float | None) -> bytes:
    data = b""
    killed = False
    limit = begun + (SECONDS if kill_after is None else kill_after)
    while True:
        wait = None if killed else max(0.0, limit - time.perf_counter())
        if not select.select([receive], [], [], wait)[0]:
            os.kill(process, signal.SIGKILL)
            killed = True
            continue
        block = os.read(receive, 1 << 20)
        if not block:
            return data
        data += block
