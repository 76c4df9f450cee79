"""Small clips made with the ffmpeg program, and what ffprobe and ffmpeg say of any file."""

from __future__ import annotations

import hashlib
import json
import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.media.frame import Frame


def ffmpeg(*arguments: object) -> str:
    """Run ffmpeg; gives what it printed."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def probe(path: Path, *arguments: str) -> dict[str, Any]:
    """Run ffprobe; gives its JSON."""
    command = ["ffprobe", "-v", "error", *arguments, "-of", "json", f"file:{path}"]
    loaded: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return loaded


def stream(path: Path, which: str = "v:0") -> dict[str, Any]:
    """ffprobe's description of one stream."""
    found: dict[str, Any] = probe(path, "-show_streams", "-select_streams", which)["streams"][0]
    return found


def frame_times(path: Path, which: str = "v:0") -> list[Fraction | None]:
    """Presentation times of all frames in seconds, exact, as ffprobe reads them; None for those it cannot tell."""
    told = probe(path, "-select_streams", which, "-show_entries", "frame=best_effort_timestamp:stream=time_base")
    base = Fraction(told["streams"][0]["time_base"])
    ticks = (frame.get("best_effort_timestamp") for frame in told["frames"])
    return [None if tick is None else int(tick) * base for tick in ticks]


def packet_times(path: Path, which: str) -> list[Fraction]:
    """Presentation times of all packets in seconds, exact, as ffprobe reads them."""
    told = probe(path, "-select_streams", which, "-show_entries", "packet=pts:stream=time_base")
    base = Fraction(told["streams"][0]["time_base"])
    return [int(packet["pts"]) * base for packet in told["packets"]]


def picture_sums(path: Path, *arguments: str) -> list[str]:
    """The MD5 sum of every decoded picture, upright, in order."""
    printed = ffmpeg("-i", f"file:{path}", "-map", "0:v:0", *arguments, "-vsync", "passthrough", "-f", "framemd5", "-")
    return [line.rsplit(",", 1)[1].strip() for line in printed.splitlines() if not line.startswith("#")]


def picture_sum(frame: Frame) -> str:
    """The MD5 sum of a frame of ours, as ffmpeg would have it."""
    return hashlib.md5(b"".join(plane.tobytes() for plane in frame.planes)).hexdigest()


def packet_sums(path: Path, which: str) -> list[str]:
    """The MD5 sum of every packet of one stream, undecoded."""
    printed = ffmpeg("-i", f"file:{path}", "-map", f"0:{which}", "-c", "copy", "-f", "framemd5", "-")
    return [line.split(",")[5].strip() for line in printed.splitlines() if not line.startswith("#")]


def picture(size: str = "96x64", rate: int = 25, seconds: float = 2) -> list[str]:
    """ffmpeg's arguments for a moving test picture as an input."""
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


def tone(seconds: float = 2, rate: int = 48000, pitch: int = 440) -> list[str]:
    """ffmpeg's arguments for a tone as an input."""
    return ["-f", "lavfi", "-i", f"sine=f={pitch}:d={seconds}:r={rate}"]


# Drops and moves frames, so that no two gaps are alike; 1/90000 s ticks.
UNEVEN = ["-vf", "select='not(eq(mod(n,7),3))',settb=1/90000,setpts='PTS+mod(N*N*37,911)'", "-vsync", "passthrough",
          "-enc_time_base", "1:90000"]  # fmt: skip
