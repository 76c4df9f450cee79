"""Makes sample_media/*.detections.jsonl with the default detector, and pictures to check them by.

    python tools/make_sample_detections.py                 all clips and images of sample_media/
    python tools/make_sample_detections.py car.png         these only
    python tools/make_sample_detections.py --draw DIR      only draw what the files say now, to look at

One detection a line, for `--detections`; images are told by name, frames of clips by number. What the detector gets
wrong is mended by tools/sample_corrections.py.
"""

from __future__ import annotations

import argparse
import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import av
from PIL import Image, ImageDraw
from sample_corrections import corrected

from streamproc.detect.default import DefaultDetector
from streamproc.detect.detector import DetectorSettings
from streamproc.media.kinds import is_still
from streamproc.media.source import open_source
from streamproc.media.still import read_still

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_corrections import Box

    from streamproc.media.frame import Frame

SAMPLE_MEDIA = Path(__file__).resolve().parent.parent / "sample_media"
MEDIA = (".jpg", ".mp4", ".png")
COLOURS = {"person": "yellow", "face": "red", "license-plate": "cyan", "vehicle": "lime"}
BATCH = 8


def main() -> None:
    """Write or draw the detections of the files named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="files of sample_media/; default: all")
    parser.add_argument("--draw", type=Path, help="folder for pictures; nothing is detected")
    parser.add_argument("--every", type=int, default=10, help="with --draw: every how many frames; default: 10")
    arguments = parser.parse_args()
    media = [SAMPLE_MEDIA / name for name in arguments.names] or [
        path for path in sorted(SAMPLE_MEDIA.iterdir()) if path.suffix in MEDIA
    ]
    for path in media:
        if arguments.draw is None:
            write(path)
        else:
            arguments.draw.mkdir(parents=True, exist_ok=True)
            draw(path, arguments.draw, arguments.every)


def lines_of(path: Path) -> Path:
    """``clip.mp4`` has ``clip.detections.jsonl``."""
    return path.with_name(f"{path.stem}.detections.jsonl")


def write(path: Path) -> None:
    """Detect, mend, and write one line for each detection."""
    detector = DefaultDetector(DetectorSettings(threads=2))
    still = is_still(path)
    frames = iter([read_still(path).frame]) if still else frames_of(path)
    found: dict[int, list[tuple[str, Box, float]]] = {}
    while batch := list(islice(frames, BATCH)):
        for frame, detections in zip(batch, detector.detect(batch), strict=True):
            found[frame.ordinal] = [(str(one.object_type), one.box, one.score) for one in detections]
    lines = [
        json.dumps(
            {**({"filename": path.name} if still else {"frame": ordinal}), "bbox": box, "type": kind, "score": score}
        )
        for ordinal, detections in sorted(corrected(path.name, found).items())
        for kind, box, score in ((kind, list(box), round(score, 2)) for kind, box, score in detections)
    ]
    lines_of(path).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"{path.name}: {len(lines)} detections")


def frames_of(path: Path) -> Iterator[Frame]:
    """All frames of a clip."""
    with open_source(path) as source:
        yield from source.frames()


def draw(path: Path, folder: Path, every: int) -> None:
    """Write one picture of every ``every``-th frame side by side, with the boxes that the file gives."""
    boxes: dict[int, list[dict[str, object]]] = {}
    for line in lines_of(path).read_text(encoding="utf-8").splitlines():
        detection = json.loads(line)
        boxes.setdefault(detection.get("frame", 0), []).append(detection)
    tiles = []
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % every == 0:
                tile = frame.to_image()
                pen = ImageDraw.Draw(tile)
                for detection in boxes.get(index, []):
                    pen.rectangle(detection["bbox"], outline=COLOURS[str(detection["type"])])
                pen.text((2, 2), str(index), fill="white")
                tiles.append(tile)
    columns = max(1, 1600 // tiles[0].width)
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * tiles[0].width, rows * tiles[0].height))
    for i, tile in enumerate(tiles):
        sheet.paste(tile, (i % columns * tile.width, i // columns * tile.height))
    sheet.save(folder / f"{path.stem}.png")


if __name__ == "__main__":
    main()
