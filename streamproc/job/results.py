"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from streamproc.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from streamproc.errors import StreamprocError

N = TypeVar("N", int, float)


class Status(StrEnum):
    """How one source ended."""

    DONE = "done"
    UNCHANGED = "already done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What became of one source.

    ``frames`` counts pictures of the whole source, ``resumed`` those of them that an earlier run had committed.
    ``objects`` counts detections by type label over all frames. ``outputs`` are the finished files; of mask folders
    the folder. ``seconds`` is work by stage, waits left out. ``notes`` are things a person should know.
    """

    source: Path
    status: Status
    frames: int = 0
    resumed: int = 0
    objects: dict[str, int] = field(default_factory=dict)
    outputs: list[Path] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    error: StreamprocError | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of all sources, in the order they were worked on; ``wall_seconds`` is the time the run took."""

    sources: list[SourceResult]
    wall_seconds: float

    @property
    def frames(self) -> int:
        """Pictures of all sources."""
        return sum(source.frames for source in self.sources)

    @property
    def objects(self) -> dict[str, int]:
        """Detections by type label."""
        return _sum(source.objects for source in self.sources)

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of work by stage."""
        return _sum(source.seconds for source in self.sources)

    @property
    def failed(self) -> list[SourceResult]:
        """Sources that could not be finished."""
        return [source for source in self.sources if source.status is Status.FAILED]

    @property
    def ok(self) -> bool:
        """Whether every source is done."""
        return not self.failed

    @property
    def exit_code(self) -> int:
        """0 all done, 1 some failed, 3 nothing could be read."""
        if self.ok:
            return 0
        unread = all(isinstance(source.error, SourceError) for source in self.failed)
        return 3 if unread and len(self.failed) == len(self.sources) else 1


def _sum(counts: Iterable[Mapping[str, N]]) -> dict[str, N]:
    total: dict[str, N] = {}
    for count in counts:
        for name, number in count.items():
            total[name] = total[name] + number if name in total else number
    return total
