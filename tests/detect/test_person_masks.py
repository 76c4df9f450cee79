from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from streamproc.detect import person_masks, weights
from streamproc.detect.person_masks import PersonMasker
from streamproc.detect.shapes import superellipse
from tests.detect.pictures import frame_of, picture, real

LEFT, RIGHT = (32, 82, 165, 480), (438, 23, 640, 470)


def boxes(*values: tuple[int, int, int, int]) -> np.ndarray:
    return np.array(values, np.float32)


def test_mask_is_the_shape_joined_with_what_the_net_sees() -> None:
    image = picture("people.jpg")
    [(mask, (x, y))] = PersonMasker().masks(frame_of(image), boxes(LEFT))
    height, width = mask.shape
    session = onnxruntime.InferenceSession(weights.PERSON_MASKS.path, providers=["CPUExecutionProvider"])
    crop = image.crop((x, y, x + width, y + height)).resize((256, 256))
    seen = session.run(None, {"input_1": np.asarray(crop, np.float32)[None] / 255})[0][0, :, :, 0]
    rows, columns = np.arange(height) * 256 // height, np.arange(width) * 256 // width
    shape = superellipse(boxes(LEFT)[0], (x, y, x + width, y + height)) > 0
    expected = shape | (seen[rows][:, columns] > 0.5)
    assert (expected & ~shape).any(), "the picture has a limb outside the shape"
    assert not (shape & (mask == 0)).any()
    # The picture was scaled by another scaler here: only pixels at the edge of what the net sees may differ.
    assert ((mask > 0) != expected).mean() < 0.01


def test_masks_hold_their_boxes_and_stay_in_the_frame() -> None:
    frame = real("people.jpg")
    for (mask, (x, y)), box in zip(PersonMasker().masks(frame, boxes(LEFT, RIGHT)), (LEFT, RIGHT), strict=True):
        assert mask.dtype == np.uint8
        assert mask.flags.c_contiguous
        assert set(np.unique(mask)) == {0, 255}
        assert 0 <= x <= box[0]
        assert 0 <= y <= box[1]
        assert min(box[2], 640) <= x + mask.shape[1] <= 640
        assert min(box[3], 480) <= y + mask.shape[0] <= 480


def test_the_net_is_asked_for_the_tallest_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(person_masks, "_SEGMENTED", 2)
    masker = PersonMasker()
    segment = masker._segment
    monkeypatch.setattr(masker, "_segment", lambda frame, region: asked.append(region) or segment(frame, region))
    people = boxes((10, 10, 60, 110), (100, 10, 160, 210), (200, 10, 300, 310), (400, 10, 430, 60))
    masks = masker.masks(real("people.jpg"), people)
    assert len(masks) == 4
    assert sorted(region[0] // 100 for region in asked) == [0, 1]
    # Without the net the shape is larger than the box.
    mask, (x, y) = masks[0]
    assert (x, y) == (7, 5)
    assert mask.shape == (110, 56)
    assert mask[5, 28] == 255


def test_small_persons_get_the_shape_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    masker = PersonMasker()
    monkeypatch.setattr(masker, "_segment", None)
    assert len(masker.masks(real("people.jpg"), boxes((10, 10, 40, 90)))) == 1


def test_no_persons() -> None:
    assert PersonMasker().masks(real("people.jpg"), np.zeros((0, 4), np.float32)) == []


def test_a_box_outside_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the frame"):
        PersonMasker().masks(real("people.jpg"), boxes((700, 10, 800, 300)))
