from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import streamproc
from streamproc.errors import DetectorError, OptionError, SourceNotFoundError
from streamproc.options import MaskKind
from tests.e2e.oracles import raw_pictures, times


@pytest.fixture
def detections(tmp_path: Path) -> Path:
    """A plate in frame 0 and a wandering face in every frame, over it at first; the same for the photo."""
    path = tmp_path / "given.jsonl"
    lines: list[dict[str, Any]] = [
        {"frame": n, "bbox": [4 + n, 8, 16 + n, 20], "type": "face", "score": 0.9} for n in range(33)
    ]
    lines.append({"frame": 0, "bbox": [10, 10, 30, 16], "type": "license-plate", "score": 0.8})
    lines.append({"filename": "photo.png", "bbox": [0, 0, 5, 30], "type": "face", "score": 0.7})
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_a_video_frame_by_frame(clip: Path, detections: Path) -> None:
    luma_size = 64 * 48
    plain = [
        np.frombuffer(raw, np.uint8)[:luma_size].reshape(48, 64)
        for raw in raw_pictures(clip, "yuv420p", luma_size * 3 // 2)
    ]
    seen = []
    for frame, found, masks in streamproc.frames(clip, detections=detections, method="blacken", save_mask="all"):
        ordinal = frame.ordinal
        inside = np.zeros((48, 64), bool)
        for one in found:
            x1, y1, x2, y2 = one.box
            inside[y1:y2, x1:x2] = True
        assert len(found) == (2 if ordinal == 0 else 1)
        binary, instance = masks[MaskKind.BINARY], masks[MaskKind.INSTANCE]
        assert ((binary == 255) == inside).all()
        assert set(np.unique(binary)) <= {0, 255}
        assert (instance.any(axis=-1) == inside).all()
        assert not instance[..., 0].any()
        if ordinal == 0:
            assert set(np.unique(instance[..., 2])) == {0, 32, 64, 96}  # face, plate, and both
        luma = frame.planes[0]
        assert (luma[inside] == 16).all()
        assert (luma[~inside] == plain[ordinal][~inside]).all()
        seen.append((ordinal, frame.time, binary))
    assert [(ordinal, time) for ordinal, time, _ in seen] == list(enumerate(times(clip)))
    assert len({binary.tobytes() for _, _, binary in seen}) == 33  # copies: a kept mask is not drawn over


def test_a_mask_is_named_by_a_word(clip: Path, detections: Path) -> None:
    _, _, masks = next(iter(streamproc.frames(clip, detections=detections, save_mask="instance")))
    assert masks.keys() == {"instance"}
    assert masks["instance"].shape == (48, 64, 3)  # type: ignore[index]  # MaskKind is a str


def test_an_image_is_one_frame(photo: Path, detections: Path) -> None:
    ((frame, found, masks),) = streamproc.frames(photo, detections=detections, save_mask="binary", method="blacken")
    assert (frame.ordinal, frame.time, len(found)) == (0, Fraction(0), 1)
    assert masks[MaskKind.BINARY][:, :5].all()
    green, blue, red = frame.planes
    assert not red[:, :5].any()
    with Image.open(photo) as image:
        assert (np.stack([red, green, blue], axis=-1)[:, 5:] == np.asarray(image)[:, 5:]).all()


def test_scaled_masks(clip: Path, detections: Path) -> None:
    _, _, masks = next(iter(streamproc.frames(clip, detections=detections, save_mask="all", mask_scale=50)))
    assert {kind: mask.shape for kind, mask in masks.items()} == {
        MaskKind.BINARY: (24, 32),
        MaskKind.INSTANCE: (24, 32, 3),
    }


def test_what_is_wrong_is_said_before_the_first_frame(clip: Path, tmp_path: Path, detections: Path) -> None:
    with pytest.raises(SourceNotFoundError):
        streamproc.frames(tmp_path / "gone.mp4", detections=detections)
    with pytest.raises(OptionError, match="mask-scale"):
        streamproc.frames(clip, detections=detections, mask_scale=0)
    with pytest.raises(DetectorError, match="no detector 'nix'"):
        streamproc.frames(clip, detector="nix")


def test_a_loop_may_be_left_early(clip: Path, detections: Path) -> None:
    loop = iter(streamproc.frames(clip, detections=detections))
    next(loop)
    loop.close()  # type: ignore[attr-defined]  # it is a generator
    assert list(loop) == []
