from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamproc.detect.detection import Detection
from streamproc.job.render import Renderer
from streamproc.masks.objects import ObjectType
from streamproc.media.frame import Frame
from streamproc.options import MaskKind, Options

WIDTH, HEIGHT = 64, 48


def picture() -> Frame:
    luma = np.random.default_rng(1).integers(30, 200, (HEIGHT, WIDTH), np.uint8)
    chroma = np.random.default_rng(2).integers(60, 200, (2, HEIGHT // 2, WIDTH // 2), np.uint8)
    return Frame.from_planes([luma, *chroma], "yuv420p", ordinal=3, pts=300)


def face(x1: int, y1: int, x2: int, y2: int, **more: Any) -> Detection:
    return Detection(ObjectType.FACE, (x1, y1, x2, y2), 0.9, **more)


def person(x1: int, y1: int, x2: int, y2: int) -> Detection:
    return Detection(ObjectType.PERSON, (x1, y1, x2, y2), 0.8)


def render(detections: list[Detection], **options: Any) -> tuple[Frame, Frame, Any]:
    frame, before = picture(), picture()
    rendering = Renderer(Options.of(**options), WIDTH, HEIGHT).render(frame, detections)
    return frame, before, rendering


def test_wanted_types_are_covered_and_drawn_and_the_rest_is_left() -> None:
    found = [face(8, 8, 24, 24), person(40, 8, 56, 40)]
    frame, before, rendering = render(found, anonymise="face", method="blacken", save_mask="all")
    assert rendering.anonymised == [True, False]
    (first, second) = rendering.colours
    assert first[0] == 0
    assert first[2] == 32
    assert second is None
    changed = np.zeros((HEIGHT, WIDTH), bool)
    changed[8:24, 8:24] = True
    assert (frame.planes[0][changed] == 16).all()
    assert (frame.planes[0][~changed] == before.planes[0][~changed]).all()
    binary = rendering.masks[MaskKind.BINARY]
    assert ((binary.planes[0] == 255) == changed).all()
    green, blue, red = rendering.masks[MaskKind.INSTANCE].planes
    assert ((green == first[1]) == changed).all()
    assert ((blue == 32) == changed).all()
    assert not red.any()
    assert (binary.ordinal, binary.pts) == (3, 300)


def test_method_detect_draws_masks_and_changes_nothing() -> None:
    frame, before, rendering = render([face(8, 8, 24, 24)], method="detect", save_mask="binary")
    assert rendering.anonymised == [False]
    assert all((a == b).all() for a, b in zip(frame.planes, before.planes, strict=True))
    assert rendering.masks[MaskKind.BINARY].planes[0].sum() == 255 * 16 * 16
    assert rendering.colours == [None]  # no instance mask was asked for


def test_ignored_areas_stay_and_what_lies_wholly_in_them_is_said_not_to_be_anonymised() -> None:
    found = [face(0, 0, 10, 10), face(20, 20, 40, 40)]
    frame, before, rendering = render(found, method="blacken", ignore=["0,0,30,30"], save_mask="all")
    assert rendering.anonymised == [False, True]
    assert rendering.colours[0] is None
    assert (frame.planes[0][:30, :30] == before.planes[0][:30, :30]).all()
    assert (frame.planes[0][30:40, 30:40] == 16).all()


def test_only_inside_the_region_of_interest() -> None:
    frame, before, _ = render([face(0, 0, 64, 48)], method="blacken", roi=["16,16,8,8"])
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[16:24, 16:24] = True
    assert (frame.planes[0][inside] == 16).all()
    assert (frame.planes[0][~inside] == before.planes[0][~inside]).all()


@pytest.mark.parametrize(("bbox", "corner"), [(False, 0), (True, 255)])
def test_the_box_instead_of_the_segment(bbox: bool, corner: int) -> None:
    mask = np.zeros((16, 16), np.uint8)
    mask[4:12, 4:12] = 255
    found = face(8, 8, 24, 24, mask=mask, offset=(8, 8))
    _, _, rendering = render([found], bbox=bbox, save_mask="binary")
    assert rendering.masks[MaskKind.BINARY].planes[0][8, 8] == corner
    assert rendering.masks[MaskKind.BINARY].planes[0][16, 16] == 255


def test_masks_are_scaled_and_invent_no_code() -> None:
    _, _, rendering = render([face(8, 8, 24, 24), person(16, 8, 40, 40)], save_mask="all", mask_scale=50)
    green, blue, _ = rendering.masks[MaskKind.INSTANCE].planes
    assert green.shape == (24, 32)
    assert set(np.unique(blue)) == {0, 32, 128, 160}
    assert (rendering.masks[MaskKind.BINARY].planes[0] > 0).sum() == (blue > 0).sum()


def test_legacy_colours_let_the_better_detection_win() -> None:
    _, _, rendering = render([face(8, 8, 24, 24), person(16, 8, 40, 40)], save_mask="all", mask_coding="legacy")
    _, blue, _ = rendering.masks[MaskKind.INSTANCE].planes
    assert set(np.unique(blue)) == {0, 192, 128}
    assert blue[10, 20] == 192


def test_more_than_255_of_a_type_are_counted() -> None:
    found = [face(x, y, x + 2, y + 2) for y in range(0, 40, 2) for x in range(0, 28, 2)]
    _, _, rendering = render(found, save_mask="all")
    assert len(found) == 280
    assert rendering.crowded == 25


def test_debug_draws_a_box_and_leaves_the_masks_alone() -> None:
    frame, before, rendering = render([face(8, 20, 40, 44)], method="detect", debug=True, save_mask="binary")
    assert (frame.planes[0][20, 8:40] != before.planes[0][20, 8:40]).any()
    assert (frame.planes[0][30:34, 14:34] == before.planes[0][30:34, 14:34]).all()
    assert set(np.unique(rendering.masks[MaskKind.BINARY].planes[0])) == {0, 255}


def test_nothing_found_changes_nothing() -> None:
    frame, before, rendering = render([], save_mask="all")
    assert all((a == b).all() for a, b in zip(frame.planes, before.planes, strict=True))
    assert not any(plane.any() for canvas in rendering.masks.values() for plane in canvas.planes)


def as_mask(found: Detection) -> np.ndarray:
    whole = np.zeros((HEIGHT, WIDTH), np.uint8)
    x, y = found.corner
    assert found.mask is not None
    rows, columns = found.mask.shape
    whole[y : y + rows, x : x + columns] = found.mask
    return whole


@pytest.mark.parametrize("restriction", [{"bbox": True}, {"ignore": ["0,0,12,48"]}, {"roi": ["10,10,20,30"]}])
def test_detections_are_recorded_as_they_were_drawn(restriction: dict[str, Any]) -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:18, 2:18] = 255
    found = [face(8, 8, 24, 24, mask=mask, offset=(6, 6)), face(0, 40, 5, 48)]
    _, _, rendering = render(found, save_mask="binary", **restriction)
    first = rendering.detections[0]
    binary = rendering.masks[MaskKind.BINARY].planes[0].copy()
    binary[40:, :5] = 0
    assert (as_mask(first) == binary).all()
    assert first.box == (8, 8, 24, 24)
    assert first.corner[0] <= 8
    assert first.corner[1] <= 8
    if "bbox" not in restriction:
        assert not rendering.anonymised[1]
        assert rendering.detections[1] is found[1]
