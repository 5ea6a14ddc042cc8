"""Spans of the page: merged ones cover the same time, count the same instructions and the same busy cycles."""

import numpy as np
import pytest

from dialects.isa.fields import Pipe
from runtime.profile.html import span_table
from runtime.profile.html.packing import packed_arrays
from runtime.timing.result import SPAN, CoreTrace


@pytest.fixture
def traces(rng):
    """Two blocks of a cube core; the second ends later."""
    found = []
    for block in range(2):
        spans, time = [], 10.0 * block
        for index in range(500):
            time += float(rng.integers(0, 9))
            end = time + float(rng.integers(1, 20))
            spans.append((Pipe.M if index % 3 else Pipe.MTE2, time, end, index))
            time = end
        found.append(CoreTrace("cube", block, 0, np.array(spans, SPAN)))
    return found


def test_the_slowest_block_ends_last(traces):
    ends = [core.spans["end"].max() for core in traces]
    assert span_table.slowest_block(traces) == [int(np.argmax(ends))]


def test_merging_keeps_times_counts_and_busy_cycles(traces, monkeypatch):
    monkeypatch.setattr(span_table, "OVERVIEW", 80)
    table = span_table.span_table(traces, {}, 1.0)
    assert len(table["start"]) == 80, "20 for each of two pipes of two cores"
    for position, core in enumerate(traces):
        for pipe in (Pipe.M, Pipe.MTE2):
            own = core.spans[core.spans["pipe"] == pipe]
            mine = (table["core"] == position) & (table["pipe"] == pipe)
            assert table["count"][mine].sum() == len(own)
            assert table["busy"][mine].sum() == pytest.approx((own["end"] - own["start"]).sum())
            assert table["start"][mine][0] == own["start"][0]
            assert table["end"][mine][-1] == own["end"][-1]
            assert np.all(table["start"][mine][1:] >= table["end"][mine][:-1])
            assert np.all(table["end"][mine] - table["start"][mine] >= table["busy"][mine] - 1e-3)


def test_few_spans_stay_as_they_are(traces):
    table = span_table.span_table(traces, {}, 1.0)
    assert len(table["start"]) == 1000
    assert np.all(table["count"] == 1)


def test_packed_columns_are_aligned_and_have_their_types(traces):
    packed = packed_arrays(span_table.span_table(traces, {}, 1.0))
    offset = 0
    for name, kind in packed["columns"]:
        size = np.dtype(kind).itemsize
        assert np.dtype(kind) == np.dtype(span_table.COLUMNS[name])
        assert offset % size == 0
        offset += size * packed["length"]
