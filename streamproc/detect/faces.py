"""Faces: YuNet at a scale for far faces and a scale for faces that fill the frame.

YuNet: Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector" (2023); the decoding follows the post-processing
of OpenCV's FaceDetectorYN (https://github.com/opencv/opencv/blob/4.x/modules/objdetect/src/face_detect.cpp).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streamproc.detect import weights
from streamproc.detect.boxes import suppress
from streamproc.detect.onnx_session import PlanarInput, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Boxes
    from streamproc.media.frame import Frame

STRIDES = (8, 16, 32)
THRESHOLD = 0.6
OVERLAP = 0.3
_HEADS = ("cls", "obj", "bbox")
_NEAR = 320  # long side in net pixels: a face of the whole frame's height is then at most 300 net pixels


def scales(width: int, height: int) -> tuple[float, ...]:
    """Factors by which a frame of ``width`` x ``height`` pixels is scaled for the net.

    It finds faces of 10 to 300 net pixels. The first scale is for far faces: the frame's own size up to 1280 pixels
    of the long side, half the size of larger frames within 1280 to 1920, and up to twice that of frames below 640.
    """
    long = max(width, height)
    far = min(max(long, min(2 * long, 640)), max(1280, min(long // 2, 1920)))
    return (far / long,) if far <= _NEAR else (far / long, _NEAR / long)


def decode(outputs: list[NDArray[np.float32]], width: int, threshold: float) -> tuple[Boxes, NDArray[np.float32]]:
    """Boxes (n, 4) in net pixels and scores (n,) of all cells with a score of ``threshold`` or more.

    ``outputs`` are cls (1, cells, 1), obj (1, cells, 1) and bbox (1, cells, 4), each for strides 8, 16 and 32;
    ``width`` is the net input's. score = sqrt(cls * obj); a box is (dx, dy, log w, log h) in units of the stride, its
    centre counted from its cell's corner.
    """
    boxes, scores = [], []
    for index, stride in enumerate(STRIDES):
        objectness, offsets = outputs[3 + index], outputs[6 + index]
        score = np.sqrt(np.clip(outputs[index][0, :, 0], 0, 1) * np.clip(objectness[0, :, 0], 0, 1))
        cells = np.flatnonzero(score >= threshold)
        rows, columns = np.divmod(cells, width // stride)
        found = offsets[0, cells]
        centres = (np.stack((columns, rows), axis=1) + found[:, :2]) * stride
        halves = np.exp(found[:, 2:]) * (stride / 2)
        boxes.append(np.concatenate((centres - halves, centres + halves), axis=1).astype(np.float32))
        scores.append(score[cells])
    return np.concatenate(boxes), np.concatenate(scores)


class FaceFinder:
    """Finds faces in one frame."""

    def __init__(self, threshold: float | None = None) -> None:
        """Keep faces with a score of ``threshold`` (default 0.6) or more. Raises MissingExtraError, DetectorError."""
        self._session = Session(weights.FACES.path, [f"{head}_{stride}" for head in _HEADS for stride in STRIDES])
        self._inputs = [PlanarInput(bgr=True) for _ in range(2)]  # one for each scale: each keeps its buffer
        self.threshold = THRESHOLD if threshold is None else threshold

    def find(self, frame: Frame) -> tuple[Boxes, NDArray[np.float32]]:
        """Boxes (n, 4) in frame pixels, which may leave the frame, and scores (n,), best first."""
        wanted = scales(frame.width, frame.height)
        found = [self._at(frame, scale, net) for scale, net in zip(wanted, self._inputs, strict=False)]
        boxes = np.concatenate([boxes for boxes, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        kept = suppress(boxes, scores, OVERLAP)
        return boxes[kept], scores[kept]

    def _at(self, frame: Frame, scale: float, net: PlanarInput) -> tuple[Boxes, NDArray[np.float32]]:
        width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        tensor = net.fill(frame, width, height, multiple=32)
        boxes, scores = decode(self._session.run(tensor), tensor.shape[3], self.threshold)
        back = np.array([frame.width / width, frame.height / height] * 2, np.float32)
        return boxes * back, scores
