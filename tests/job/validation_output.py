"""Makes output folders for the tests of validation, with numpy, PyAV and Pillow alone: not with what is validated."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image

from streamproc.detect.detection import Detection
from streamproc.masks.objects import ObjectType
from streamproc.metadata.accumulator import ChunkMetadata, image_to_bytes
from streamproc.metadata.records import frame_record, image_record

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 64, 48
TIME_BASE = Fraction(1, 12800)
TICKS = [0, 512, 1024, 1500, 2048, 2560]  # the rate varies


def ellipse(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    inside = ((x - (width - 1) / 2) / (width / 2)) ** 2 + ((y - (height - 1) / 2) / (height / 2)) ** 2 <= 1
    return inside.astype(np.uint8) * 255


@dataclass
class Scene:
    """What is in each frame, and how it is masked."""

    legacy: bool = False
    anonymised: tuple[bool, ...] = (True, True, True)
    segmentation: bool = False
    step: int = 1  # every how many-th pixel of a mask stays
    frames: int = len(TICKS)
    records: list[dict[str, Any]] = field(default_factory=list)

    def found(self, ordinal: int) -> list[Detection]:
        if ordinal == 2:
            return []
        x = 4 + 3 * ordinal
        return [
            Detection(ObjectType.PERSON, (x, 4, x + 16, 36), 0.9, ellipse(16, 32), (x, 4), 1),
            Detection(ObjectType.FACE, (x + 4, 6, x + 12, 16), 0.8),
            Detection(ObjectType.PERSON, (x + 10, 8, x + 30, 48), 0.7),
        ]

    @property
    def colours(self) -> list[tuple[int, int, int]]:
        face = 192 if self.legacy else 32
        return [(0, 85, 128), (0, 3, face), (0, 170, 128)]

    def record(self, ordinal: int) -> dict[str, Any]:
        found = self.found(ordinal)
        return frame_record(
            ordinal, found, anonymised=self.anonymised[: len(found)], colours=self.colours[: len(found)], width=WIDTH,
            height=HEIGHT, duration=0.01, pts=TICKS[ordinal], time_base=TIME_BASE, segmentation=self.segmentation,
        )  # fmt: skip

    def masks(self, ordinal: int) -> tuple[np.ndarray, np.ndarray]:
        """The binary mask (h, w) and the instance mask (h, w, 3)."""
        binary = np.zeros((HEIGHT, WIDTH), np.uint8)
        instance = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        found = list(zip(self.found(ordinal), self.colours, self.anonymised, strict=False))
        for detection, colour, anonymised in reversed(found) if self.legacy else found:
            x1, y1, x2, y2 = detection.box
            on = detection.mask if detection.mask is not None else np.full((y2 - y1, x2 - x1), 255, np.uint8)
            on = on[: HEIGHT - y1, : WIDTH - x1]
            target = instance[y1 : y1 + on.shape[0], x1 : x1 + on.shape[1]]
            if self.legacy:
                target[on > 0] = colour
            else:
                target |= on[..., None] & np.array(colour, np.uint8)
            if anonymised:
                binary[y1 : y1 + on.shape[0], x1 : x1 + on.shape[1]] |= on
        # Half the side by nearest neighbour: pixel x takes the source pixel at floor((x + 1/2) * 2).
        start = self.step // 2
        return binary[start :: self.step, start :: self.step], instance[start :: self.step, start :: self.step]

    def write(self, out: Path, *, masks: str = "video", chunk: int = 4) -> Path:
        out.mkdir(parents=True, exist_ok=True)
        for first in range(0, self.frames, chunk):
            made = ChunkMetadata(first)
            for ordinal in range(first, min(first + chunk, self.frames)):
                made.add(self.record(ordinal))
            (out / made.file_name("clip")).write_bytes(made.to_bytes())
        grey = [np.full((HEIGHT, WIDTH), 16 + i, np.uint8) for i in range(self.frames)]
        encode(out / "clip.mp4", [[plane] * 3 for plane in grey], "yuv444p", "libx264")
        pairs = [self.masks(ordinal) for ordinal in range(self.frames)]
        if masks == "video":
            write_binary(out / "clip_bin_mask.mp4", [binary for binary, _ in pairs])
            write_instance(out / "clip_ins_maks.mp4", [instance for _, instance in pairs])
        elif masks == "png":
            for name, kind in (("clip_bin_mask", 0), ("clip_ins_maks", 1)):
                (out / name).mkdir()
                for ordinal, pair in enumerate(pairs):
                    Image.fromarray(pair[kind]).save(out / name / f"{ordinal:06d}.png")
        return out

    def write_image(self, out: Path, name: str = "photo") -> Path:
        out.mkdir(parents=True, exist_ok=True)
        found = self.found(0)
        record = image_record(
            f"{name}.jpg", None, found, anonymised=self.anonymised, colours=self.colours, width=WIDTH, height=HEIGHT,
            duration=0.01, segmentation=self.segmentation,
        )  # fmt: skip
        (out / f"{name}.json").write_bytes(image_to_bytes(record))
        Image.new("RGB", (WIDTH, HEIGHT)).save(out / f"{name}.jpg")
        binary, instance = self.masks(0)
        Image.fromarray(binary).save(out / f"{name}_bin_mask.png")
        Image.fromarray(instance).save(out / f"{name}_ins_maks.png")
        return out


def write_binary(path: Path, masks: list[np.ndarray], ticks: list[int] | None = None) -> None:
    encode(path, [[mask] for mask in masks], "gray", "libx264", ticks)


def write_instance(path: Path, masks: list[np.ndarray], ticks: list[int] | None = None) -> None:
    encode(path, [[mask.reshape(len(mask), -1)] for mask in masks], "rgb24", "libx264rgb", ticks)


def encode(path: Path, frames: list[list[np.ndarray]], layout: str, codec: str, ticks: list[int] | None = None) -> None:
    """A lossless video of planes at ``TICKS``."""
    height, width = frames[0][0].shape
    width //= 3 if layout == "rgb24" else 1
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.time_base = width, height, TIME_BASE
        stream.codec_context.time_base = TIME_BASE
        stream.pix_fmt = layout
        stream.options = {"qp": "0", "preset": "ultrafast", "bf": "0"}
        for planes, pts in zip(frames, ticks or TICKS, strict=False):
            frame = av.VideoFrame(width, height, layout)
            for plane, values in zip(frame.planes, planes, strict=True):
                pitch = plane.line_size
                target = np.frombuffer(plane, np.uint8)[: pitch * height].reshape(height, pitch)
                target[:, : values.shape[1]] = values
            frame.pts, frame.time_base = pts, TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
