"""The planner against the definition: buffers alive together are apart, aligned, and need no more than their sum."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.analysis.memory_planner import Interval, plan

LIVES = st.lists(
    st.builds(
        lambda start, length, bytes, alignment, half: Interval(
            start, start + length, bytes, alignment, alignment // 2 * half
        ),
        st.integers(0, 30),
        st.integers(0, 30),
        st.integers(0, 5000),
        st.sampled_from([1, 32, 64, 512]),
        st.integers(0, 1),
    ),
    max_size=40,
)


@given(LIVES)
def test_live_buffers_are_apart_and_aligned(intervals: list[Interval]):
    offsets, peak = plan(intervals)
    for index, (one, low) in enumerate(zip(intervals, offsets, strict=True)):
        assert low % one.alignment == one.phase
        assert 0 <= low <= low + one.bytes <= peak
        for other, second in zip(intervals[:index], offsets[:index], strict=True):
            if one.start <= other.end and other.start <= one.end:
                assert low + one.bytes <= second or second + other.bytes <= low


@given(LIVES)
def test_peak_is_between_the_live_maximum_and_the_padded_sum(intervals: list[Interval]):
    peak = plan(intervals).peak
    times = range(61)
    live = max((sum(i.bytes for i in intervals if i.start <= t <= i.end) for t in times), default=0)
    assert live <= peak <= sum(i.bytes + 2 * i.alignment - 1 for i in intervals)


@given(LIVES)
def test_same_input_same_addresses(intervals: list[Interval]):
    assert plan(intervals) == plan([tuple(i) for i in intervals])


def test_disjoint_lives_share_memory():
    assert plan([(0, 1, 100, 32), (2, 3, 90, 32), (2, 3, 10, 1)]) == ([0, 0, 90], 100)


def test_a_small_buffer_takes_the_smallest_gap_that_holds_it():
    # At time 1 the gaps are [64, 128) and [160, 192).
    lives = [(0, 9, 64, 32), (0, 0, 64, 32), (0, 9, 32, 32), (0, 0, 32, 32), (0, 9, 32, 32), (1, 9, 31, 32)]
    offsets, _ = plan(lives)
    occupied = sorted((offset, offset + life[2]) for offset, life in zip(offsets, lives, strict=True) if life[1] == 9)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(occupied))


def test_offsets_start_at_the_base():
    assert plan([(0, 0, 10, 32)], base=100) == ([128], 138)


def test_a_reversed_life_is_refused():
    with pytest.raises(ValueError, match="not a buffer's life"):
        plan([(3, 2, 1, 1)])
