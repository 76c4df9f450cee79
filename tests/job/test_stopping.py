from __future__ import annotations

from streamproc.job.stopping import StopRequest


def test_a_stop_is_asked_for_once_a_signal_has_come() -> None:
    stop = StopRequest()
    assert not stop.asked
    stop.ask(15)
    assert stop.asked
    assert stop.signal_number == 15
