from __future__ import annotations

import dataclasses

import numpy as np

from streamproc.detect.detection import Detection
from streamproc.detect.scripted import ScriptedDetector
from streamproc.masks.objects import ObjectType
from tests.detect.pictures import real

FOUND = Detection(ObjectType.FACE, (1, 2, 3, 4), 0.5, np.full((2, 2), 255, np.uint8), (1, 2), 7)


def test_finds_what_the_script_says_and_nothing_else() -> None:
    detector = ScriptedDetector({1: [FOUND, FOUND]})
    frames = [real("people.jpg", ordinal) for ordinal in (0, 1, 2)]
    assert detector.detect(frames) == [[], [FOUND, FOUND], []]


def test_fingerprint_tells_scripts_apart() -> None:
    changes = {
        "object_type": ObjectType.PERSON, "box": (1, 2, 3, 5), "score": 0.6, "mask": np.zeros((2, 2), np.uint8),
        "offset": (0, 2), "track_id": None,
    }  # fmt: skip
    scripts = [{1: [FOUND]}, {2: [FOUND]}, {1: [FOUND, FOUND]}, {}]
    scripts += [{1: [dataclasses.replace(FOUND, **{key: value})]} for key, value in changes.items()]
    digests = [ScriptedDetector(script).fingerprint for script in scripts]
    assert len(set(digests)) == len(digests)
    assert ScriptedDetector({1: [FOUND]}).fingerprint == digests[0]
