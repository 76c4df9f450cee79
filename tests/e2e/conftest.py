from __future__ import annotations

from pathlib import Path

import pytest

from streamproc.detect.detection import Detection
from streamproc.detect.scripted import ScriptedDetector
from streamproc.masks.objects import ObjectType
from tests.e2e.oracles import ffmpeg

SAMPLES = Path(__file__).parents[2] / "sample_media"


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def vfr_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """130 frames of 160x120 with B-frames, uneven times and a sound that begins before the picture."""
    path = tmp_path_factory.mktemp("clips") / "uneven.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25,settb=1/90000,setpts='N*3600+mod(N*N,7)*450+18000'",
        "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-frames:v", "130", "-t", "5.6",
        "-vsync", "passthrough", "-enc_time_base", "1:90000", "-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
        "-c:a", "aac", "-b:a", "64k", str(path),
    )  # fmt: skip
    return path


@pytest.fixture
def moving_faces() -> ScriptedDetector:
    """A face in every frame, wandering, and a plate in every third, overlapping it."""
    script = {}
    for ordinal in range(1300):
        x, y = 10 + ordinal % 90, 20 + ordinal % 50
        script[ordinal] = [Detection(ObjectType.FACE, (x, y, x + 30, y + 40), 0.9, track_id=1)]
        if ordinal % 3 == 0:
            script[ordinal].append(Detection(ObjectType.LICENSE_PLATE, (x + 20, y + 20, x + 60, y + 40), 0.8))
    return ScriptedDetector(script)
