"""The weight files that ship in the package; models/README.md says where they come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).with_name("models")


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight file: its ``path``, where it comes from, and the SPDX expression of its licence."""

    path: Path
    origin: str
    licence: str

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size

    @property
    def sha256(self) -> str:
        """Digest of the file, in hex (5 ms for the largest)."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


FACES = Weights(_FOLDER / "face_yunet_2023mar_dyn.onnx", "OpenCV Zoo, YuNet 2023mar", "MIT")
OBJECTS = Weights(_FOLDER / "det_picodet_s_416_coco80.onnx", "PaddleDetection, PicoDet-S 416 COCO", "Apache-2.0")
PLATES = Weights(_FOLDER / "plate_text_ppocrv4_det.onnx", "PaddleOCR, PP-OCRv4 mobile text detector", "Apache-2.0")
PERSON_MASKS = Weights(_FOLDER / "seg_person_selfie_256.onnx", "MediaPipe selfie segmenter", "Apache-2.0")
