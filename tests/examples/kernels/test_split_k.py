"""The written split-K products give the exact integer sums, scaled, however k is split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_output import assemble
from matmul_pipeline import Product, Tiling
from split_k import Split, main, split_k

from runtime.machine.description import load
from runtime.timing.simulator import simulate


def verify(outputs_of, numbers, text, m, n, k):
    a, b = numbers("i8", m, k), numbers("i8", n, k)
    scale = np.abs(numbers("f32", m)) * np.float32(1e-3)
    (c,) = outputs_of(text, a, b, scale)
    sums = (a.astype(np.int64) @ b.T.astype(np.int64)).astype(np.float32)
    np.testing.assert_array_equal(c, (sums * scale[:, None]).astype(np.float16))


@settings(max_examples=40)
@given(
    st.tuples(st.integers(1, 50), st.integers(1, 150), st.integers(1, 400)),
    st.sampled_from([Tiling(16, 32, 32, 1, 1), Tiling(32, 32, 64, 1, 2, 1, 1), Tiling(16, 48, 32, 2, 1, 1, 2, 2)]),
    st.integers(1, 5),
    st.booleans(),
    st.integers(1, 2),
)
def test_values(outputs_of, numbers, sizes, tiling, parts, atomic, blocks):
    parts = min(parts, -(-sizes[2] // tiling.step_k))
    text = split_k(Product(*sizes, "i8", "i32"), tiling, Split(parts, atomic), load("tiny"), blocks)
    verify(outputs_of, numbers, text, *sizes)


@pytest.mark.parametrize("split", [Split(1), Split(20, True), Split(20, False, 16)])
def test_values_on_the_whole_chip(outputs_of, numbers, split):
    machine = load("ascend910b3")
    text = split_k(Product(128, 256, 5000, "i8", "i32"), Tiling(128, 256, 128, 1, 1), split, machine)
    verify(outputs_of, numbers, text, 128, 256, 5000)


def test_splitting_pays_where_k_is_long():
    """Measured on a 910B3: 78.5 us without a split and 23.8 with one at k = 16384; nothing to gain at k = 1024."""
    machine, tiling = load("ascend910b3"), Tiling(128, 256, 128, 2, 2)

    def cycles(k, parts):
        text = split_k(Product(128, 256, k, "i8", "i32"), tiling, Split(parts), machine)
        return simulate(assemble(text, "split_k.s"), machine).cycles

    assert cycles(16384, 16) < 0.5 * cycles(16384, 1)
    assert 0.5 * cycles(1024, 1) < cycles(1024, 4) < cycles(1024, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "9"], "can be split into 1 to 8 parts"),
        (["--rows", "12"], "a positive multiple of 8, got 12"),
        (["--base", "128", "256", "100"], "base_k must be a positive multiple of 32"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, message, tmp_path, capsys):
    assert main([*options, "-o", str(tmp_path / "split_k.s")]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_command_line(tmp_path, sfumato_command):
    assert main(["--combine", "partial", "-o", str(tmp_path / "split_k.sfu")]) == 0
    assert sfumato_command("profile", tmp_path / "split_k.sfu").code == 0


def test_parts_that_are_added_at_one_address_take_turns():
    """Twice as many parts bring twice as many sums to the same place: the additions, not the products, take longer."""
    machine, tiling = load("ascend910b3"), Tiling(128, 256, 128, 2, 2)
    few, many = (
        simulate(
            assemble(split_k(Product(128, 256, 256 * parts, "i8", "i32"), tiling, Split(parts), machine), "s"), machine
        )
        .launches[0]
        .use.cores["cube"]
        .queues["FIX"]
        for parts in (8, 16)
    )
    assert many.busiest == pytest.approx(2 * few.busiest, rel=0.1)
