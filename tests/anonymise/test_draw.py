from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from streamproc.anonymise.draw import draw_box, sample_of
from streamproc.media.frame import Frame


def picture(layout: str = "yuv420p", width: int = 120, height: int = 90) -> Frame:
    shapes = [(height, width), (-(-height // 2), -(-width // 2)), (-(-height // 2), -(-width // 2))]
    if layout == "gbrp":
        shapes = [(height, width)] * 3
    return Frame.from_planes([np.full(shape, 99, np.uint8) for shape in shapes], layout)


def changed(frame: Frame) -> np.ndarray:
    return frame.planes[0] != 99


def test_the_outline_lies_inside_the_box_and_its_inside_is_untouched() -> None:
    frame = picture()
    draw_box(frame.planes, frame.layout.shifts, (20, 40, 80, 80), "", (200, 50, 60))
    marked = changed(frame)
    assert marked[40, 20:80].all()
    assert marked[79, 20:80].all()
    assert marked[40:80, 20].all()
    assert marked[40:80, 79].all()
    assert not marked[44:76, 24:76].any()
    assert (frame.planes[1][20, 10:40] == 50).all()


@pytest.mark.parametrize("box", [(-10, -10, 400, 400), (100, 70, 300, 300), (0, 0, 1, 1), (119, 89, 120, 90)])
def test_boxes_that_leave_the_picture_are_drawn_as_far_as_it_goes(box: tuple[int, int, int, int]) -> None:
    for layout in ("yuv420p", "gbrp"):
        frame = picture(layout, 119, 89) if layout == "yuv420p" else picture(layout)
        draw_box(frame.planes, frame.layout.shifts, box, "license-plate 0.99", (200, 50, 60))
        if box[0] < 119 and box[1] < 89:
            assert changed(frame).any()


def test_a_box_outside_the_picture_draws_nothing() -> None:
    frame = picture()
    draw_box(frame.planes, frame.layout.shifts, (200, 200, 220, 220), "face", (200, 50, 60))
    assert not changed(frame).any()


def test_the_label_stands_above_or_where_there_is_no_room_below_the_edge() -> None:
    for y, above in ((50, True), (0, False)):
        frame = picture()
        draw_box(frame.planes, frame.layout.shifts, (10, y, 110, y + 35), "face", (200, 50, 60))
        marked = changed(frame)
        assert marked[:y].any() == above
        assert marked[y + 4 : y + 14, 14:60].any() != above


@pytest.mark.parametrize(
    "rgb", [(255, 80, 80), (0, 200, 255), (255, 220, 0), (80, 230, 80), (0, 0, 0), (255, 255, 255)]
)
def test_colours_are_those_of_pillow(rgb: tuple[int, int, int]) -> None:
    ycc = Image.new("RGB", (1, 1), rgb).convert("YCbCr").getpixel((0, 0))
    sample = sample_of(rgb, is_rgb=False, planes=3, bits=8, full_range=True)
    assert np.abs(np.subtract(sample, ycc)).max() <= 1
    limited = sample_of(rgb, is_rgb=False, planes=3, bits=8, full_range=False)
    assert limited[0] == round(16 + sample[0] * 219 / 255) or abs(limited[0] - (16 + sample[0] * 219 / 255)) <= 1
    assert sample_of(rgb, is_rgb=False, planes=1, bits=10, full_range=True) == (pytest.approx(sample[0] * 4, abs=4),)
    assert sample_of(rgb, is_rgb=True, planes=3, bits=8, full_range=True) == (rgb[1], rgb[2], rgb[0])
