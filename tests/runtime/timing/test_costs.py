"""Costs of single instructions against the figures they come from."""

import pytest

from dialects.isa import INSTRUCTIONS
from runtime.machine.description import load
from runtime.sequencer import SCALAR
from runtime.timing.costs import COSTS, SYNC

MACHINE = load("ascend910b3")


def test_every_instruction_has_exactly_one_place():
    tables = [set(COSTS), set(SCALAR), set(SYNC)]
    assert set().union(*tables) == set(INSTRUCTIONS)
    assert sum(map(len, tables)) == len(INSTRUCTIONS)


@pytest.mark.parametrize(
    ("dtype", "mode", "cycles"),
    [("f16", "none", 512), ("bf16", "none", 512), ("i8", "none", 256), ("f32", "none", 2048), ("f32", "hf32", 1024)],
)
def test_mmad_runs_at_the_documented_rate(make, cost, dtype, mode, cycles):
    op = make(
        "mmad", dst=0, a=0, b=0, m=128, n=256, k=64, init=1, bias=0, use_bias=0,
        type=dtype, acc="i32" if dtype == "i8" else "f32", mode=mode,
    )  # fmt: skip
    assert cost(MACHINE, op)[0] == MACHINE.cube.head_cycles + cycles


def test_a_ragged_mmad_pays_for_whole_blocks(make, cost):
    op = make(
        "mmad", dst=0, a=0, b=0, m=17, n=1, k=65, init=1, bias=0, use_bias=0, type="f16", acc="f32", mode="none"
    )  # fmt: skip
    assert cost(MACHINE, op)[0] == MACHINE.cube.head_cycles + 2 * 1 * 5


@pytest.mark.parametrize(("name", "dtype", "slope"), [("vexp", "f32", 2), ("vexp", "f16", 4), ("vabs", "f32", 1)])
def test_unary_slopes(make, cost, name, dtype, slope):
    rate = {}
    for repeats in (16, 48):
        mask = 256 // (4 if dtype == "f32" else 2)
        strides = dict(dst_blk=1, src_blk=1, dst_rep=8, src_rep=8)
        op = make(name, dst=64 * 1024, src=0, count=repeats * mask, mask=mask, type=dtype, **strides)
        rate[repeats] = cost(MACHINE, op)[0]
    assert (rate[48] - rate[16]) / 32 == slope


def test_nothing_to_do_costs_one_cycle(make, cost):
    op = make("vabs", dst=0, src=0, count=0, mask=64, type="f32", dst_blk=1, src_blk=1, dst_rep=8, src_rep=8)
    assert cost(MACHINE, op)[0] == 1


def add_at(make, src0, src1, dst, strides=(1, 8)):
    blk, rep = strides
    return make(
        "vadd", dst=dst * 32, src0=src0 * 32, src1=src1 * 32, count=64 * 16, mask=64, type="f32",
        dst_blk=1, src0_blk=1, src1_blk=blk, dst_rep=8, src0_rep=8, src1_rep=rep,
    )  # fmt: skip


def brute_force_reads(operands, repeat):
    """Reads of the busiest of 16 groups, from the blocks of (first, block stride, repeat stride)."""
    blocks = {first + repeat * rep + number * blk for first, blk, rep in operands for number in range(8)}
    groups = [block * 32 >> 5 & 15 for block in blocks]
    return max(groups.count(group) for group in groups)


BANK = 16 * 128
"""Blocks of a bank of all groups."""


@pytest.mark.parametrize("first", [8, 24, 4, 0, 3])
@pytest.mark.parametrize("strides", [(1, 8), (0, 0), (2, 16), (16, 1), (8, 64), (3, 5)])
def test_bank_conflicts_follow_the_address_bits(make, cost, first, strides):
    op = add_at(make, 0, first, 2 * BANK, strides)
    expected = sum(brute_force_reads(((0, 1, 8), (first, *strides)), repeat) for repeat in range(16))
    assert cost(MACHINE, op)[0] == MACHINE.vector.overhead_cycles + expected


@pytest.mark.parametrize(("dst", "clashes"), [(0, True), (256, True), (2 * BANK, False), (16, True)])
def test_a_write_clashes_only_in_the_same_bank(make, cost, dst, clashes):
    cycles = cost(MACHINE, add_at(make, 0, 8, dst))[0] - MACHINE.vector.overhead_cycles
    assert cycles == pytest.approx(16 * (MACHINE.vector.read_write_conflict_cycles if clashes else 1.0))


def test_transfers_take_the_measured_time(make, cost):
    copy = make("copy_gm_ub", dst=0, src=0, bursts=1, burst_bytes=196608, src_stride=0, dst_stride=0)
    assert 196608 / cost(MACHINE, copy)[0] == pytest.approx(111.4, abs=0.1)
    rows = make("copy_gm_ub", dst=0, src=0, bursts=1000, burst_bytes=32, src_stride=512, dst_stride=32)
    assert cost(MACHINE, rows)[0] == 1000 * 4.45


def test_a_fixpipe_counts_output_bytes_and_misaligned_rows(make, cost):
    def cycles(stride, dtype):
        op = make(
            "fixpipe", dst=0, src=0, m=128, n=256, src_rows=128, dst_stride=stride, relu=0, atomic="none", scale=0,
            quant="none" if dtype == "f32" else "f32_f16", acc="f32", type=dtype,
        )  # fmt: skip
        return cost(MACHINE, op)[0]

    assert cycles(1024, "f32") == pytest.approx(164 + 128 * 256 * 4 / 118)
    assert cycles(512, "f16") == pytest.approx(164 + 128 * 4.45), "rows are the limit"
    narrow = make(
        "fixpipe", dst=0, src=0, m=128, n=16, src_rows=128, dst_stride=100, relu=0, atomic="none", scale=0,
        quant="none", acc="f32", type="f32",
    )  # fmt: skip
    assert cost(MACHINE, narrow)[0] == pytest.approx(164 + 128 * (4.45 + 2.6))
