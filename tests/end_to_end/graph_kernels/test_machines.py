"""Machines are data: for a changed description the values stay right, and schedules and cycles move as they should."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialects.errors import SfumatoError
from runtime.machine.description import load
from runtime.timing.simulator import simulate

DIRECT = "paths.l0c_ub.bytes_per_cycle=128,paths.ub_l1.bytes_per_cycle=128"
BOUNDED = settings(max_examples=6, deadline=None)
MACHINES = [
    "tiny:aiv_per_aic=1",
    "tiny:aiv_per_aic=4",
    "tiny:aic=3,aiv=4",
    "tiny:cube.block_m=8,cube.block_n=8",
    "tiny:cube.block_m=32,cube.block_n=32",
    "tiny:cube.block_m=16,cube.block_n=32",
    "tiny:cube.block_m=32,cube.block_n=8,cube.l0a_layout=nz",
    "tiny:cube.block_k.f16=32,cube.block_k.f32=16",
    "tiny:l0a_kib=16,l0b_kib=4,l0c_kib=8",
    "tiny:l1_kib=24,ub_kib=12",
    "tiny:event_ids=3",
    f"tiny:{DIRECT}",
    f"tiny:aiv_per_aic=1,l1_kib=16,{DIRECT}",
    f"tiny:aiv_per_aic=4,cube.block_m=8,{DIRECT}",
    "ascend950",
    "ascend910b4:aiv_per_aic=1,cube.block_m=8,cube.block_n=8",
]
SIZES = st.integers(1, 100)


@pytest.mark.parametrize("target", MACHINES)
@given(
    m=SIZES, n=SIZES, k=SIZES, transpose_a=st.booleans(), transpose_b=st.booleans(),
    dtype=st.sampled_from(["f32", "f16", "bf16"]),
)  # fmt: skip
@BOUNDED
def test_products(graph, target, m, n, k, transpose_a, transpose_b, dtype):
    g = graph(target)
    a = g.input([k, m] if transpose_a else [m, k], dtype)
    b = g.input([n, k] if transpose_b else [k, n], dtype)
    g.check(g.matmul(a, b, transpose_a, transpose_b, dtype))


@pytest.mark.parametrize("target", MACHINES)
@given(m=SIZES, n=SIZES, k=SIZES)
@BOUNDED
def test_integer_products(graph, target, m, n, k):
    g = graph(target)
    g.check(g.matmul(g.input([m, k], "i8", -128, 128), g.input([n, k], "i8", -128, 128), False, True, "i32"))


@pytest.mark.parametrize("target", MACHINES)
@given(m=SIZES, n=SIZES, k=SIZES)
@BOUNDED
def test_cube_and_vector_cores_together(graph, target, m, n, k):
    """A product of computed operands, with an epilogue: channels both ways, rows shared by the vector cores."""
    g = graph(target)
    left = g.unary("exp", g.input([m, k]))
    total = g.matmul(left, g.input([n, k]), False, True)
    g.check(g.unary("exp", g.binary("mul", total, g.fill(0.01, [m, n]))), length=k)


def product(graph, target, m=256, n=256, k=256, dtype="f16", epilogue=0):
    """Return the timeline of one product, and how many tiles it was cut into (blocks that have work, rounds)."""
    g = graph(target)
    value = g.matmul(g.input([m, k], dtype), g.input([n, k], dtype), False, True, dtype)
    for _ in range(epilogue):
        value = g.unary("exp", g.unary("neg", value))
    program = g.check(value, length=k)
    return simulate(program, load(target)), program


def busy(timeline, queue, core="cube"):
    return sum(launch.use.cores[core].queues[queue].busy for launch in timeline.launches)


def test_more_vector_cores_a_cube_core_shorten_epilogues(graph):
    cycles = [product(graph, f"tiny:aiv_per_aic={ratio}", 128, 128, 32, "f32", 2)[0].cycles for ratio in (1, 2, 4)]
    assert cycles[0] > cycles[1] > cycles[2]


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_blocks_follow_the_cores(graph, cores):
    _, program = product(graph, f"tiny:aic={cores}")
    assert program.kernels[0].blocks == cores


def test_more_cores_are_faster(graph):
    one, two, four = (product(graph, f"tiny:aic={cores}")[0].cycles for cores in (1, 2, 4))
    assert one > two > four


def test_a_wider_cube_unit_is_busy_for_less_time(graph):
    slow, fast = (busy(product(graph, f"tiny:cube.macs_per_cycle.f16={macs}")[0], "M") for macs in (4096, 8192))
    assert fast < slow


@pytest.mark.parametrize(("size", "block"), [(8, 8), (40, 8), (16, 16), (40, 16)])
def test_blocks_that_do_not_fill_cost_cycles(graph, size, block):
    """The same peak rate in blocks twice as high and wide: what they cover beyond the matrix is computed too."""
    heads = "cube.head_cycles=0,cube.idle_head_cycles=0.001"
    targets = [f"tiny:{heads},cube.block_m={one},cube.block_n={one}" for one in (block, 2 * block)]
    fitting, larger = (busy(product(graph, target, size, size, 256)[0], "M") for target in targets)
    covered = [(-(-size // one) * one) ** 2 for one in (block, 2 * block)]
    assert larger / fitting == pytest.approx(covered[1] / covered[0], rel=1e-3)


def test_tiles_follow_the_buffers(graph):
    """Larger accumulators allow larger tiles, which load less; a small L1 allows only short chunks of k."""
    loaded = [
        product(graph, f"tiny:aic=1,l0c_kib={size},l0a_kib=64,l0b_kib=64,l1_kib=512")[0].launches[0].use.gm_read_bytes
        for size in (4, 16, 64)
    ]
    assert loaded[0] > loaded[1] > loaded[2]
    heads = [busy(product(graph, f"tiny:l1_kib={size}", 64, 64, 2048)[0], "MTE2") for size in (8, 64)]
    assert heads[0] > heads[1]


def test_vector_tiles_follow_ub(graph):
    cycles = []
    for size in (8, 32, 128):
        g = graph(f"tiny:ub_kib={size}")
        x = g.input([64, 1024])
        program = g.check(g.binary("add", x, g.unary("exp", x)))
        cycles.append(simulate(program, load(g.target)).cycles)
    assert cycles[0] > cycles[1] >= cycles[2]


def test_bandwidth_and_clock(graph):
    """A sum of large tensors waits for HBM: half the bandwidth takes longer, half the clock fewer cycles."""

    def cycles(target):
        g = graph(target)
        program = g.check(g.binary("add", g.input([512, 1024]), g.input([512, 1024])))
        machine = load(target)
        found = sum(launch.cycles for launch in simulate(program, machine).launches)
        return found, machine.time_us(found)

    base, slower = (cycles(f"tiny:hbm_gb_per_s={rate}") for rate in (16, 8))
    half = cycles("tiny:hbm_gb_per_s=16,clock_mhz=x0.5")
    assert 1.8 * base[0] <= slower[0] <= 2 * base[0]  # what has come from HBM moves on at L2's rate
    assert base[0] / 2 <= half[0] <= 0.6 * base[0]
    assert base[1] <= half[1] <= 1.2 * base[1]


def test_what_a_machine_cannot_do_is_refused(graph):
    with pytest.raises(SfumatoError, match=r"needs cross-core flags 0 to 1, .* has 1"):
        product(graph, "tiny:cross_flags=1", 16, 16, 16, "f32", 1)
