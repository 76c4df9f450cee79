"""The one seam between the frame's way and whatever finds objects in frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from streamproc.masks.objects import ALL_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamproc.detect.detection import Detection
    from streamproc.masks.objects import ObjectType
    from streamproc.media.frame import Frame


@runtime_checkable
class Detector(Protocol):
    """Finds objects in frames.

    ``name`` stands in logs and metadata of a run. ``object_types`` are the types that it can find. ``licence`` is the
    SPDX expression of what it runs on. ``fingerprint`` is a sha256 in hex over the weights and whatever else changes
    its results: a job that was begun with one fingerprint is not resumed with another.
    """

    @property
    def name(self) -> str:
        """The name of the detector."""

    @property
    def object_types(self) -> frozenset[ObjectType]:
        """The types that it can find."""

    @property
    def licence(self) -> str:
        """The SPDX expression of its weights and code."""

    @property
    def fingerprint(self) -> str:
        """64 hex digits that change with whatever changes the results."""

    @property
    def batch_size(self) -> int:
        """How many frames it likes to be asked for at once; the last batch of a chunk may hold fewer."""

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """One list of detections for each frame, in the order of ``frames``; an empty list where nothing was found.

        Frames are read, never written to. The same frames in the same batches give the same result; batches begin
        anew with each chunk, so that a resumed run asks what an undisturbed one would have asked.
        """


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What a run asks of a detector; handed to the factory (usually the class) of each detector.

    ``types`` are wanted; time spent on others is wasted. ``thresholds`` holds the lowest score to keep (0..1) for the
    types where the user set one; the detector has its own for the others. ``threads`` is how many cores it may use.
    """

    types: frozenset[ObjectType] = ALL_TYPES
    thresholds: Mapping[ObjectType, float] = field(default_factory=lambda: MappingProxyType({}))
    threads: int = 1
