"""ffmpeg and ffprobe as judges of what streamproc wrote."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def ffmpeg(*arguments: str) -> bytes:
    return subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True, capture_output=True).stdout


def ffprobe(path: Path, *arguments: str) -> Any:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", *arguments, str(path)], check=True, capture_output=True
    )
    return json.loads(done.stdout)


def times(path: Path) -> list[Fraction]:
    """Presentation times of the decoded pictures, exact, in seconds."""
    found = ffprobe(path, "-select_streams", "v:0", "-show_frames", "-show_streams", "-show_entries",
                    "frame=pts:stream=time_base")  # fmt: skip
    time_base = Fraction(found["streams"][0]["time_base"])
    return [frame["pts"] * time_base for frame in found["frames"]]


def stream(path: Path, kind: str = "v:0") -> dict[str, Any]:
    (found,) = ffprobe(path, "-select_streams", kind, "-show_streams")["streams"]
    return dict(found)


def packet_hashes(path: Path, kind: str) -> list[str]:
    """One hash for each packet of a stream, as it is stored; side data, which the demuxer makes up, left out."""
    text = ffmpeg("-i", str(path), "-map", f"0:{kind}", "-c", "copy", "-f", "framemd5", "-").decode()
    return [line.split(",")[5].strip() for line in text.splitlines() if not line.startswith("#")]


def pictures(path: Path, pixel_format: str, width: int, height: int) -> NDArray[np.uint8]:
    """All pictures, decoded by the ffmpeg program: (n, height, width) of gray, (n, planes, height, width) of gbrp."""
    raw = ffmpeg("-i", str(path), "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", pixel_format, "-")
    shape = (-1, height, width) if pixel_format == "gray" else (-1, 3, height, width)
    return np.frombuffer(raw, np.uint8).reshape(shape)


def raw_pictures(path: Path, pixel_format: str, size: int, *arguments: str) -> list[bytes]:
    """All pictures of ``size`` bytes as they are decoded, one plane after another: nothing is scaled or converted
    where ``pixel_format`` is the file's own."""
    raw = ffmpeg("-i", str(path), "-map", "0:v:0", *arguments, "-vsync", "passthrough", "-f", "rawvideo",
                 "-pix_fmt", pixel_format, "-")  # fmt: skip
    assert len(raw) % size == 0
    return [raw[start : start + size] for start in range(0, len(raw), size)]
