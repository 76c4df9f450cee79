"""Threads joined by bounded channels: errors travel, ends are marked, and every wait can be interrupted."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class FlowStopped(BaseException):
    """Raised out of every wait of a flow that has been stopped; it ends a worker and is never an error itself."""


class Flow:
    """A set of worker threads that begin and end together.

    The first error of any worker stops all others and is raised by ``join``. All channels of a flow share its lock:
    traffic is a few hundred items a second, far below where one lock would be felt.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.stopped = False
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Run ``work`` in a thread of its own."""
        thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self, error: BaseException | None = None) -> None:
        """Wake every wait with FlowStopped; the first ``error`` given is kept for ``join``."""
        with self.changed:
            self.stopped = True
            if self._error is None:
                self._error = error
            self.changed.notify_all()

    def join(self) -> None:
        """Wait for all workers; raise the first error of any of them."""
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except FlowStopped:
            pass
        except BaseException as error:
            self.stop(error)


class Channel(Generic[T]):
    """A bounded queue between workers of one flow, with any number of writers and one reader."""

    def __init__(self, flow: Flow, capacity: int, writers: int = 1) -> None:
        self._flow = flow
        self._capacity = capacity
        self._open_writers = writers
        self._items: deque[T] = deque()

    def put(self, item: T) -> None:
        """Append ``item``, waiting while the channel is full. Raises FlowStopped when the flow is stopped."""
        changed = self._flow.changed
        with changed:
            while len(self._items) >= self._capacity and not self._flow.stopped:
                changed.wait()
            if self._flow.stopped:
                raise FlowStopped
            self._items.append(item)
            changed.notify_all()

    def end(self) -> None:
        """Say that this writer writes no more; the reader's loop ends after the last writer's last item."""
        with self._flow.changed:
            self._open_writers -= 1
            self._flow.changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Take items until all writers have ended. Raises FlowStopped when the flow is stopped."""
        changed = self._flow.changed
        while True:
            with changed:
                while not self._items and self._open_writers > 0 and not self._flow.stopped:
                    changed.wait()
                if self._flow.stopped:
                    raise FlowStopped
                if not self._items:
                    return
                item = self._items.popleft()
                changed.notify_all()
            yield item
