"""Makes the 1080p clip that is measured on, from sample_media, and detections for it.

The clip is a mosaic: each tile shows a piece of a sample clip or photograph at its native resolution, so that noise and
detail are those of real pictures; nothing is scaled. Clips run forwards and backwards, so that nothing jumps, each
tile from another time; photographs are panned over. 1920x1080, 4:2:0, 25 frames a second; at other sizes its top
left part. It is encoded once (x264 medium, crf 18, about 8 Mbit/s) and kept.

    python tools/benchlib/clips.py clip FILE FRAMES WIDTH HEIGHT
    python tools/benchlib/clips.py detections FILE FRAMES WIDTH HEIGHT
    python tools/benchlib/clips.py describe FILE
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

SAMPLE_MEDIA = Path(__file__).resolve().parent.parent.parent / "sample_media"

# source, frames from its start, left and top in the source, width and height, left and top in the mosaic
TILES = (
    ("pedestrians.mp4", 0, (0, 0), (768, 576), (0, 0)),
    ("pedestrians.mp4", 30, (0, 0), (768, 576), (768, 0)),
    ("pedestrians.mp4", 60, (200, 288), (384, 288), (1536, 288)),
    ("astronaut.jpg", 0, (0, 0), (384, 288), (1536, 0)),
    ("street.mp4", 0, (0, 0), (640, 272), (0, 576)),
    ("street.mp4", 120, (0, 0), (640, 232), (0, 848)),
    ("cars.mp4", 0, (0, 0), (480, 288), (640, 576)),
    ("cars.mp4", 40, (0, 72), (480, 216), (640, 864)),
    ("face.mp4", 0, (0, 0), (360, 288), (1120, 576)),
    ("basketball.png", 0, (0, 0), (360, 216), (1120, 864)),
    ("pedestrians.mp4", 45, (164, 36), (440, 504), (1480, 576)),
)
WIDTH, HEIGHT = 1920, 1080
RATE = 25


def write_clip(path: Path, frames: int, width: int, height: int) -> None:
    """Encode ``frames`` frames of the mosaic's top left ``width`` x ``height`` pixels (even numbers)."""
    films = {name: film(SAMPLE_MEDIA / name) for name in {tile[0] for tile in TILES}}
    temporary = path.with_suffix(".tmp")
    with av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "18", "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = av.VideoFrame(width, height, "yuv420p")
            draw(picture, films, number)
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    temporary.replace(path)


def draw(picture: av.VideoFrame, films: dict[str, list[Planes]], number: int) -> None:
    """Fill ``picture`` with frame ``number`` of the mosaic."""
    for index, plane in enumerate(picture.planes):
        shift = index > 0
        target = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for name, begin, (left, top), size, place in TILES:
            film = films[name]
            source = film[to_and_fro(begin + number, len(film))][index]
            if len(film) == 1:  # a photograph: pan over as much of it as the tile does not show
                left = to_and_fro(2 * number, source.shape[1] - (size[0] >> shift) + 1) << shift
            (x, y), (width, height) = ((value >> shift for value in pair) for pair in (place, size))
            piece = source[top >> shift :, left >> shift :]
            room = target[y : y + height, x : x + width]
            room[:] = piece[: room.shape[0], : room.shape[1]]


def to_and_fro(number: int, count: int) -> int:
    """0, 1, ... count - 1, count - 2, ... 1, 0, 1, ..."""
    if count == 1:
        return 0
    place = number % (2 * count - 2)
    return min(place, 2 * count - 2 - place)


def film(path: Path) -> list[Planes]:
    """All pictures of a clip, or the one of a photograph, as Y, U and V planes."""
    if path.suffix != ".mp4":
        with Image.open(path) as image:
            return [planes(av.VideoFrame.from_image(image.convert("RGB")).reformat(format="yuv420p"))]
    with av.open(str(path)) as container:
        return [planes(picture.reformat(format="yuv420p")) for picture in container.decode(video=0)]


def planes(picture: av.VideoFrame) -> Planes:
    """Copies of a picture's planes, without padding."""
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()
        for plane in picture.planes
    )
    return y, u, v


def write_detections(path: Path, frames: int, width: int, height: int) -> None:
    """Write 12 moving objects a frame as a metadata file: 5 persons with segmentation, 4 faces, 3 plates.

    They cover about a tenth of a 1080p picture, and a bit more of smaller ones.
    """
    from streamproc.metadata.accumulator import ChunkMetadata
    from streamproc.metadata.records import frame_record

    metadata = ChunkMetadata(0)
    for number in range(frames):
        found = objects(number, width, height)
        metadata.add(
            frame_record(
                number, found, anonymised=[True] * len(found), colours=[None] * len(found), width=width,
                height=height, duration=0.0, pts=number, time_base=Fraction(1, RATE), segmentation=True,
            )
        )  # fmt: skip
    path.write_bytes(metadata.to_bytes())


def objects(number: int, width: int, height: int) -> Sequence[object]:
    """The detections of frame ``number``."""
    from streamproc.detect.detection import Detection
    from streamproc.masks.objects import ObjectType

    kinds = [(ObjectType.PERSON, 120, 300)] * 5 + [(ObjectType.FACE, 64, 80)] * 4
    kinds += [(ObjectType.LICENSE_PLATE, 120, 40)] * 3
    found = []
    for index, (kind, wide, high) in enumerate(kinds):
        wide, high = min(wide, width // 4), min(high, height // 2)
        x = to_and_fro(157 * index + (2 + index % 3) * number, width - wide)
        y = to_and_fro(211 * index + (1 + index % 2) * number, height - high)
        mask = person_mask(wide, high) if kind is ObjectType.PERSON else None
        box = (x, y, x + wide, y + high)
        found.append(Detection(kind, box, 0.9, mask, (x, y) if mask is not None else None, index))
    return found


@cache
def person_mask(width: int, height: int) -> NDArray[np.uint8]:
    """A head over a body, uint8 (height, width), 255 inside: two superellipses."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    across = (x - (width - 1) / 2) / (width / 2)
    head = (2.5 * across) ** 2 + ((y - 0.1 * height) / (0.1 * height)) ** 2 <= 1
    body = across**4 + ((y - 0.58 * height) / (0.42 * height)) ** 4 <= 1
    return np.where(head | body, np.uint8(255), np.uint8(0))


def describe(path: Path) -> None:
    """Write the frames, width and height of a clip as JSON."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for packet in container.demux(stream) if packet.size)
        print(json.dumps({"frames": frames, "width": stream.width, "height": stream.height}))


if __name__ == "__main__":
    work = {"clip": write_clip, "detections": write_detections, "describe": describe}[sys.argv[1]]
    work(Path(sys.argv[2]), *map(int, sys.argv[3:]))
