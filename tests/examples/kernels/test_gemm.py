"""The written matrix products compute A x B for any shape and tiling, and move the bytes their tiling implies."""

from __future__ import annotations

import re

import numpy as np
import pytest
from gemm import Partition, choose_partition, gemm, main
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_output import assemble
from matmul_pipeline import Product, Tiling, check

from dialects.errors import SfumatoError
from runtime.machine.description import load
from runtime.timing.simulator import simulate

TYPES = [("f16", "f16"), ("f16", "f32"), ("bf16", "bf16"), ("bf16", "f32"), ("f32", "f32"), ("i8", "i32")]


@st.composite
def products(draw):
    sizes = draw(st.tuples(st.integers(1, 70), st.integers(1, 90), st.integers(1, 150)))
    return Product(*sizes, *draw(st.sampled_from(TYPES)), draw(st.booleans()))


@st.composite
def tilings(draw):
    step, ratio = draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2, 3]))
    steps = draw(st.sampled_from([(step, step * ratio), (step * ratio, step)]))
    base = draw(st.tuples(st.sampled_from([16, 32]), st.sampled_from([16, 32, 48]), st.just(32)))
    return Tiling(*base, *steps, *draw(st.tuples(*[st.sampled_from([1, 2])] * 3)), draw(st.booleans()))


def fits(case):
    try:
        check(*case, load("tiny"))
    except SfumatoError:
        return False
    return True


@settings(max_examples=60)
@given(
    st.tuples(products(), tilings()).filter(fits),
    st.sampled_from([(1, 1), (1, 2), (2, 1)]),
    st.sampled_from([(1, 1), (2, 1), (1, 2)]),
    st.booleans(),
)
def test_values(outputs_of, numbers, agrees, case, grid, l2_split, along_m):
    product, tiling = case
    single = choose_partition(product, tiling, 2, grid, l2_split).single
    text = gemm(product, tiling, Partition(grid, single, along_m), load("tiny"))
    a = numbers(product.dtype, product.m, product.k)
    b = numbers(product.dtype, *((product.k, product.n) if product.b_is_kn else (product.n, product.k)))
    wide = np.int64 if product.dtype == "i8" else np.float64
    exact = a.astype(wide) @ (b if product.b_is_kn else b.T).astype(wide)
    (c,) = outputs_of(text, a, b)
    agrees(c, exact, product.k)


def test_values_on_the_whole_chip(outputs_of, numbers, agrees):
    product, machine = Product(500, 700, 260), load("ascend910b3")
    tiling = Tiling(64, 128, 64)
    text = gemm(product, tiling, choose_partition(product, tiling, machine.cube_cores), machine)
    a, b = numbers("f16", 500, 260), numbers("f16", 700, 260)
    (c,) = outputs_of(text, a, b)
    agrees(c, a.astype(np.float64) @ b.T.astype(np.float64), 260)


def test_traffic_is_what_the_tiling_implies():
    product, tiling, machine = Product(512, 1024, 512), Tiling(), load("ascend910b1")
    program = assemble(gemm(product, tiling, Partition((2, 2), (128, 512)), machine), "gemm.s")
    use = simulate(program, machine).launches[0].use
    assert use.gm_read_bytes == 4 * 4 * (128 + 256) * 512 * 2  # each of the 16 tiles loads its own operands
    assert use.gm_write_bytes == 512 * 1024 * 2
    assert use.macs == 512 * 1024 * 512


def test_size_does_not_depend_on_trip_counts():
    machine, partition = load("ascend910b1"), Partition((4, 6), (1024, 1536))
    small, large = (gemm(Product(n, n, n), Tiling(), partition, machine) for n in (8192, 65536))
    assert len(small.splitlines()) == len(large.splitlines()) < 250


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--base", "128", "256", "128"], "bytes of L1"),
        (["--base", "128", "256", "128", "--step-ka", "1", "--step-kb", "1"], "bytes of L0B"),
        (["--base", "120", "256", "64"], "base_m must be a positive multiple of 16"),
        (["--step-ka", "3", "--step-kb", "2"], "multiples of each other"),
        (["--grid", "5,5"], "a grid of 25 cores"),
        (["--single", "100,256"], "a whole number of base tiles"),
        (["--dtype", "f16", "--output-dtype", "i32"], "no product of f16 with an output of i32"),
        (["--target", "nowhere"], "unknown target 'nowhere'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, message, tmp_path, capsys):
    assert main([*options, "-o", str(tmp_path / "gemm.s")]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_command_line_writes_text_and_program(tmp_path, sfumato_command):
    sizes = ["-m", "100", "-n", "200", "-k", "300", "--target", "ascend910b1"]
    assert main([*sizes, "-o", str(tmp_path / "gemm.s")]) == 0
    assert main([*sizes, "-o", str(tmp_path / "direct.sfu")]) == 0
    assert re.search(
        r"^\.kernel gemm kind=cube blocks=\d+ target=ascend910b1$", (tmp_path / "gemm.s").read_text(), re.M
    )
    assert sfumato_command("asm", tmp_path / "gemm.s", "-o", tmp_path / "gemm.sfu").code == 0
    for name in ("gemm.sfu", "direct.sfu"):
        assert sfumato_command("profile", tmp_path / name).code == 0
