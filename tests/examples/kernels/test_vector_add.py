"""The written additions are exact, and take the cycles that were measured for each placement of the operands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_output import assemble
from vector_add import Addition, Placement, main, vector_add

from runtime.machine.description import load
from runtime.timing.simulator import simulate


@settings(max_examples=50)
@given(
    st.integers(1, 1300),
    st.floats(0.01, 10),
    st.sampled_from(["f16", "f32", "i16", "i32"]),
    st.integers(1, 2),
    st.booleans(),
    st.integers(1, 4),
)
def test_values(outputs_of, numbers, tile, tiles, dtype, buffers, interleaved, cores):
    elements = max(1, int(tile * tiles))
    addition = Addition(elements, tile, dtype, buffers, interleaved=interleaved)
    x, y = numbers(dtype, elements), numbers(dtype, 1, elements)[0]
    (z,) = outputs_of(vector_add(addition, load("tiny"), cores), x, y)
    np.testing.assert_array_equal(z, x + y)


def test_tiles_of_more_than_one_instruction(outputs_of, numbers):
    x, y = numbers("f16", 100_000), numbers("f16", 1, 100_000)[0]
    (z,) = outputs_of(vector_add(Addition(100_000, 32_700, "f16", 1), load("ascend910b3"), 2), x, y)
    np.testing.assert_array_equal(z, x + y)


# 4096 f32 added 1000 times (asc-devkit, bank_conflict_ub): 86.0, 150.0 and 135.0 cycles each.
@pytest.mark.parametrize(
    ("placement", "measured"),
    [(None, 86.0), (Placement(0, 16384, 65536), 150.0), (Placement(0, 16384 + 256, 32768 + 512), 135.0)],
    ids=["chosen", "read-read", "read-write"],
)
def test_placement_decides_the_cycles_of_an_addition(placement, measured):
    machine = load("ascend910b3")
    text = vector_add(Addition(4096, 4096, buffers=1, repeat=1000), machine, 1, placement)
    use = simulate(assemble(text, "vector_add.s"), machine).launches[0].use
    assert use.cores["vector"].queues["V"].busy / 1000 == pytest.approx(measured, rel=0.005)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tile", "20000"], "bytes of UB"),
        (["--y-at", "100"], "must be multiples of 32"),
        (["--y-at", "32"], "not overlap"),
        (["--buffers", "9"], "buffers must be 1 to 8"),
        (["--elements", "0"], "positive numbers"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, message, tmp_path, capsys):
    assert main([*options, "-o", str(tmp_path / "add.s")]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_command_line(tmp_path, sfumato_command):
    assert main(["--dtype", "f16", "--z-at", "131072", "-o", str(tmp_path / "add.sfu")]) == 0
    assert sfumato_command("profile", tmp_path / "add.sfu").code == 0
