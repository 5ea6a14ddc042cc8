"""The written attention kernels compute PyTorch's attention for any shape and tiling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from flash_attention import flash_attention, main
from flash_tiling import Attention, FlashTiling, check, fitting_vector_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_output import assemble
from torch.nn.functional import scaled_dot_product_attention

from dialects.errors import SfumatoError
from runtime.compare import compare
from runtime.machine.description import load
from runtime.timing.simulator import simulate


@st.composite
def attentions(draw):
    queries = draw(st.integers(1, 75))
    keys = draw(st.integers(1, 200))
    group, kv_heads = draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2]))
    causal = draw(st.booleans()) and queries <= keys
    dim, dtype = draw(st.sampled_from([16, 32, 48, 80])), draw(st.sampled_from(["f16", "bf16"]))
    return Attention(queries, keys, dim, group * kv_heads, kv_heads, dtype, causal)


@st.composite
def tilings(draw):
    rows, vector_rows = draw(st.sampled_from([(16, 8), (32, 8), (32, 16), (64, 32)]))
    return FlashTiling(rows, draw(st.sampled_from([64, 128])), draw(st.integers(0, 3)), 16, 16, vector_rows)


def fits(case):
    try:
        check(*case, load("tiny"))
    except SfumatoError:
        return False
    return True


def expected(attention, q, k, v):
    group = attention.heads // attention.kv_heads
    q, k, v = (torch.from_numpy(one.astype(np.float64)) for one in (q, k, v))
    k, v = k.repeat_interleave(group, 0), v.repeat_interleave(group, 0)
    mask = None
    if attention.causal:
        mask = torch.ones(attention.queries, attention.keys, dtype=torch.bool)
        mask = mask.tril(attention.keys - attention.queries)
    return scaled_dot_product_attention(q, k, v, mask).numpy()


def verify(outputs_of, numbers, text, attention):
    kv = (attention.kv_heads, attention.keys, attention.head_dim)
    q = numbers(attention.dtype, attention.heads, attention.queries, attention.head_dim)
    k, v = numbers(attention.dtype, *kv), numbers(attention.dtype, *kv)[:, ::-1].copy()
    (o,) = outputs_of(text, q, k, v)
    assert compare(o, expected(attention, q, k, v)).ok


@settings(max_examples=40)
@given(st.tuples(attentions(), tilings()).filter(fits), st.sampled_from([1, 2]))
def test_values(outputs_of, numbers, case, blocks):
    attention, tiling = case
    verify(outputs_of, numbers, flash_attention(attention, tiling, load("tiny"), blocks), attention)


@pytest.mark.parametrize("causal", [False, True])
def test_values_with_the_tiling_that_was_measured(outputs_of, numbers, causal):
    attention, machine = Attention(200, 700, 128, 2, 1, causal=causal), load("ascend910b3")
    tiling = FlashTiling()
    tiling = tiling.with_vector_rows(fitting_vector_rows(attention, tiling, machine))
    verify(outputs_of, numbers, flash_attention(attention, tiling, machine), attention)


def test_work_is_what_the_tiling_implies():
    machine = load("ascend910b3")
    attention, tiling = Attention(256, 1024), FlashTiling()
    use = simulate(assemble(flash_attention(attention, tiling, machine), "flash.s"), machine).launches[0].use
    assert use.macs == 2 * 256 * 1024 * 128
    scores, p, partial = 256 * 1024 * 4, 256 * 1024 * 2, 4 * 256 * 128 * 4
    outputs = 256 * 128 * 2
    assert use.gm_write_bytes == scores + p + partial + outputs
    assert (
        use.gm_read_bytes == scores + p + partial + outputs + 2 * 2 * 1024 * 128 * 2
    )  # Q, and K and V for both blocks


def test_size_does_not_depend_on_trip_counts():
    machine = load("ascend910b3")
    short, long = (flash_attention(Attention(n, n), FlashTiling(), machine) for n in (4096, 65536))
    assert len(short.splitlines()) == len(long.splitlines()) < 500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kv", "512"], "bytes of L1"),
        (["--kv", "100"], "kv must be one of 64, 128, 256, 512, 1024, got 100"),
        (["--head-dim", "100"], "head_dim must be a multiple of 16"),
        (["--heads", "3", "--kv-heads", "2"], "kv_heads must divide heads"),
        (["--causal", "--queries", "100", "--keys", "50"], "a key for each query"),
        (["--preload", "14"], "overruns a flag's counter"),
        (["--vector-rows", "64", "--causal"], "bytes of UB"),
        (["--vector-rows", "12"], "a multiple of 8 rows that divides 64"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, message, tmp_path, capsys):
    assert main([*options, "-o", str(tmp_path / "flash.s")]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_command_line(tmp_path, sfumato_command):
    assert main(["--queries", "300", "--keys", "300", "--causal", "-o", str(tmp_path / "flash.sfu")]) == 0
    assert sfumato_command("profile", tmp_path / "flash.sfu").code == 0
