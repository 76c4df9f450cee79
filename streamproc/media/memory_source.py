"""A source of frames that are already in memory: the small fake beside the real ones, and a way in for arrays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from streamproc.errors import NoPictureError
from streamproc.media.mark import as_marked, check_order
from streamproc.media.source import Damage, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from streamproc.media.frame import Frame
    from streamproc.media.mark import Mark


class MemorySource:
    """A ``Source`` over frames that all have one size and layout, and strictly increasing times.

    Every call of ``frames`` gives copies, so what is drawn on them is not seen by the next.
    """

    def __init__(self, frames: Sequence[Frame], path: Path = Path("memory")) -> None:
        """Keep ``frames``; ``path`` is what messages call them. Raises NoPictureError when there are none."""
        if not frames:
            raise NoPictureError(f"{path}: holds no frames; give at least one")
        first, last = frames[0], frames[-1]
        span = (last.pts - first.pts) * first.time_base
        self.damage = Damage()
        self.sought = ""
        self.info = SourceInfo(
            path=path,
            width=first.width,
            height=first.height,
            layout=first.layout,
            time_base=first.time_base,
            rate=Fraction(len(frames) - 1) / span if span else Fraction(25),
            frames_estimate=len(frames),
            colour_primaries=first.native.color_primaries,
            colour_trc=first.native.color_trc,
            colourspace=first.native.colorspace,
            full_range=first.full_range,
        )
        self._frames = tuple(frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def frames(self, start: int = 0, mark: Mark | None = None) -> Iterator[Frame]:
        """Copies of the frames from ordinal ``start`` on. Raises SourceDecodeError where ``mark`` is of others."""
        check_order(mark, start)
        self.sought = ""
        if mark is None:
            return self._copies(start)
        self.sought = "taken from memory"
        return as_marked(self._copies(mark.first), mark, start, self.info.path)

    def _copies(self, start: int) -> Iterator[Frame]:
        for ordinal, frame in enumerate(self._frames[start:], start):
            copy = frame.copy()
            copy.ordinal = ordinal
            yield copy

    def close(self) -> None:
        """Nothing to let go of."""
