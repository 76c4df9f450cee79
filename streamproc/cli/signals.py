"""SIGINT and SIGTERM: the first finishes the chunk in hand, the second ends the program at once."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamproc.job.stopping import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_log = logging.getLogger("streamproc")


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Give a request that the signals set, and put the old handlers back afterwards."""
    stop = StopRequest()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.asked:
            # Nothing is left to tidy: a kill at any moment leaves a job that can be resumed.
            os._exit(128 + number)
        stop.ask(number)
        _log.warning("stopping after the chunk in hand; the same signal again stops at once")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
