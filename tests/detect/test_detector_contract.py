"""What every detector must hold; a new implementation adds a line to DETECTORS."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from streamproc.detect.default import DefaultDetector
from streamproc.detect.detection import Detection
from streamproc.detect.detector import Detector, DetectorSettings
from streamproc.detect.external import ExternalDetector
from streamproc.detect.scripted import ScriptedDetector
from streamproc.masks.objects import ObjectType
from tests.detect.pictures import real

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamproc.media.frame import Frame


def scripted() -> Detector:
    mask = np.full((5, 4), 255, np.uint8)
    return ScriptedDetector(
        {
            0: [Detection(ObjectType.FACE, (3, 4, 7, 9), 0.9, mask, (3, 4))],
            2: [Detection(ObjectType.VEHICLE, (-5, 4, 70, 90), 0.4), Detection(ObjectType.PERSON, (1, 1, 2, 2), 1.0)],
        }
    )


def default() -> Detector:
    return DefaultDetector(DetectorSettings(threads=2))


def external() -> Detector:
    lines = (
        {"frame": 0, "bbox": [3, 4, 7, 9], "type": "face", "segmentation": [[3, 4, 7, 4, 7, 9]]},
        {"frame": 2, "bbox": [-5, 4, 70, 90], "type": "vehicle", "score": 0.4},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        made = ExternalDetector(path)
        assert made.fingerprint  # taken while the file is there
    return made


DETECTORS = [scripted, default, external]


@pytest.fixture(scope="module", params=DETECTORS, ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Callable[[], Detector]:
    return request.param


@pytest.fixture(scope="module")
def detector(make: Callable[[], Detector]) -> Detector:
    return make()


@pytest.fixture
def frames() -> list[Frame]:
    return [real(name, ordinal) for ordinal, name in enumerate(("street.jpg", "people.jpg", "pickup.jpg"))]


def told(found: list[list[Detection]]) -> list[list[tuple[object, ...]]]:
    return [
        [
            (
                one.object_type,
                one.box,
                one.score,
                one.offset,
                one.track_id,
                None if one.mask is None else one.mask.tobytes(),
            )
            for one in detections
        ]
        for detections in found
    ]


def test_says_what_it_is(detector: Detector) -> None:
    assert isinstance(detector, Detector)
    assert detector.name
    assert detector.licence
    assert detector.object_types
    assert detector.object_types <= frozenset(ObjectType)
    assert detector.batch_size >= 1
    assert len(detector.fingerprint) == 64
    int(detector.fingerprint, 16)


def test_fingerprint_is_the_same_for_the_same_detector(make: Callable[[], Detector], detector: Detector) -> None:
    assert make().fingerprint == detector.fingerprint


def test_answers_each_frame_in_order_however_they_are_batched(detector: Detector, frames: list[Frame]) -> None:
    together = detector.detect(frames)
    assert len(together) == 3
    assert any(together)
    assert told(together) == told([detector.detect([frame])[0] for frame in frames])
    assert told(detector.detect(frames[::-1])) == told(together)[::-1]
    assert detector.detect([]) == []


def test_detections_are_well_formed(detector: Detector, frames: list[Frame]) -> None:
    for one in (one for detections in detector.detect(frames) for one in detections):
        assert one.object_type in detector.object_types
        assert all(type(value) is int for value in one.box)
        assert one.box[2] > one.box[0]
        assert one.box[3] > one.box[1]
        assert type(one.score) is float
        assert 0 <= one.score <= 1
        if one.mask is not None:
            assert one.mask.dtype == np.uint8
            assert one.mask.ndim == 2
            assert one.mask.flags.c_contiguous
            assert set(np.unique(one.mask)) <= {0, 255}
            assert one.offset is not None
            assert one.offset[0] <= one.box[0]
            assert one.offset[1] <= one.box[1]


def test_frames_are_not_written_to(detector: Detector, frames: list[Frame]) -> None:
    before = [[plane.copy() for plane in frame.planes] for frame in frames]
    detector.detect(frames)
    for frame, planes in zip(frames, before, strict=True):
        assert all((now == then).all() for now, then in zip(frame.planes, planes, strict=True))
