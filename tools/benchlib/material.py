"""The clips and detections that are measured on: made once, kept in the cache folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchlib.child import run, script

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Material:
    """A clip, and a metadata file with 12 objects for each of its frames."""

    clip: Path
    detections: Path
    frames: int
    width: int
    height: int


@dataclass(frozen=True)
class Maker:
    """Makes material in ``cache`` where it is not there yet. ``given`` is a clip of the user's own instead."""

    cache: Path
    frames: int
    width: int
    height: int
    given: Path | None = None

    def main(self) -> Material:
        """The clip that most sections use."""
        if self.given is None:
            return self.made("mosaic")
        found = run(script("clips", "describe", self.given)).answer
        return self._material(self.given, found["frames"], found["width"], found["height"])

    def made(self, kind: str, frames: int = 0, size: tuple[int, int] | None = None) -> Material:
        """A ``mosaic`` or ``scene`` (see clips.py), of this maker's length and size where no others are given."""
        frames, (width, height) = frames or self.frames, size or (self.width, self.height)
        clip = self.cache / f"{kind}-{width}x{height}-{frames}.mp4"
        if not clip.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            run(script("clips", kind, clip, frames, width, height))
        return self._material(clip, frames, width, height)

    def _material(self, clip: Path, frames: int, width: int, height: int) -> Material:
        self.cache.mkdir(parents=True, exist_ok=True)
        detections = self.cache / f"objects-{width}x{height}-0-{frames - 1}.json"
        if not detections.exists():
            run(script("clips", "detections", detections, frames, width, height))
        return Material(clip, detections, frames, width, height)
