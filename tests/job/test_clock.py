from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamproc.job import clock as clock_module
from streamproc.job.clock import StageClock


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time is as many seconds as numbers were put in here."""
    passed: list[float] = []
    monkeypatch.setattr(clock_module.time, "perf_counter", lambda: float(len(passed)))
    return passed


def test_work_is_added_by_stage_also_when_it_fails(ticks: list[float]) -> None:
    clock = StageClock()
    with clock.measure("encode"):
        ticks.append(1)
    with pytest.raises(ZeroDivisionError), clock.measure("encode"):
        ticks += [1, 1 // 0]
    with clock.measure("encode"):
        ticks += [1, 1]
    clock.add("join", 0.5)
    assert clock.seconds == {"encode": 3.0, "join": 0.5}


def test_each_counts_making_and_not_using(ticks: list[float]) -> None:
    def numbers() -> Iterator[int]:
        for number in range(3):
            ticks.append(1)
            yield number

    clock = StageClock()
    for _ in clock.each("decode", numbers()):
        ticks += [1, 1, 1]
    assert clock.seconds == {"decode": 3.0}
