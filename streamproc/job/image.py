"""The job of one still image: small enough to be made whole or not at all, so that it has no chunks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from streamproc.errors import DetectorError, StreamprocError
from streamproc.job.files import publish, record_of, remove_work, sync_file, write_file
from streamproc.job.parts import mask_png
from streamproc.job.render import Renderer
from streamproc.job.results import SourceResult, Status
from streamproc.job.source_job import SourceJob
from streamproc.media.still import read_still, write_still
from streamproc.metadata.accumulator import image_to_bytes
from streamproc.metadata.records import image_record

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.detect.detection import Detection
    from streamproc.job.journal import Record
    from streamproc.job.render import Rendering
    from streamproc.media.frame import Frame
    from streamproc.media.still import StillImage

_PNG_COMPRESSION = 6  # zlib's own default; a still is written once


class ImageJob(SourceJob):
    """One still image with its options."""

    def _unchanged(self, entry: Record) -> SourceResult:
        outputs = [self._ledger.output / file["file"] for file in entry["files"]]
        return SourceResult(self._planned.source, Status.UNCHANGED, 1, 1, entry["objects"], outputs)

    def _make(self) -> SourceResult:
        if self._options.overwrite:
            self._ledger.forget(self.name)
        planned = self._planned
        finals = {
            "picture": planned.target / planned.source.name,  # one folder's files keep apart by their own names
            "metadata": planned.target / planned.image_metadata_name,
        }
        finals |= {
            str(kind): planned.target / f"{planned.mask_names[kind]}.png" for kind in sorted(self._options.save_mask)
        }
        if not self._options.write_video:
            del finals["picture"]
        with self._clock.measure("decode"):
            still = read_still(planned.source)
        detections = self._detect(still.frame)
        begun = time.perf_counter()
        rendering = Renderer(self._options, still.frame.width, still.frame.height).render(still.frame, detections)
        self._clock.add("render", time.perf_counter() - begun)
        self._ledger.claim(self.name, finals.values(), overwrite=self._options.overwrite)
        self._write(still, rendering, finals)
        objects: dict[str, int] = {}
        for found in detections:
            objects[found.object_type] = objects.get(found.object_type, 0) + 1
        files = [record_of(final, self._ledger.output) for final in finals.values()]
        self._ledger.finish(self.name, self._mark, files, 1, objects)
        return SourceResult(planned.source, Status.DONE, 1, 0, objects, list(finals.values()), self._clock.seconds)

    def _detect(self, frame: Frame) -> list[Detection]:
        try:
            with self._clock.measure("detect"):
                (detections,) = self._detector.detect([frame])
        except StreamprocError:
            raise
        except Exception as error:
            raise DetectorError(
                f"{self._planned.source}: detector {self._detector.name} failed with {type(error).__name__}: {error}; "
                "the image is not passed on"
            ) from error
        return detections

    def _write(self, still: StillImage, rendering: Rendering, finals: dict[str, Path]) -> None:
        """Write all files under temporary names, then give them their final ones, the metadata last."""
        options = self._options
        self.work.mkdir(exist_ok=True)  # beside the lock
        temporaries = {kind: self.work / f"{kind}.tmp" for kind in finals}
        with self._clock.measure("encode"):
            if "picture" in finals:
                write_still(
                    still,
                    temporaries["picture"],
                    quality=options.quality,
                    compress_level=options.compress_level,
                    keep_metadata=options.keep_metadata,
                )
                sync_file(temporaries["picture"])
            level = _PNG_COMPRESSION if options.compress_level is None else options.compress_level
            for kind, canvas in rendering.masks.items():
                write_file(temporaries[kind], mask_png(kind, canvas, level))
            write_file(temporaries["metadata"], image_to_bytes(self._record(still.frame, rendering)))
        with self._clock.measure("commit"):
            in_order = sorted(finals, key=lambda name: name == "metadata")
            publish([(temporaries[name], finals[name]) for name in in_order], self._ledger.output)
            remove_work(self.work, self._ledger.work)

    def _need(self) -> None:
        """Nothing that would help: an image is small beside any disk."""

    def _record(self, frame: Frame, rendering: Rendering) -> dict[str, object]:
        return image_record(
            self._planned.source.name,
            self._planned.folder,
            rendering.detections,
            anonymised=rendering.anonymised,
            colours=rendering.colours,
            width=frame.width,
            height=frame.height,
            duration=self._clock.seconds["detect"] + self._clock.seconds["render"],
            segmentation=self._options.save_segmentation,
        )
