"""Makes the 1080p clips that are measured on, from sample_media, and detections for them.

In the mosaic each tile shows a piece of a sample clip or photograph at its native resolution, so that noise and detail
are those of real pictures. It is crowded: about 14 persons, 7 vehicles, 3 faces and 2 plates. The scene is what one
camera sees of a street, enlarged: about 6 persons, 4 vehicles, 3 faces and a plate.

Clips run forwards and backwards, so that nothing jumps, each tile from another time; photographs are panned over.
1920x1080, 4:2:0, 25 frames a second; at other sizes the top left part. They are encoded once (x264 medium, crf 18:
about 8 Mbit/s) and kept.

    python tools/benchlib/clips.py mosaic|scene FILE FRAMES WIDTH HEIGHT
    python tools/benchlib/clips.py detections FILE FRAMES WIDTH HEIGHT
    python tools/benchlib/clips.py describe FILE
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from streamproc.detect.detection import Detection

    Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
    Films = dict[tuple[str, tuple[int, int] | None], list[Planes]]

SAMPLE_MEDIA = Path(__file__).resolve().parent.parent.parent / "sample_media"

# source and the size that it is scaled to (None: its own), frames from its start, left and top in the source,
# width and height, left and top in the picture
Tile = tuple[str, tuple[int, int] | None, int, tuple[int, int], tuple[int, int], tuple[int, int]]
MOSAIC: tuple[Tile, ...] = (
    ("pedestrians.mp4", None, 0, (0, 0), (768, 576), (0, 0)),
    ("pedestrians.mp4", None, 30, (0, 0), (768, 576), (768, 0)),
    ("pedestrians.mp4", None, 60, (200, 288), (384, 288), (1536, 288)),
    ("astronaut.jpg", None, 0, (0, 0), (384, 288), (1536, 0)),
    ("street.mp4", None, 0, (0, 0), (640, 272), (0, 576)),
    ("street.mp4", None, 120, (0, 0), (640, 232), (0, 848)),
    ("cars.mp4", None, 0, (0, 0), (480, 288), (640, 576)),
    ("cars.mp4", None, 40, (0, 72), (480, 216), (640, 864)),
    ("face.mp4", None, 0, (0, 0), (360, 288), (1120, 576)),
    ("basketball.png", None, 0, (0, 0), (360, 216), (1120, 864)),
    ("pedestrians.mp4", None, 45, (164, 36), (440, 504), (1480, 576)),
)
SCENE: tuple[Tile, ...] = (
    ("pedestrians.mp4", (1440, 1080), 0, (0, 0), (1440, 1080), (0, 0)),
    ("face.mp4", (480, 384), 0, (0, 0), (480, 384), (1440, 0)),
    ("cars.mp4", None, 0, (0, 0), (480, 288), (1440, 384)),
    ("basketball.png", None, 0, (0, 72), (480, 408), (1440, 672)),
)
RATE = 25


def write_clip(tiles: Sequence[Tile], path: Path, frames: int, width: int, height: int) -> None:
    """Encode ``frames`` frames of the top left ``width`` x ``height`` pixels (even numbers)."""
    films = {tile[:2]: film(SAMPLE_MEDIA / tile[0], tile[1]) for tile in tiles}
    temporary = path.with_suffix(".tmp")
    with av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "18", "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = av.VideoFrame(width, height, "yuv420p")
            draw(picture, tiles, films, number)
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    temporary.replace(path)


def draw(picture: av.VideoFrame, tiles: Sequence[Tile], films: Films, number: int) -> None:
    """Fill ``picture`` with frame ``number``."""
    for index, plane in enumerate(picture.planes):
        shift = index > 0
        target = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for name, scale, begin, (left, top), size, place in tiles:
            film = films[name, scale]
            source = film[to_and_fro(begin + number, len(film))][index]
            if len(film) == 1:  # a photograph: pan over as much of it as the tile does not show
                left = 2 * to_and_fro(number, (film[0][0].shape[1] - size[0]) // 2 + 1)
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


def film(path: Path, scale: tuple[int, int] | None) -> list[Planes]:
    """All pictures of a clip, or the one of a photograph, as Y, U and V planes."""
    width, height = scale or (None, None)
    if path.suffix != ".mp4":
        with Image.open(path) as image:
            photograph = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), "rgb24")
        return [planes(photograph.reformat(width, height, "yuv420p"))]
    with av.open(str(path)) as container:
        return [planes(picture.reformat(width, height, "yuv420p")) for picture in container.decode(video=0)]


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


def objects(number: int, width: int, height: int) -> list[Detection]:
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
    work: dict[str, Callable[..., None]] = {
        "mosaic": partial(write_clip, MOSAIC),
        "scene": partial(write_clip, SCENE),
        "detections": write_detections,
        "describe": describe,
    }
    work[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:]))
