"""The jobs that the rig disturbs: small, and with every kind of file that a job leaves."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

import streamproc

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_media"
SAMPLE = "pedestrians-long"
SIZE = 160, 120
NAMES = ("film", "png masks", "image", "overwrite", "remade")


@dataclass(frozen=True)
class Outcome:
    """What a run says of itself."""

    status: str
    frames: int
    resumed: int
    error: str


@dataclass(frozen=True, eq=False)
class Scenario:
    """One source, its options, and what stands in the output folder before the first run."""

    name: str
    source: Path
    frames: int
    options: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Path], None] = lambda _: None

    def run(self, out: Path) -> Outcome:
        """Run the job, or go on with it, in this process."""
        logging.getLogger("streamproc").addHandler(logging.NullHandler())
        (result,) = streamproc.process(self.source, out, **self.options).sources
        return Outcome(str(result.status), result.frames, result.resumed, str(result.error or ""))


def make_scenarios(folder: Path, frames: int, chunk: int) -> list[Scenario]:
    """All scenarios, on a clip of ``frames`` frames in chunks of ``chunk``; clip and image are made in ``folder``.

    The sources lie one folder deep, so that folders have to be made in the output and in the work folder.
    """
    films, images, in_clip, in_photo = (folder / name for name in ("films", "images", "clip.jsonl", "photo.jsonl"))
    _make_clip(films / "day" / "clip.mp4", in_clip, frames)
    _make_photo(images / "day" / "photo.jpg", in_photo)
    common: dict[str, Any] = {"threads": 1, "save_segmentation": True, "save_mask": "all"}
    film = common | {"detections": [in_clip], "chunk_frames": chunk}
    files = film | {"mask_format": "png", "compress_level": 1}
    image = common | {"detections": [in_photo]}

    def finished_otherwise(out: Path) -> None:
        streamproc.process(films, out, **files | {"chunk_frames": chunk + 3})

    def finished_and_lost(out: Path) -> None:
        streamproc.process(films, out, **film)
        (out / "day" / "clip_bin_mask.mp4").unlink()

    return [
        Scenario("film", films, frames, film),
        Scenario("png masks", films, frames, files),
        Scenario("image", images, 1, image),
        Scenario("overwrite", films, frames, film | {"overwrite": True}, finished_otherwise),
        Scenario("remade", films, frames, film, finished_and_lost),
    ]


def fresh(before: Path, folder: Path) -> Path:
    """Put into ``folder`` what the scenario begins with; gives the output folder in it."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(before, folder)
    return folder / "out"


def _make_clip(clip: Path, detections: Path, frames: int) -> None:
    """The beginning of the sample, smaller, with uneven times and a sound beside it."""
    clip.parent.mkdir(parents=True)
    width, height = SIZE
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", SAMPLES / f"{SAMPLE}.mp4", "-f", "lavfi", "-i", "sine=sample_rate=16000",
         "-map", "0:v", "-map", "1:a", "-vf", f"scale={width}:{height},settb=1/10240,setpts=N*1024+mod(N*N\\,5)*90",
         "-frames:v", str(frames), "-t", f"{frames / 10 + 1}", "-vsync", "passthrough", "-enc_time_base", "1:10240",
         "-c:v", "libx264", "-preset", "fast", "-c:a", "aac", clip],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    _scale_detections(f"{SAMPLE}.detections.jsonl", detections, (width / 320, height / 240), frames)


def _make_photo(image: Path, detections: Path) -> None:
    image.parent.mkdir(parents=True)
    with Image.open(SAMPLES / "astronaut.jpg") as photo:
        scale = SIZE[0] / photo.width, SIZE[1] / photo.height
        photo.resize(SIZE).save(image)
    _scale_detections("astronaut.detections.jsonl", detections, scale)


def _scale_detections(given: str, scaled: Path, scale: tuple[float, float], frames: int = 1) -> None:
    lines = []
    for line in (SAMPLES / given).read_text().splitlines():
        record = json.loads(line)
        if record.get("frame", 0) < frames:
            record["bbox"] = [round(value * scale[axis % 2]) for axis, value in enumerate(record["bbox"])]
            lines.append(json.dumps(record) + "\n")
    scaled.write_text("".join(lines).replace("astronaut.jpg", "day/photo.jpg"))
