"""Points of the roofline are the definition: operations over bytes, operations over time, below the roof."""

import pytest

from runtime.machine.description import load
from runtime.profile.html.roofline import peaks, points, roofline_plot
from runtime.profile.summary import summarize
from runtime.timing.simulator import simulate

TINY = load("tiny")


def test_points_and_peaks(timeline):
    (summary,) = summarize(timeline)
    flops = 2 * 2 * 16 * 16 * 128
    found = {point.bytes_from: point for point in points(TINY, [summary])}
    assert found["L2"].intensity == pytest.approx(flops / (2 * (2 * 16 * 128 * 2 + 1024)))
    assert found["HBM"].intensity == pytest.approx(flops / (2 * 16 * 128 * 2))
    run = sum(launch.cycles for launch in timeline.launches)
    assert found["HBM"].tera == pytest.approx(flops / run * TINY.clock_mhz * 1e-6)
    assert all(0 < point.of_roof <= 1 for point in found.values())
    macs = TINY.cube.macs_per_cycle["f16"]
    (label,) = peaks(TINY, [summary])
    assert "f16" in label
    assert peaks(TINY, [summary])[label] == pytest.approx(2 * macs * TINY.cube_cores * TINY.clock_mhz * 1e-6)


def test_there_is_no_roofline_without_multiplications(vector_program):
    assert roofline_plot(TINY, summarize(simulate(vector_program(8192, 2048), TINY))) is None
