import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.detect.detection import Detection
from streamproc.masks.objects import ObjectType
from streamproc.masks.regions import Regions, regions_of
from tests.masks.strategies import detections, full_frame

SIZE = (31, 17)
rectangles = st.lists(
    st.tuples(*[st.integers(-5, 40)] * 2, *[st.integers(1, 30)] * 2).map(
        lambda r: (r[0], r[1], r[0] + r[2], r[1] + r[3])
    ),
    max_size=3,
)


def painted(regions: Regions, index: int) -> np.ndarray:
    frame = np.zeros(SIZE[::-1], bool)
    x1, y1, x2, y2 = regions.rects[index]
    frame[y1:y2, x1:x2] = regions.mask(index) == 255
    return frame


def inside_any(rects: list[tuple[int, int, int, int]]) -> np.ndarray:
    ys, xs = np.mgrid[: SIZE[1], : SIZE[0]]
    inside = [(x1 <= xs) & (xs < x2) & (y1 <= ys) & (ys < y2) for x1, y1, x2, y2 in rects]
    return np.any(inside, axis=0) if inside else np.zeros(SIZE[::-1], bool)


@settings(deadline=None, max_examples=150)
@given(
    detections(width=SIZE[0], height=SIZE[1], most=4),
    st.frozensets(st.sampled_from(ObjectType)),
    rectangles,
    rectangles,
)
def test_regions_are_masks_or_boxes_clipped_to_frame_ignore_and_roi(found, boxes, ignore, roi):
    regions = regions_of(found, *SIZE, boxes=boxes, ignore=ignore, roi=roi)
    assert len(regions) == len(found)
    allowed = ~inside_any(ignore) & (inside_any(roi) if roi else True)
    for index, detection in enumerate(found):
        expected = full_frame(detection, *SIZE, as_box=detection.object_type in boxes) & allowed
        assert np.array_equal(painted(regions, index), expected)
        assert np.count_nonzero(regions.mask(index)) == expected.sum()
        assert regions.covered[index] == expected.any()


def test_layout():
    mask = np.array([[0, 255, 255], [255, 0, 255]], np.uint8)
    regions = regions_of(
        [
            Detection(ObjectType.FACE, (1, 1, 3, 3), 1.0),
            Detection(ObjectType.FACE, (50, 0, 60, 9), 1.0),
            Detection(ObjectType.PERSON, (29, 15, 32, 17), 1.0, mask, (29, 15)),
        ],
        *SIZE,
    )
    assert regions.rects.dtype == np.int32
    assert regions.rects.tolist() == [[1, 1, 3, 3], [0, 0, 0, 0], [29, 15, 31, 17]]
    assert regions.starts.dtype == np.int64
    assert regions.starts.tolist() == [0, 4, 4, 8]
    assert regions.bits.dtype == np.uint8
    assert regions.bits.tolist() == [255] * 4 + [0, 255, 255, 0]


def test_no_detections():
    regions = regions_of([], *SIZE)
    assert len(regions) == 0
    assert regions.rects.shape == (0, 4)
    assert regions.starts.tolist() == [0]
    assert regions.covered.shape == (0,)


def test_box_at_last_row_and_column_is_covered_whole():
    regions = regions_of([Detection(ObjectType.FACE, (20, 10, 31, 17), 1.0)], *SIZE)
    assert regions.rects.tolist() == [[20, 10, 31, 17]]
    assert np.count_nonzero(regions.mask(0)) == 11 * 7


def test_any_value_but_zero_is_on_and_the_mask_is_left_alone():
    mask = np.array([[0, 1], [2, 254]], np.uint8)
    mask.setflags(write=False)
    regions = regions_of([Detection(ObjectType.FACE, (0, 0, 2, 2), 1.0, mask, (0, 0))], *SIZE)
    assert regions.bits.tolist() == [0, 255, 255, 255]
    assert mask.tolist() == [[0, 1], [2, 254]]
