from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.anonymise.apply import anonymise
from streamproc.anonymise.treatment import Treatment
from streamproc.media.pixels import LAYOUTS
from streamproc.options import Method
from tests.anonymise.pictures import box, ellipse, noise, reference, regions

if TYPE_CHECKING:
    from streamproc.masks.regions import Regions
    from streamproc.media.pixels import PixelLayout

BLUR, PIXELATE, BLACKEN, DETECT = (Treatment(m) for m in (Method.BLUR, Method.PIXELATE, Method.BLACKEN, Method.DETECT))
GRAY = LAYOUTS["gray"]
SOME_LAYOUTS = [LAYOUTS[n] for n in (
    "gray", "yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "gbrp",
    "gray10le", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv420p16le", "gbrp10le",
)]  # fmt: skip


def run(planes, layout: PixelLayout, width: int, height: int, found: Regions, treatments):
    """Treat a copy of ``planes``."""
    done = [plane.copy() for plane in planes]
    anonymise(done, layout.shifts, width, height, layout.black(full_range=False), found, treatments)
    return done


def gray(picture, found: Regions, *treatments: Treatment):
    """Treat a copy of a single plane without padding."""
    layout = GRAY if picture.dtype == np.uint8 else LAYOUTS["gray16le"]
    return run([picture], layout, picture.shape[1], picture.shape[0], found, treatments)[0]


@st.composite
def scenes(draw):
    layout = draw(st.sampled_from(SOME_LAYOUTS))
    width, height = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    masks, treatments = [], []
    for _ in range(draw(st.integers(0, 5))):
        x, y = np.sort(rng.integers(0, width + 1, 2)), np.sort(rng.integers(0, height + 1, 2))
        if draw(st.integers(0, 5)) == 0:
            x = np.array([0, width])
        if draw(st.integers(0, 5)) == 0:
            y = np.array([0, height])
        mask = np.where(rng.random((y[1] - y[0], x[1] - x[0])) < draw(st.sampled_from([0.05, 0.8, 1])), 255, 0)
        masks.append(((int(x[0]), int(y[0])), mask.astype(np.uint8)))
        first, stop = draw(st.sampled_from([(0, 0), (0, 0), (0, 0.25), (0.125, 0.5), (0.25, 0.25)]))
        treatments.append(
            Treatment(draw(st.sampled_from(Method)), draw(st.sampled_from([1, 2, 5, 8, 64])), first, stop)
        )
    return layout, width, height, noise(layout, width, height, draw(st.integers(0, 9))), regions(*masks), treatments


@settings(deadline=None, max_examples=250)
@given(scenes())
def test_equals_the_reference(scene):
    layout, width, height, planes, found, treatments = scene
    done = run(planes, layout, width, height, found, treatments)
    black = layout.black(full_range=False)
    wanted = reference(planes, layout, width, height, black, found, treatments)
    levels = 1 << layout.bits
    for plane, before, (value, cover, blurred) in zip(done, planes, wanted, strict=True):
        rows, columns = value.shape
        assert (plane[:, columns:] == before[:, columns:]).all(), "padding changed"
        inside = plane[:rows, :columns]
        assert (inside == before[:rows, :columns])[cover == 0].all(), "changed outside the mask and its edge"
        tolerance = np.zeros(value.shape)
        tolerance[blurred] += 1 + levels * 4 / 4096  # rounding, and weights cut to 1/4096 in both directions
        tolerance[(cover > 0) & (cover < 1)] += 1 + levels / 128  # rounding, and soft covers cut to 1/256
        assert (np.abs(inside - value) <= tolerance).all()


def test_a_blur_is_rounded_and_not_cut():
    layout = LAYOUTS["yuv420p"]
    planes = noise(layout, 64, 48)
    found = regions(box(6, 4, 60, 46))
    done = run(planes, layout, 64, 48, found, [BLUR])
    for plane, (value, cover, _) in zip(
        done, reference(planes, layout, 64, 48, (16, 128, 128), found, [BLUR]), strict=True
    ):
        assert abs((plane[:, : value.shape[1]] - value)[cover == 1].mean()) < 0.1


