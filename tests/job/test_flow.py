from __future__ import annotations

import threading

import pytest

from streamproc.job.flow import Channel, Flow, FlowStopped


def test_items_arrive_in_order_and_the_end_mark_ends_the_loop() -> None:
    flow = Flow()
    channel: Channel[int] = Channel(flow, 2)
    got: list[int] = []

    def write() -> None:
        for number in range(50):
            channel.put(number)
        channel.end()

    flow.start("write", write)
    flow.start("read", lambda: got.extend(channel))
    flow.join()
    assert got == list(range(50))


def test_a_full_channel_makes_the_writer_wait() -> None:
    flow = Flow()
    channel: Channel[int] = Channel(flow, 1)
    written = threading.Semaphore(0)

    def write() -> None:
        for number in range(3):
            channel.put(number)
            written.release()
        channel.end()

    flow.start("write", write)
    assert written.acquire(timeout=10)  # the first fits; the second waits for a reader
    with flow.changed:
        assert len(channel._items) == 1
    assert list(channel) == [0, 1, 2]
    flow.join()


def test_a_channel_ends_when_its_last_writer_ends() -> None:
    flow = Flow()
    channel: Channel[str] = Channel(flow, 4, writers=2)
    channel.put("a")
    channel.end()
    channel.put("b")
    channel.end()
    assert list(channel) == ["a", "b"]


def test_the_first_error_stops_every_worker_and_is_raised_by_join() -> None:
    flow = Flow()
    empty: Channel[int] = Channel(flow, 1)
    full: Channel[int] = Channel(flow, 1)
    full.put(0)
    waiting = threading.Barrier(3)

    def read_for_ever() -> None:
        waiting.wait(10)
        list(empty)

    def write_for_ever() -> None:
        waiting.wait(10)
        full.put(1)

    def fail() -> None:
        waiting.wait(10)
        raise ValueError("first")

    for work in (read_for_ever, write_for_ever, fail):
        flow.start(work.__name__, work)
    with pytest.raises(ValueError, match="first"):
        flow.join()


def test_a_stopped_flow_refuses_further_traffic() -> None:
    flow = Flow()
    channel: Channel[int] = Channel(flow, 1)
    flow.stop()
    with pytest.raises(FlowStopped):
        channel.put(1)
    with pytest.raises(FlowStopped):
        next(iter(channel))
    flow.join()
