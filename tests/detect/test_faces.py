from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.detect.faces import STRIDES, FaceFinder, decode, scales
from tests.detect.pictures import FACE, covered, frame_of, picture, real


def test_decode_equals_reading_each_cell() -> None:
    rng = np.random.default_rng(3)
    width, height = 96, 64
    counts = [(width // stride) * (height // stride) for stride in STRIDES]
    outputs = [rng.uniform(-0.2, 1.2, (1, n, 1)).astype(np.float32) for n in counts * 2]
    outputs += [rng.normal(0, 0.5, (1, n, 4)).astype(np.float32) for n in counts]
    expected = []
    for level, stride in enumerate(STRIDES):
        for row in range(height // stride):
            for column in range(width // stride):
                cell = row * (width // stride) + column
                cls = min(max(float(outputs[level][0, cell, 0]), 0), 1)
                obj = min(max(float(outputs[3 + level][0, cell, 0]), 0), 1)
                score = math.sqrt(cls * obj)
                if score < 0.6:
                    continue
                dx, dy, dw, dh = (float(v) for v in outputs[6 + level][0, cell])
                w, h = math.exp(dw) * stride, math.exp(dh) * stride
                cx, cy = (column + dx) * stride, (row + dy) * stride
                expected.append((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score))
    boxes, scores = decode(outputs, width, 0.6)
    assert len(expected) > 20
    np.testing.assert_allclose(np.column_stack((boxes, scores)), expected, rtol=1e-4, atol=1e-3)


@given(st.integers(1, 8192), st.integers(1, 8192))
def test_scales_reach_far_and_near_faces(width: int, height: int) -> None:
    found = scales(width, height)
    long = max(width, height)
    far, near = found[0] * long, found[-1] * long
    assert list(found) == sorted(found, reverse=True)
    assert far <= 1920.5
    assert far >= min(long, 1280) - 0.5
    assert near <= 320.5, "a face as high as the frame would be too large for the net"


def test_finds_the_only_face_that_looks_at_the_camera() -> None:
    boxes, scores = FaceFinder().find(real("people.jpg"))
    assert len(boxes) == 1
    assert covered(tuple(boxes[0].tolist()), FACE) > 0.9
    assert scores[0] >= 0.6


@pytest.mark.parametrize(("factor", "most"), [(0.5, 0.02), (1.0, 0.05), (8.0, 0.6)])
def test_finds_faces_from_a_few_pixels_to_the_whole_frame(factor: float, most: float) -> None:
    # The same head 22 px high in a 1280 x 720 frame, 43 px high, and filling the frame's height.
    head = picture("people.jpg").crop((20, 60, 170, 170))
    head = head.resize((round(head.width * factor), round(head.height * factor)))
    scene = picture("street.jpg").resize((1280, 880)).crop((0, 0, 1280, 880))
    scene.paste(head, (40, 30))
    boxes, _ = FaceFinder().find(frame_of(scene))
    wanted = tuple((value - corner) * factor + paste for value, corner, paste in zip(
        FACE, (20, 60, 20, 60), (40, 30, 40, 30), strict=True))  # fmt: skip
    assert any(covered(tuple(box.tolist()), wanted) > 0.8 for box in boxes)


def test_a_higher_threshold_keeps_fewer() -> None:
    frame = real("street.jpg")
    low, high = FaceFinder(0.3).find(frame), FaceFinder(0.75).find(frame)
    assert len(low[0]) > len(high[0]) >= 1
    assert (high[1] >= 0.75).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 2)])
def test_takes_any_frame_size(size: tuple[int, int]) -> None:
    boxes, scores = FaceFinder().find(frame_of(picture("street.jpg").resize(size), "yuv444p"))
    assert boxes.shape == (len(scores), 4)
