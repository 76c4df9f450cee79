from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """33 frames of 64x48."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25", "-frames:v", "33",
               "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]  # fmt: skip
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A PNG of 40x30 in a folder of its own, red but for its first column."""
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    image = Image.new("RGB", (40, 30), (200, 10, 10))
    image.paste((0, 255, 0), (0, 0, 1, 30))
    image.save(path)
    return path
