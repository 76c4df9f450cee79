"""What may remain of an object: the bound on information, and how it looks."""

from __future__ import annotations

import numpy as np
import pytest

from streamproc.anonymise.treatment import Treatment
from streamproc.options import Method
from tests.anonymise.pictures import box, regions
from tests.anonymise.test_apply import BLACKEN, BLUR, PIXELATE, gray


@pytest.fixture
def face():
    """A drawn face, 240 x 192, of the greys and details that tell faces apart: eyes, brows, mouth, skin texture."""
    y, x = np.mgrid[0:240, 0:192]
    rng = np.random.default_rng(11)
    picture = 150 + 40 * np.exp(-(((x - 96) / 70) ** 2 + ((y - 120) / 100) ** 2)) + rng.normal(0, 14, (240, 192))
    for centre in (60, 132):
        picture -= 90 * (((x - centre) / 16) ** 2 + ((y - 95) / 6) ** 2 < 1)
        picture += 90 * (((x - centre) / 3) ** 2 + ((y - 95) / 3) ** 2 < 1)
        picture -= 60 * (((x - centre) / 20) ** 2 + ((y - 78) / 3) ** 2 < 1)
    picture -= 70 * (((x - 96) / 30) ** 2 + ((y - 180) / 5) ** 2 < 1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def detail(picture):
    """What is finer than a cell of 24 pixels: the picture less its means over 24 x 24."""
    rows, columns = (n // 24 for n in picture.shape)
    means = picture.reshape(rows, 24, columns, 24).astype(np.float64).mean((1, 3))
    return picture - means.repeat(24, 0).repeat(24, 1)


@pytest.mark.parametrize("treatment", [BLUR, PIXELATE])
def test_pictures_with_equal_cell_means_become_equal(face, treatment: Treatment):
    """Shuffling a face within its 8 x 10 cells leaves nothing of it, and the result is the same."""
    rng = np.random.default_rng(1)
    cells = face.reshape(10, 24, 8, 24).swapaxes(1, 2).reshape(80, 576)
    shuffled = rng.permuted(cells, axis=1).reshape(10, 8, 24, 24).swapaxes(1, 2).reshape(240, 192)
    assert np.corrcoef(detail(face).ravel(), detail(shuffled).ravel())[0, 1] < 0.1
    canvas, other = np.zeros((2, 400, 400), np.uint8)
    canvas[72:312, 48:240], other[72:312, 48:240] = face, shuffled
    found = regions(box(48, 72, 240, 312))
    assert (gray(canvas, found, treatment) == gray(other, found, treatment)).all()


@pytest.mark.parametrize("treatment", [BLUR, PIXELATE, Treatment(Method.BLUR, 3), Treatment(Method.PIXELATE, 3)])
@pytest.mark.parametrize("rect", [(13, 21, 73, 101), (5, 7, 66, 71)])
def test_no_more_values_remain_than_cells(treatment: Treatment, rect: tuple[int, int, int, int]):
    """The results of many random pictures span no more dimensions than there are cells."""
    rng = np.random.default_rng(2)
    x1, y1, x2, y2 = rect
    pictures = rng.integers(0, 65536, (200, 110, 90)).astype(np.uint16)
    found = regions(box(*rect))
    results = np.array([gray(picture, found, treatment)[y1:y2, x1:x2].ravel() for picture in pictures], np.float64)
    strengths = np.linalg.svd(results - results.mean(0), compute_uv=False)
    side, longer = sorted((x2 - x1, y2 - y1))
    most = treatment.cells * np.ceil(treatment.cells * longer / side)
    rounding = 3 * np.sqrt(results.size)
    assert 1 < (strengths > rounding).sum() <= most


@pytest.mark.parametrize("treatment", [BLUR, PIXELATE])
def test_no_detail_of_a_face_comes_through(face, treatment: Treatment):
    canvas = np.full((300, 300), 90, np.uint8)
    canvas[30:270, 50:242] = face
    done = gray(canvas, regions(box(50, 30, 242, 270)), treatment)[30:270, 50:242]
    assert abs(np.corrcoef(detail(face).ravel(), detail(done).ravel())[0, 1]) < 0.25
    fine = np.abs(np.fft.fft2(done - done.mean())) ** 2
    y, x = np.abs(np.fft.fftfreq(240) * 240), np.abs(np.fft.fftfreq(192) * 192)
    above = (y[:, None] > 10) | (x[None] > 8)  # more cycles than cells
    if treatment is BLUR:
        assert fine[above].sum() < 0.02 * fine.sum()


def test_strength_grows_with_the_object():
    """The same stripes survive in a small object and vanish in one that is four times as large."""
    stripes = np.broadcast_to(np.where(np.arange(400) // 16 % 2, 200, 50).astype(np.uint8), (400, 400)).copy()
    small, large = (
        gray(stripes, regions(box(20, 20, 20 + n, 20 + n)), BLUR)[
            20 + n // 4 : 20 + n * 3 // 4, 20 + n // 4 : 20 + n * 3 // 4
        ]
        for n in (80, 320)
    )
    assert small.std() > 30
    assert large.std() < small.std() / 4


@pytest.mark.parametrize("rect", [(0, 20, 20, 180), (180, 20, 200, 180), (20, 0, 180, 20), (20, 180, 180, 200)])
def test_an_object_cut_by_the_frames_edge_keeps_the_cells_of_a_whole_one(rect: tuple[int, int, int, int]):
    x1, y1, x2, y2 = rect
    fine = np.where(np.indices((200, 200)).sum(0) // 4 % 2, 200, 50).astype(np.uint8)
    assert gray(fine, regions(box(*rect)), BLUR)[y1:y2, x1:x2].std() < 5


def test_a_blur_has_no_steps():
    """From one sample to the next a blur climbs no faster than the straight way between two cells, and a bit."""
    rng = np.random.default_rng(4)
    picture = rng.choice(np.array([0, 255], np.uint8), (20, 16)).repeat(20, 0).repeat(20, 1)
    done = gray(picture, regions(box(0, 0, 320, 400)), BLUR).astype(int)
    assert done.max() - done.min() > 100
    assert np.abs(np.diff(done, axis=0)).max() <= 255 / 40 + 1
    assert np.abs(np.diff(done, axis=1)).max() <= 255 / 40 + 1


@pytest.mark.parametrize(
    "rect", [(0, 0, 200, 150), (13, 5, 77, 133), (30, 31, 42, 40), (7, 3, 13, 9), (3, 3, 190, 149)]
)
@pytest.mark.parametrize("cells", [1, 4, 8, 64])
def test_pixelation_stands_on_a_grid_of_the_frame(rect: tuple[int, int, int, int], cells: int):
    rng = np.random.default_rng(6)
    picture = rng.integers(0, 65536, (150, 200)).astype(np.uint16)
    x1, y1, x2, y2 = rect
    done = gray(picture, regions(box(*rect)), Treatment(Method.PIXELATE, cells))[y1:y2, x1:x2].astype(int)
    for axis, low, size in ((1, x1, x2 - x1), (0, y1, y2 - y1)):
        steps = np.flatnonzero(np.diff(done, axis=axis).any(1 - axis)) + 1 + low
        assert (steps % 8 == 0).all()
        gaps = np.diff([low, *steps, low + size])
        assert gaps.min() >= min(4, size)
        if size == min(x2 - x1, y2 - y1):
            assert len(gaps) <= cells
    columns = np.unique(done, axis=1).shape[1]
    assert columns <= (x2 - x1) // 8 + 1


def test_a_pixelated_cell_is_the_rounded_mean():
    picture = np.zeros((16, 32), np.uint8)
    picture[0, :8] = 1  # 8 of 64: an eighth
    picture[:4, 8:16] = 1  # a half: up
    picture[:, 16:] = 255
    done = gray(picture, regions(box(0, 0, 32, 16)), Treatment(Method.PIXELATE, 64))
    assert done[0, ::8].tolist() == [0, 1, 255, 255]


def test_a_flat_picture_stays_flat_to_the_last_value():
    for value in (0, 1, 1023, 65535):
        picture = np.full((50, 60), value, np.uint16)
        for treatment in (BLUR, PIXELATE, Treatment(Method.BLUR, 8, 0.1, 0.5)):
            assert (gray(picture, regions(box(5, 5, 45, 40)), treatment) == value).all()
    assert (gray(np.full((9, 9), 65535, np.uint16), regions(box(0, 0, 9, 9)), BLACKEN) == 4096).all()
