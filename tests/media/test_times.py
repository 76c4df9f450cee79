from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.media.source import Damage
from streamproc.media.times import TimeRepair

BASE = Fraction(1, 1000)
RATE = Fraction(25)


def repaired(times, dts=None, durations=None):
    damage = Damage()
    repair = TimeRepair(BASE, RATE, damage, "clip")
    count = len(times)
    dts = dts or [None] * count
    durations = durations or [40] * count
    return [repair(*given, n) for n, given in enumerate(zip(times, dts, durations, strict=True))], damage


def test_good_times_pass_unchanged():
    times = [-80, 0, 1, 40, 5000]
    assert repaired(times) == (times, Damage())


def test_missing_times_follow_by_one_frame():
    times, damage = repaired([None, None, 90, None], durations=[40, 0, 33, 40])
    assert times == [0, 40, 90, 123]
    assert damage.filled_times == 3


def test_missing_times_are_decode_times_where_these_rise():
    times, damage = repaired([None, None, 120, None], dts=[0, 40, 80, 160])
    assert times == [0, 40, 120, 160]
    assert not damage


def test_times_that_repeat_or_go_back_a_little_move_one_tick():
    times, damage = repaired([0, 40, 40, 30, 120])
    assert times == [0, 40, 41, 42, 120]
    assert damage.repaired_times == 2


def test_a_clock_that_starts_anew_goes_on():
    times, damage = repaired([90_000, 90_040, 0, 40, 80])
    assert times == [90_000, 90_040, 90_080, 90_120, 90_160]
    assert damage.repaired_times == 1


def test_a_restart_that_was_taken_for_a_wrap_goes_on_too():
    leap = 2**33 // 90
    times, damage = repaired([90_000, 90_040, leap, leap + 40])
    assert times == [90_000, 90_040, 90_080, 90_120]
    assert damage.repaired_times == 1


def test_a_long_pause_is_a_pause():
    times, damage = repaired([0, 40, 36_000_000])
    assert times == [0, 40, 36_000_000]
    assert not damage


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.none() | st.integers(-(2**33), 2**33), st.none() | st.integers(-(2**33), 2**33),
                          st.integers(-1, 10_000)), max_size=30))  # fmt: skip
def test_whatever_comes_in_strictly_increases(events):
    repair = TimeRepair(BASE, RATE, Damage(), "clip")
    times = [repair(*event, n) for n, event in enumerate(events)]
    assert all(a < b for a, b in pairwise(times))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**33), 2**33), st.none() | st.integers(-(2**33), 2**33), st.integers(-1, 10_000)
        ),
        min_size=1,
        max_size=20,
    ),
    st.data(),
)
def test_mending_that_goes_on_after_any_frame_gives_the_same_times(events, data):
    repair = TimeRepair(BASE, RATE, Damage(), "clip")
    times, shifts = [], []
    for n, event in enumerate(events):
        times.append(repair(*event, n))
        shifts.append(repair.shift)
    at = data.draw(st.integers(0, len(events) - 1))
    again = TimeRepair(BASE, RATE, Damage(), "clip")
    again.go_on(times[at], events[at][2], shifts[at])
    assert [again(*event, n) for n, event in enumerate(events[at + 1 :], at + 1)] == times[at + 1 :]
