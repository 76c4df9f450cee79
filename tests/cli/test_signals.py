from __future__ import annotations

import os
import signal

import pytest

from streamproc.cli import signals
from streamproc.cli.signals import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends_at_once(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(signals.os, "_exit", ended.append)
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert not stop.asked
        os.kill(os.getpid(), number)
        assert stop.asked
        assert stop.signal_number == number
        assert ended == []
        os.kill(os.getpid(), number)
        assert ended == [128 + number]
    assert signal.getsignal(number) is before
