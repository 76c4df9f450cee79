"""SIGINT and SIGTERM: the first finishes the chunk in hand, the second ends the program at once."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamproc.job.stopping import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_log = logging.getLogger("streamproc")

_MESSAGE = "stopping after the chunk in hand; a second signal stops at once"


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Give a request that the signals set, and put the old handlers back afterwards."""
    stop = StopRequest()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.asked:
            # Nothing is left to tidy: a kill at any moment leaves a job that can be resumed.
            os._exit(128 + number)
        stop.ask(number)
        # In a thread of its own: the signal may have come in the middle of another line, and streams refuse to be
        # written to again from there (https://docs.python.org/3/library/io.html#reentrancy).
        threading.Thread(target=_log.warning, args=(_MESSAGE,)).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
