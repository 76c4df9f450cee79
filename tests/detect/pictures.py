"""Frames for the detector tests: real pictures, and painted ones."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

from streamproc.media.frame import Frame

if TYPE_CHECKING:
    from streamproc.detect.boxes import Box

_FOLDER = Path(__file__).with_name("data")

PLATE = (298, 280, 361, 309)  # in pickup.jpg: the green frame around it
FACE = (52, 88, 106, 136)  # in people.jpg: a box around the head of the man on the left


def picture(name: str) -> Image.Image:
    with Image.open(_FOLDER / name) as image:
        return image.convert("RGB")


def frame_of(image: Image.Image, layout: str = "yuv420p", ordinal: int = 0) -> Frame:
    native = av.VideoFrame.from_ndarray(np.asarray(image), "rgb24").reformat(format=layout, dst_colorspace="itu601")
    return Frame(native, ordinal, ordinal, Fraction(1, 25))


def real(name: str, ordinal: int = 0) -> Frame:
    return frame_of(picture(name), ordinal=ordinal)


def covered(box: Box, by: Box) -> float:
    """The part of ``box`` that lies in ``by``."""
    width = min(box[2], by[2]) - max(box[0], by[0])
    height = min(box[3], by[3]) - max(box[1], by[1])
    return max(width, 0) * max(height, 0) / ((box[2] - box[0]) * (box[3] - box[1]))
