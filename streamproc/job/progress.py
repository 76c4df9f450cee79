"""How a run shows that it moves: a tqdm bar on a terminal, a line now and then elsewhere, JSON lines for machines."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LINE_SECONDS = 10.0


class Progress(Protocol):
    """Told what happens, by one job after another. ``advance`` is called from one thread at a time."""

    def begin(self, source: Path, total: int | None, resumed: int) -> None:
        """A source begins: frames in all if they are known, and frames that an earlier run did."""

    def advance(self, frames: int, detections: int) -> None:
        """So many more frames were rendered, with so many detections on them."""

    def end(self) -> None:
        """The source has ended, well or not."""


class SilentProgress:
    """Shows nothing."""

    def begin(self, source: Path, total: int | None, resumed: int) -> None:
        """Show nothing."""

    def advance(self, frames: int, detections: int) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


class BarProgress:
    """A tqdm bar a source. Resumed frames fill the bar but count neither for the speed nor for the time left."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: tqdm[Any] | None = None
        self._detections = 0

    def begin(self, source: Path, total: int | None, resumed: int) -> None:
        """Open a bar."""
        self._detections = 0
        self._bar = tqdm(
            total=total, initial=resumed, desc=source.name, unit="frame", file=self._stream, dynamic_ncols=True
        )

    def advance(self, frames: int, detections: int) -> None:
        """Move the bar."""
        assert self._bar is not None
        self._detections += detections
        self._bar.set_postfix_str(f"{self._detections} detections", refresh=False)
        self._bar.update(frames)

    def end(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()


class LineProgress:
    """One line every ten seconds, made by ``show`` from the state as plain values."""

    def __init__(self, show: Callable[[dict[str, Any]], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._show, self._clock = show, clock
        self._state: dict[str, Any] = {}
        self._begun = self._shown = 0.0

    def begin(self, source: Path, total: int | None, resumed: int) -> None:
        """Start counting."""
        self._begun = self._shown = self._clock()
        self._state = {"source": str(source), "frames": resumed, "total": total, "resumed": resumed, "detections": 0}

    def advance(self, frames: int, detections: int) -> None:
        """Count, and show a line when ten seconds have passed since the last."""
        self._state["frames"] += frames
        self._state["detections"] += detections
        now = self._clock()
        if now - self._shown >= _LINE_SECONDS:
            self._shown = now
            self._show(self._state | self._pace(now))

    def end(self) -> None:
        """Nothing is left to show: the summary follows."""

    def _pace(self, now: float) -> dict[str, Any]:
        done = self._state["frames"] - self._state["resumed"]
        rate = done / (now - self._begun)
        total = self._state["total"]
        left = None if total is None else max(0.0, (total - self._state["frames"]) / rate)
        return {"frames_per_second": round(rate, 2), "seconds_left": None if left is None else round(left, 1)}


def progress_line(state: dict[str, Any]) -> str:
    """A line for people."""
    of = "" if state["total"] is None else f" of {state['total']}"
    left = "" if state["seconds_left"] is None else f", {state['seconds_left']:.0f} s left"
    return (
        f"{state['source']}: frame {state['frames']}{of}, {state['frames_per_second']} frames/s{left}, "
        f"{state['detections']} detections"
    )


def choose_progress(*, json_log: bool, stream: TextIO = sys.stderr) -> Progress:
    """A bar on a terminal, lines elsewhere, JSON lines where asked for."""
    if json_log:
        return LineProgress(lambda state: print(json.dumps({"event": "progress"} | state), file=stream, flush=True))
    if stream.isatty():
        return BarProgress(stream)
    return LineProgress(lambda state: print(progress_line(state), file=stream, flush=True))
