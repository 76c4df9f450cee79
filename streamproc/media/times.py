"""Frame times as encoders and containers need them: known, and strictly increasing."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from streamproc.media.source import Damage

log = logging.getLogger(__name__)

RESTART_SECONDS = 1
"""A step back of more than this is a clock that started anew (spliced transport streams), not a frame out of place."""
WRAP_SECONDS = 2**32 // 90_000
"""A step forward of more than this (13 hours) is one too: FFmpeg takes a restart for a wrap of the 33-bit clock."""


class TimeRepair:
    """Turns the times that a decoder gives, frame by frame, into strictly increasing ticks.

    A missing time becomes the packet's decode time where that goes forward (AVI stores no others), else the time before
    plus one frame. A time that repeats or goes back becomes the time before plus one tick. When the
    clock starts anew, all times from there on are shifted, so that the frame follows the one before.
    """

    def __init__(self, time_base: Fraction, rate: Fraction, damage: Damage, name: str) -> None:
        """``time_base`` in seconds a tick, ``rate`` in frames a second; ``name`` of the file is for the log."""
        self._time_base = time_base
        self._frame_ticks = max(1, round(1 / (rate * time_base)))
        self._restart_ticks = math.ceil(RESTART_SECONDS / time_base)
        self._wrap_ticks = math.ceil(WRAP_SECONDS / time_base)
        self._damage = damage
        self._name = name
        self._last: int | None = None
        self._step = self._frame_ticks
        self._shift = 0

    @property
    def shift(self) -> int:
        """Ticks that are added to the file's clock, because it started anew."""
        return self._shift

    def go_on(self, ticks: int, duration: int, shift: int) -> None:
        """Take over after a frame that was given ``ticks``, with its own ``duration`` and the ``shift`` of then."""
        self._last, self._shift = ticks, shift
        self._step = self._step_after(duration)

    def _step_after(self, duration: int) -> int:
        return duration if duration > 0 else self._frame_ticks

    def __call__(self, pts: int | None, dts: int | None, duration: int, ordinal: int) -> int:
        """The ticks of the next frame, whose own are ``pts`` (presentation), ``dts`` (decode) and ``duration``."""
        ticks = self._next(pts, dts, ordinal)
        self._last = ticks
        self._step = self._step_after(duration)
        return ticks

    def _next(self, pts: int | None, dts: int | None, ordinal: int) -> int:
        last = self._last
        if pts is None:
            if dts is not None and (last is None or last < dts + self._shift <= last + self._wrap_ticks):
                return dts + self._shift
            self._damage.filled_times += 1
            return 0 if last is None else last + self._step
        ticks = pts + self._shift
        if last is None or last < ticks <= last + self._wrap_ticks:
            return ticks
        mended = last + 1
        if not last - self._restart_ticks <= ticks <= last:
            mended = last + self._step
            self._shift += mended - ticks
        log.log(
            logging.DEBUG if self._damage.repaired_times else logging.WARNING,  # a bad file may have thousands
            "%s: frame %d has time %.6f s after %.6f s; set to %.6f s, and others like it",
            self._name, ordinal, ticks * self._time_base, last * self._time_base, mended * self._time_base,
        )  # fmt: skip
        self._damage.repaired_times += 1
        return mended
