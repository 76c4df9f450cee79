"""The default detector: a chain of four small nets with permissive licences.

faces: YuNet. persons, vehicles: PicoDet-S. licence plates: PP-OCRv4 text on the vehicles found. person masks: selfie
segmenter on the persons found. Only what the wanted types need is loaded and run.

Milliseconds of one core for a 1080p frame (Epyc, onnxruntime 1.31, a busy machine): faces 28 to 33 (far scale 29,
near 2), persons and vehicles 24, masks 4.5 for each of at most four persons, plates 13 to 25 a vehicle. Pictures of 9
persons and no vehicle, 8 and 2, 0 and 7 cost 79, 100 and 205 with all types, 33 with faces alone.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import chain, islice
from typing import TYPE_CHECKING, ClassVar

from streamproc.detect import faces, plates, weights
from streamproc.detect.boxes import grown, outward
from streamproc.detect.detection import Detection
from streamproc.detect.faces import FaceFinder
from streamproc.detect.objects import ObjectFinder
from streamproc.detect.onnx_session import onnxruntime
from streamproc.detect.person_masks import PersonMasker
from streamproc.detect.plates import PlateFinder
from streamproc.detect.shapes import superellipse
from streamproc.masks.objects import ALL_TYPES, ObjectType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Boxes
    from streamproc.detect.detector import DetectorSettings
    from streamproc.detect.objects import Found
    from streamproc.media.frame import Frame

THRESHOLDS = {
    ObjectType.PERSON: 0.4,
    ObjectType.FACE: faces.THRESHOLD,
    ObjectType.LICENSE_PLATE: plates.THRESHOLD,
    ObjectType.VEHICLE: 0.4,
}
_CARRIER = 0.3  # a vehicle with this score may carry a plate, whatever the threshold for vehicles is
_FACE_MARGIN = 0.15  # YuNet's box ends at brows, ears and chin: its mask is this part of the box larger on each side
_FRAMES_AT_ONCE = 8  # more threads than this find work within the batch
_NEEDS = {
    ObjectType.PERSON: (weights.OBJECTS, weights.PERSON_MASKS),
    ObjectType.FACE: (weights.FACES,),
    ObjectType.LICENSE_PLATE: (weights.OBJECTS, weights.PLATES),
    ObjectType.VEHICLE: (weights.OBJECTS,),
}


class DefaultDetector:
    """Finds persons, faces, licence plates and vehicles with the weights that ship in the package."""

    name = "default"
    object_types = ALL_TYPES
    licence = "Apache-2.0 AND MIT"
    weights: ClassVar[tuple[weights.Weights, ...]] = (
        weights.FACES, weights.OBJECTS, weights.PLATES, weights.PERSON_MASKS,
    )  # fmt: skip

    def __init__(self, settings: DetectorSettings) -> None:
        """Load the nets that ``settings.types`` need. Raises MissingExtraError, DetectorError."""
        self._types = settings.types
        self._thresholds = THRESHOLDS | dict(settings.thresholds)
        types = self._types
        self._faces = FaceFinder(self._thresholds[ObjectType.FACE]) if ObjectType.FACE in types else None
        self._objects = ObjectFinder() if types - {ObjectType.FACE} else None
        self._plates = (
            PlateFinder(self._thresholds[ObjectType.LICENSE_PLATE]) if ObjectType.LICENSE_PLATE in types else None
        )
        self._masker = PersonMasker() if ObjectType.PERSON in types else None
        self.batch_size = settings.threads  # the stages of one frame are too unlike to keep all threads busy
        self._pool = ThreadPoolExecutor(settings.threads, "detect") if settings.threads > 1 else None
        self.batch_size = max(1, min(settings.threads, _FRAMES_AT_ONCE))
        self.fingerprint = self._digest()

    @staticmethod
    def check() -> None:
        """Raise MissingExtraError where the detector cannot run."""
        onnxruntime()

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """The detections of each frame: persons, faces, licence plates, vehicles, each kind best first.

        Faces and the rest are two tasks a frame, which run side by side on ``settings.threads`` threads.
        """
        stages: list[Callable[[Frame], list[Detection]]] = []
        if self._faces is not None:
            stages.append(self._find_faces)
        if self._objects is not None:
            stages.append(self._find_objects)
        tasks = [(stage, frame) for frame in frames for stage in stages]
        run = map if self._pool is None else self._pool.map
        found = run(lambda task: task[0](task[1]), tasks)
        return [list(chain(*islice(found, len(stages)))) for _ in frames]

    def _find_faces(self, frame: Frame) -> list[Detection]:
        assert self._faces is not None
        detections = []
        for box, score in zip(*self._faces.find(frame), strict=True):
            margin = _FACE_MARGIN * (box[2:] - box[:2])
            hidden = grown(box, margin[0], margin[1])
            region, clipped = (outward(b, frame.width, frame.height) for b in (hidden, box))
            if region is None or clipped is None:
                continue
            mask = superellipse(hidden, region)
            detections.append(Detection(ObjectType.FACE, clipped, float(score), mask, region[:2]))
        return detections

    def _find_objects(self, frame: Frame) -> list[Detection]:
        assert self._objects is not None
        vehicle_threshold = self._thresholds[ObjectType.VEHICLE]
        lowest = vehicle_threshold if self._plates is None else min(vehicle_threshold, _CARRIER)
        persons, vehicles = self._objects.find(frame, self._thresholds[ObjectType.PERSON], lowest)
        detections: list[Detection] = []
        if self._masker is not None:
            detections += self._persons(frame, persons, self._masker)
        if self._plates is not None:
            boxes, scores = self._plates.find(frame, vehicles.above(_CARRIER))
            detections += _boxed(ObjectType.LICENSE_PLATE, frame, boxes, scores)
        if ObjectType.VEHICLE in self._types:
            kept = vehicles.above(vehicle_threshold)
            detections += _boxed(ObjectType.VEHICLE, frame, kept.boxes, kept.scores)
        return detections

    def _persons(self, frame: Frame, persons: Found, masker: PersonMasker) -> list[Detection]:
        clipped = [outward(box, frame.width, frame.height) for box in persons.boxes]
        inside = [index for index, box in enumerate(clipped) if box is not None]
        masks = masker.masks(frame, persons.boxes[inside])
        return [
            Detection(ObjectType.PERSON, box, float(score), mask, corner)
            for box, score, (mask, corner) in zip(filter(None, clipped), persons.scores[inside], masks, strict=True)
        ]

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for used in sorted({used.path: used for kind in self._types for used in _NEEDS[kind]}.items()):
            digest.update(used[1].sha256.encode())
        thresholds = sorted((kind, self._thresholds[kind]) for kind in self._types)
        # Another version of either may find something else with the same weights.
        digest.update(repr((thresholds, version("streamproc"), onnxruntime().__version__)).encode())
        return digest.hexdigest()


def _boxed(kind: ObjectType, frame: Frame, boxes: Boxes, scores: NDArray[np.float32]) -> list[Detection]:
    """Detections whose mask is their box."""
    clipped = [outward(box, frame.width, frame.height) for box in boxes]
    return [Detection(kind, box, float(score)) for box, score in zip(clipped, scores, strict=True) if box is not None]
