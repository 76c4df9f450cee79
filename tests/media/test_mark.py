from __future__ import annotations

import json

import numpy as np
import pytest

from streamproc.media.frame import Frame
from streamproc.media.mark import MARKED_FRAMES, Mark, MarkMaker, Origin, Trace, picture_digest


def frame(ordinal, origin=True, layout="gray"):
    planes = [np.full((4, 6), ordinal % 251, np.uint8)] * (3 if layout == "yuv444p" else 1)
    made = Frame.from_planes(planes, layout, ordinal=ordinal, pts=ordinal * 3)
    if origin:
        made.origin = Origin(Trace(ordinal * 3, None, 3, ordinal * 100), Trace(ordinal // 10, 0, 3, 0), ordinal // 50)
    return made


def marks(maker, ordinals, **options):
    return [mark for n in ordinals if (mark := maker.see(frame(n, **options))) is not None]


def test_a_mark_at_the_end_of_each_full_chunk():
    first, second = marks(MarkMaker(100), range(250))
    assert (first.ordinal, first.ticks, first.shift) == (99, 297, 1)
    assert (second.ordinal, second.first) == (199, 200 - MARKED_FRAMES)
    assert second.digests == tuple(picture_digest(frame(n)) for n in range(second.first, 200))
    assert second.traces == tuple(Trace(n * 3, None, 3, n * 100) for n in range(second.first, 200))
    assert second.key == Trace(second.first // 10, 0, 3, 0)


def test_short_chunks_are_marked_by_frames_of_those_before():
    found = marks(MarkMaker(5), range(30))
    assert [len(mark.digests) for mark in found] == [5, 10, 15, 16, 16, 16]
    assert [mark.first for mark in found] == [0, 0, 0, 4, 9, 14]


@pytest.mark.parametrize("chunk", [1, 5, 16, 100])
@pytest.mark.parametrize("origin", [True, False])
def test_a_maker_that_goes_on_makes_the_same_marks(chunk, origin):
    found = marks(MarkMaker(chunk), range(300), origin=origin)
    for at, mark in enumerate(found):
        later = marks(MarkMaker(chunk, mark), range(mark.ordinal + 1, 300), origin=origin)
        keyless = [(m.ordinal, m.ticks, m.digests, m.traces, m.shift) for m in later]
        assert keyless == [(m.ordinal, m.ticks, m.digests, m.traces, m.shift) for m in found[at + 1 :]]


def test_frames_after_a_gap_are_not_taken_for_neighbours():
    maker = MarkMaker(5)
    marks(maker, range(5))
    (mark,) = marks(maker, range(10, 15))
    assert (mark.ordinal, mark.first) == (14, 10)


def test_frames_that_come_from_no_file_leave_no_traces():
    (mark,) = marks(MarkMaker(5), range(5), origin=False)
    assert (mark.traces, mark.key, mark.shift) == ((), None, 0)


def test_a_mark_survives_json():
    for origin in (True, False):
        for mark in marks(MarkMaker(20), range(40), origin=origin):
            assert Mark.of_json(json.loads(json.dumps(mark.to_json()))) == mark


def test_a_digest_knows_samples_layout_and_size_and_no_padding():
    planes = [np.arange(24, dtype=np.uint8).reshape(4, 6)] * 3
    one, same = (Frame.from_planes(planes, "yuv444p", pts=pts) for pts in (0, 7))
    same.padded_planes[1][:, 6:] = 99
    assert picture_digest(one) == picture_digest(same)
    others = [
        Frame.from_planes([plane.reshape(6, 4) for plane in planes], "yuv444p"),
        Frame.from_planes(planes, "gbrp"),
    ]
    for index in range(3):
        changed = one.copy()
        changed.planes[index][3, 5] ^= 1
        others.append(changed)
    digests = {picture_digest(other) for other in [one, *others]}
    assert len(digests) == 6
    assert all(len(digest) == 32 for digest in digests)


def test_the_time_of_a_trace_is_the_one_that_the_file_has():
    assert Trace(5, 3, 1, 0).time == 5
    assert Trace(None, 3, 1, 0).time == 3
    assert Trace(None, None, 1, 0).time is None
