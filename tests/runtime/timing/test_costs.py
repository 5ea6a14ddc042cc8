"""Costs of single instructions against the figures they come from."""

import pytest

from dialects.isa import INSTRUCTIONS
from runtime.machine.description import load
from runtime.sequencer import SCALAR
from runtime.timing.banks import Operand, conflicts
from runtime.timing.costs import COSTS, TRANSFERS
from runtime.timing.plan import _SYNC

MACHINE = load("ascend910b3")


def test_every_instruction_has_exactly_one_place():
    tables = [set(COSTS), set(TRANSFERS), set(SCALAR), set(_SYNC)]
    assert set().union(*tables) == set(INSTRUCTIONS)
    assert sum(map(len, tables)) == len(INSTRUCTIONS)


@pytest.mark.parametrize(
    ("dtype", "mode", "cycles"),
    [("f16", "none", 512), ("bf16", "none", 512), ("i8", "none", 256), ("f32", "none", 2048), ("f32", "hf32", 1024)],
)
def test_mmad_runs_at_the_documented_rate(make, dtype, mode, cycles):
    op = make(
        "mmad", dst=0, a=0, b=0, m=128, n=256, k=64, init=1, bias=0, use_bias=0,
        type=dtype, acc="i32" if dtype == "i8" else "f32", mode=mode,
    )  # fmt: skip
    work = COSTS["mmad"](MACHINE, type(op))(op.values)
    assert work.occupancy == MACHINE.cube.head_cycles + cycles
    assert work.ideal == cycles
    assert work.macs == 128 * 256 * 64


def test_a_ragged_mmad_pays_for_whole_blocks(make):
    op = make(
        "mmad", dst=0, a=0, b=0, m=17, n=1, k=65, init=1, bias=0, use_bias=0, type="f16", acc="f32", mode="none"
    )  # fmt: skip
    assert COSTS["mmad"](MACHINE, type(op))(op.values).occupancy == MACHINE.cube.head_cycles + 2 * 1 * 5


@pytest.mark.parametrize(("name", "dtype", "slope"), [("vexp", "f32", 2), ("vexp", "f16", 4), ("vabs", "f32", 1)])
def test_unary_slopes(make, name, dtype, slope):
    rate = {}
    for repeats in (16, 48):
        mask = 256 // (4 if dtype == "f32" else 2)
        strides = dict(dst_blk=1, src_blk=1, dst_rep=8, src_rep=8)
        op = make(name, dst=64 * 1024, src=0, count=repeats * mask, mask=mask, type=dtype, **strides)
        rate[repeats] = COSTS[name](MACHINE, type(op))(op.values).occupancy
    assert (rate[48] - rate[16]) / 32 == slope


def test_nothing_to_do_costs_one_cycle(make):
    op = make("vabs", dst=0, src=0, count=0, mask=64, type="f32", dst_blk=1, src_blk=1, dst_rep=8, src_rep=8)
    assert COSTS["vabs"](MACHINE, type(op))(op.values).occupancy == 1


def brute_force_reads(operands, repeat):
    """Reads of the busiest of 16 groups, from byte addresses."""
    blocks = {op.block + repeat * op.repeat_stride + i * op.block_stride for op in operands for i in range(op.blocks)}
    groups = [(block * 32 >> 5) & 15 for block in blocks]
    return max(groups.count(group) for group in groups)


@pytest.mark.parametrize("strides", [(1, 8), (0, 0), (2, 16), (16, 1), (8, 64)])
def test_bank_conflicts_follow_the_address_bits(strides):
    operands = (Operand(0, 1, 8, 8), Operand(24, *strides, 8))
    found = conflicts(operands, None, 16, 128)
    assert [reads for reads, _ in found] == [brute_force_reads(operands, repeat) for repeat in range(16)]


def test_a_write_clashes_only_in_the_same_bank():
    source = Operand(0, 1, 8, 8)
    bank = 16 * 128
    assert conflicts((source,), Operand(256, 1, 8, 8), 16, 128)[0][1]
    assert not conflicts((source,), Operand(bank, 1, 8, 8), 16, 128)[0][1]
    assert not conflicts((source,), Operand(8, 1, 8, 8), 16, 128)[0][1]


def test_transfers_take_the_measured_time(make):
    copy = make("copy_gm_ub", dst=0, src=0, bursts=1, burst_bytes=196608, src_stride=0, dst_stride=0)
    transfer = TRANSFERS["copy_gm_ub"](MACHINE, type(copy))(copy.values)
    assert transfer.burst_bytes / transfer.cycles == pytest.approx(111.4, abs=0.1)
    rows = make("copy_gm_ub", dst=0, src=0, bursts=1000, burst_bytes=32, src_stride=512, dst_stride=32)
    assert TRANSFERS["copy_gm_ub"](MACHINE, type(rows))(rows.values).cycles == 1000 * 4.45


def test_a_fixpipe_counts_output_bytes_and_misaligned_rows(make):
    def cycles(stride, dtype):
        op = make(
            "fixpipe", dst=0, src=0, m=128, n=256, src_rows=128, dst_stride=stride, relu=0, atomic="none", scale=0,
            quant="none" if dtype == "f32" else "f32_f16", acc="f32", type=dtype,
        )  # fmt: skip
        return TRANSFERS["fixpipe"](MACHINE, type(op))(op.values).cycles

    assert cycles(1024, "f32") == pytest.approx(164 + 128 * 256 * 4 / 118)
    assert cycles(512, "f16") == pytest.approx(164 + 128 * 4.45), "rows are the limit"
    narrow = make(
        "fixpipe", dst=0, src=0, m=128, n=16, src_rows=128, dst_stride=100, relu=0, atomic="none", scale=0,
        quant="none", acc="f32", type="f32",
    )  # fmt: skip
    assert TRANSFERS["fixpipe"](MACHINE, type(narrow))(narrow.values).cycles == pytest.approx(164 + 128 * (4.45 + 2.6))
