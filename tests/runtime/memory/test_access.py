from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runtime.memory.access import Access
from runtime.sanitizer.races import AccessHistory, Actor, Key, Overlaps


@st.composite
def accesses(draw):
    dims = draw(st.integers(0, 3))
    shape = tuple(draw(st.integers(0, 4)) for _ in range(dims))
    strides = tuple(draw(st.integers(-20, 20)) for _ in range(dims))
    return Access("ub", draw(st.integers(200, 260)), shape, strides, draw(st.integers(1, 6)))


def bytes_of(access):
    """The set of bytes, element by element."""
    starts = [access.offset]
    for size, stride in zip(access.shape, access.strides, strict=True):
        starts = [start + i * stride for start in starts for i in range(size)]
    return {start + byte for start in starts for byte in range(access.itemsize)}


@given(accesses())
def test_intervals_are_exactly_the_bytes(access):
    intervals = access.intervals().tolist()
    assert [byte for low, high in intervals for byte in range(low, high)] == sorted(bytes_of(access))
    assert all(before[1] < after[0] for before, after in pairwise(intervals))


@given(accesses())
def test_extent(access):
    covered = bytes_of(access)
    if covered:
        assert access.extent() == (min(covered), max(covered) + 1)


def record(history, actor, access, writes, clock):
    number = history.number(Key(actor.component, writes, "", access))
    conflict = history.conflict(number, actor, clock)
    history.remember(number, actor)
    return conflict


@given(st.lists(st.tuples(accesses(), st.booleans()), min_size=2, max_size=6))
def test_unordered_accesses_conflict_when_they_share_a_byte_and_one_writes(steps):
    history = AccessHistory(Overlaps())
    for number, (access, writes) in enumerate(steps):
        conflict = record(history, Actor(number, 1, 0, number), access, writes, [0] * len(steps))
        earlier = [w for a, w in steps[:number] if (w or writes) and bytes_of(a) & bytes_of(access)]
        assert (conflict is not None) == bool(earlier)


@given(st.lists(st.tuples(accesses(), st.booleans()), min_size=2, max_size=6))
def test_ordered_accesses_never_conflict(steps):
    history = AccessHistory(Overlaps())
    for number, (access, writes) in enumerate(steps):
        assert record(history, Actor(0, number + 1, 0, number), access, writes, [number]) is None