@settings(deadline=None, max_examples=30)
@given(scenes(), st.permutations(range(4)))
def test_the_order_of_regions_decides_only_among_equals(scene, places: list[int]):
    layout, width, height, planes, found, treatments = scene
    places = [i for i in places if i < len(treatments)]
    masks = [((int(found.rects[i, 0]), int(found.rects[i, 1])), found.mask(i)) for i in range(len(places))]
    unequal = [Treatment(method, 8, 0.1, 0.3) for method in Method]
    one = run(planes, layout, width, height, regions(*masks), unequal[: len(masks)])
    other = run(planes, layout, width, height, regions(*(masks[i] for i in places)), [unequal[i] for i in places])
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("size", [(33, 21), (32, 24), (1, 1)])
def test_the_whole_frame_is_covered_to_its_last_row_and_column(layout: PixelLayout, size: tuple[int, int]):
    width, height = size
    planes = noise(layout, width, height)
    found = regions(box(0, 0, width, height))
    for plane, level, before in zip(
        run(planes, layout, width, height, found, [BLACKEN]), layout.black(full_range=False), planes, strict=True
    ):
        columns = plane.shape[1] - 3
        assert (plane[:, :columns] == level).all()
        assert (plane[:, columns:] == before[:, columns:]).all()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("method", [BLUR, PIXELATE, BLACKEN])
def test_a_chroma_sample_is_treated_if_any_of_its_pixels_is_and_others_keep_their_bits(
    layout: PixelLayout, method: Treatment
):
    planes = noise(layout, 45, 31)
    mask = np.zeros((13, 17), np.uint8)
    mask[3, 5] = mask[12, 16] = 255
    found = regions(((9, 5), mask))
    for plane, before, (x_shift, y_shift) in zip(
        run(planes, layout, 45, 31, found, [method]), planes, layout.shifts, strict=True
    ):
        treated = {(8 >> y_shift, 14 >> x_shift), (17 >> y_shift, 25 >> x_shift)}
        changed = set(zip(*(n.tolist() for n in np.nonzero(plane != before)), strict=True))
        assert changed <= treated
        if method is BLACKEN and layout.bits > 8:  # noise is hardly ever black, nor is a mean the noise
            assert changed == treated


def test_no_regions_or_empty_ones_change_nothing():
    layout = LAYOUTS["yuv420p"]
    planes = noise(layout, 31, 17)
    nowhere = (0, 0), np.empty((0, 0), np.uint8)
    for found, treatments in (
        (regions(), []),
        (regions(nowhere, nowhere), [BLUR, BLACKEN]),
        (regions(((3, 3), np.zeros((9, 9), np.uint8))), [Treatment(Method.BLACKEN, 8, 0.5, 1)]),
        (regions(box(0, 0, 31, 17)), [Treatment(Method.DETECT, 8, 0.5, 1)]),
    ):
        done = run(planes, layout, 31, 17, found, treatments)
        assert all((a == b).all() for a, b in zip(done, planes, strict=True))


def test_an_empty_region_among_others_is_passed_over():
    picture = noise(GRAY, 40, 40, padding=0)[0]
    with_empty = gray(picture, regions(((0, 0), np.empty((0, 0), np.uint8)), box(5, 5, 30, 30)), BLACKEN, BLUR)
    assert (with_empty == gray(picture, regions(box(5, 5, 30, 30)), BLUR)).all()


