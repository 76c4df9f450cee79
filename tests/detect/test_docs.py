from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from streamproc.detect.detector import DetectorSettings
from streamproc.detect.registry import create
from streamproc.media.frame import Frame

DOCS = Path(__file__).parents[2] / "docs" / "detections.md"


def test_the_detector_in_the_documentation_works(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    (tmp_path / "own.py").write_text(code)
    detector = create(f"{tmp_path}/own.py:LeftHalf", DetectorSettings())
    planes = [np.zeros((48, 64), np.uint8), *np.full((2, 24, 32), 128, np.uint8)]
    ((found,),) = detector.detect([Frame.from_planes(planes, "yuv420p")])
    assert found.box == (0, 0, 32, 48)