def test_hundreds_of_regions():
    picture = noise(GRAY, 320, 200, padding=0)[0]
    masks = [ellipse(x, y, x + 25, y + 25) for y in range(0, 176, 8) for x in range(0, 296, 8)]
    found = regions(*masks)
    covered = np.zeros(picture.shape, bool)
    for (x, y), mask in masks:
        covered[y : y + 25, x : x + 25] |= mask > 0
    done = gray(picture, found, *[BLACKEN, BLUR, PIXELATE, DETECT] * (len(masks) // 4), *[BLUR] * (len(masks) % 4))
    assert (done == picture)[~covered].all()
    assert (done != picture)[covered].mean() > 0.95


def test_twelve_overlapping_objects_are_each_made_from_the_untouched_picture():
    """Wherever one object shows, it shows what it would show if it were alone."""
    rng = np.random.default_rng(5)
    picture = noise(LAYOUTS["gray16le"], 400, 300, padding=0)[0]
    corners = [(int(x), int(y)) for x, y in zip(rng.integers(1, 250, 12), rng.integers(1, 120, 12), strict=True)]
    masks = [ellipse(x, y, x + 60 + 5 * i, y + 120 + 3 * i) for i, (x, y) in enumerate(corners)]
    treatments = [[BLUR, PIXELATE, BLACKEN][i % 3] for i in range(12)]
    together = gray(picture, regions(*masks), *treatments)
    alone = [gray(picture, regions(m), t) for m, t in zip(masks, treatments, strict=True)]
    covers = np.zeros((12, *picture.shape), bool)
    for cover, ((x, y), mask) in zip(covers, masks, strict=True):
        cover[y : y + mask.shape[0], x : x + mask.shape[1]] = mask > 0
    assert (covers.sum(0) > 3).any()
    matches = np.array([cover & (together == one) for cover, one in zip(covers, alone, strict=True)])
    assert (matches.any(0) == covers.any(0)).all()
    for i, treatment in enumerate(treatments):
        if treatment is BLACKEN:
            assert matches[i][covers[i]].all()


def test_a_mask_is_fully_treated_under_the_soft_edge_of_a_stronger_method():
    picture = noise(GRAY, 120, 80, padding=0)[0]
    soft_black = Treatment(Method.BLACKEN, 8, 0, 0.5)
    both = gray(picture, regions(box(10, 10, 50, 70), box(50, 10, 100, 70)), soft_black, BLUR)
    blurred = gray(picture, regions(box(50, 10, 100, 70)), BLUR)
    assert (both[10:70, 50:100] == blurred[10:70, 50:100]).all()
    assert (both[10:70, 10:50] == 16).all()


def test_detect_yields_to_every_other_method():
    picture = noise(GRAY, 60, 60, padding=0)[0]
    found = regions(box(10, 10, 50, 50), box(0, 0, 60, 60))
    assert (gray(picture, found, BLUR, DETECT) == gray(picture, regions(box(10, 10, 50, 50)), BLUR)).all()


def test_the_soft_edge_falls_linearly_to_nothing():
    picture = np.full((100, 140), 216, np.uint8)
    done = gray(picture, regions(box(50, 30, 90, 70)), Treatment(Method.BLACKEN, 8, 0.25, 0.5))
    row = done[50].astype(int)
    assert (row[40:100] == 16).all(), "full strength to 10 pixels beyond the mask"
    fall = np.arange(216, 16, -20)
    assert np.abs(row[30:40] - fall).max() <= 1
    assert np.abs(row[100:110] - fall[::-1]).max() <= 1
    assert (row[:31] == 216).all()
    assert (row[109:] == 216).all()
    assert (done[:10] == 216).all()
    assert (done[90:] == 216).all()


def test_the_same_bytes_on_every_run():
    layout = LAYOUTS["yuv420p10le"]
    planes = noise(layout, 201, 133)
    found = regions(ellipse(10, 10, 80, 120), ellipse(60, 20, 140, 133), box(100, 0, 201, 50))
    treatments = [Treatment(Method.BLUR, 8, 0.1, 0.4), Treatment(Method.PIXELATE, 8, 0, 0.2), BLUR]
    one, other = (run(planes, layout, 201, 133, found, treatments) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_treatments_must_match_regions():
    with pytest.raises(ValueError, match="2 regions have 1 treatments"):
        gray(np.zeros((9, 9), np.uint8), regions(box(0, 0, 3, 3), box(3, 3, 9, 9)), BLUR)
