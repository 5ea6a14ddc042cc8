"""What holds for every program, on random streams of loads, adds and stores."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.errors import SfumatoError
from dialects.isa.fields import Register
from runtime.machine.description import load
from runtime.timing.simulator import simulate

TINY = load("tiny")


def stream(make, tiles, elements):
    """Each block doubles its tiles: load, add, store, with two slots."""
    r = Register
    size = 4 * elements
    code = [make("arg", rd=r(0), index=0), make("arg", rd=r(1), index=1)]
    code += [make("block_idx", rd=r(2)), make("block_num", rd=r(3)), make("mul", rd=r(3), a=r(3), b=size)]
    code += [make("set_flag", src="MTE3", dst="MTE2", id=slot) for slot in (0, 1)]
    code += [make("mul", rd=r(2), a=r(2), b=size)]
    for tile in range(tiles):
        slot = tile % 2
        base = slot * 16384
        copy = dict(bursts=1, burst_bytes=size, src_stride=0, dst_stride=0)
        strides = dict(dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8)
        code += [make("add", rd=r(4), a=r(0), b=r(2)), make("add", rd=r(5), a=r(1), b=r(2))]
        code += [make("wait_flag", src="MTE3", dst="MTE2", id=slot)]
        code += [make("copy_gm_ub", dst=base, src=r(4), **copy), make("set_flag", src="MTE2", dst="V", id=slot)]
        code += [make("wait_flag", src="MTE2", dst="V", id=slot)]
        code += [make("vadd", dst=base, src0=base, src1=base, count=elements, mask=64, type="f32", **strides)]
        code += [make("set_flag", src="V", dst="MTE3", id=slot), make("wait_flag", src="V", dst="MTE3", id=slot)]
        code += [make("copy_ub_gm", dst=r(5), src=base, atomic="none", type="f32", **copy)]
        code += [make("set_flag", src="MTE3", dst="MTE2", id=slot), make("add", rd=r(2), a=r(2), b=r(3))]
    return code + [make("wait_flag", src="MTE3", dst="MTE2", id=slot) for slot in (0, 1)]


def doubled(make, build, blocks, tiles, elements, launches=1):
    total = blocks * tiles * elements
    return build(
        "vector", vector=stream(make, tiles, elements), elements=[total, total], blocks=blocks, launches=launches
    )


@given(blocks=st.integers(1, 4), tiles=st.integers(1, 40), elements=st.integers(1, 4000), launches=st.integers(1, 3))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_time_respects_every_limit(make, build, blocks, tiles, elements, launches):
    program = doubled(make, build, blocks, tiles, elements, launches)
    timeline = simulate(program, TINY)
    moved = 4 * blocks * tiles * elements
    memory = TINY.memory
    for launch in timeline.launches:
        use = launch.use
        assert (use.gm_read_bytes, use.gm_write_bytes) == (moved, moved)
        assert use.cycles >= moved / TINY.bytes_per_cycle(memory.l2_read_gb_per_s)
        assert use.cycles >= 2 * moved / TINY.bytes_per_cycle(memory.l2_mixed_gb_per_s)
        assert use.cycles >= 2 * moved / blocks / memory.vector_port_bytes_per_cycle
        assert use.cycles >= (use.missed_bytes + use.written_back_bytes) / TINY.bytes_per_cycle(memory.hbm_gb_per_s)
        for queue in use.cores["vector"].queues.values():
            assert 0 <= queue.busiest <= use.cycles
            assert all(cycles >= 0 for cycles in queue.stalls.values())
            assert queue.busy + sum(queue.stalls.values()) <= blocks * use.cycles * (1 + 1e-9)
    assert timeline.cycles == pytest.approx(sum(launch.cycles + launch.launch_cycles for launch in timeline.launches))


def test_the_same_program_gives_the_same_result(make, build):
    first, second = (simulate(doubled(make, build, 4, 9, 999), TINY, record_trace=True) for _ in range(2))
    for one, other in zip(first.launches, second.launches, strict=True):
        assert dataclasses.replace(one.use, trace=()) == dataclasses.replace(other.use, trace=())
        for left, right in zip(one.use.trace, other.use.trace, strict=True):
            np.testing.assert_array_equal(left.spans, right.spans)
            np.testing.assert_array_equal(left.waits, right.waits)


def test_a_cold_launch_misses_and_a_warm_one_hits(make, build):
    timeline = simulate(doubled(make, build, 4, 8, 2048, launches=4), TINY)
    cold, *warm = timeline.launches
    assert cold.use.missed_bytes == 4 * 4 * 8 * 2048
    assert all(launch.use.missed_bytes == 0 and launch.cycles < cold.cycles for launch in warm)
    assert timeline.simulated == 2, "the warm launches are alike"


def test_a_stream_of_several_times_l2_misses_and_writes_back(make, build):
    tiles = 32 * 4
    timeline = simulate(doubled(make, build, 4, tiles, 2048, launches=3), TINY)
    moved = 4 * 4 * tiles * 2048
    assert moved > TINY.memory.l2_bytes
    assert timeline.launches[0].use.missed_bytes == moved
    assert all(0.95 * moved < launch.use.missed_bytes <= moved for launch in timeline.launches)
    assert all(launch.use.written_back_bytes > 0 for launch in timeline.launches)
    assert sum(launch.use.written_back_bytes for launch in timeline.launches) <= 3 * moved


def test_what_is_streamed_is_not_kept(make, build):
    program = doubled(make, build, 4, 8, 2048, launches=3)
    (kernel,) = program.kernels
    source, target = kernel.arguments
    streaming = dataclasses.replace(kernel, arguments=[dataclasses.replace(source, direction="stream"), target])
    launches = simulate(dataclasses.replace(program, kernels=[streaming]), TINY).launches
    assert [launch.use.missed_bytes for launch in launches] == [4 * 4 * 8 * 2048] * 3
    assert all(launch.use.written_back_bytes == 0 for launch in launches), "what is written stays"


def test_a_queue_that_keeps_moving_asks_early_for_what_misses(make, build):
    """Of transfers that miss and follow each other only the first waits for HBM to answer."""
    slow = dataclasses.replace(TINY, memory=dataclasses.replace(TINY.memory, miss_cycles=TINY.memory.miss_cycles + 100))
    copy = {"dst": 0, "bursts": 1, "burst_bytes": 16384, "src_stride": 0, "dst_stride": 0}
    r = Register
    code = [make("arg", rd=r(0), index=0)]
    for place in range(8):
        code += [make("add", rd=r(1), a=r(0), b=16384 * place), make("copy_gm_ub", src=r(1), **copy)]
    program = build("vector", vector=code, elements=[8 * 4096])
    fast, late = (simulate(program, machine).launches[0].use.cycles for machine in (TINY, slow))
    assert late - fast == pytest.approx(100)


def test_a_replayed_launch_equals_a_simulated_one(make, build):
    """Five launches of one kernel, against one launch each of five kernels alike, which are all simulated."""
    program = doubled(make, build, 3, 5, 700, launches=5)
    long = simulate(program, TINY)
    copies = [dataclasses.replace(launch, kernel=number) for number, launch in enumerate(program.launches)]
    apart = simulate(dataclasses.replace(program, kernels=program.kernels * 5, launches=copies), TINY)
    assert (long.simulated, apart.simulated) == (2, 5)
    assert [launch.use for launch in long.launches] == [launch.use for launch in apart.launches]
    assert long.cycles == apart.cycles


def test_more_bandwidth_is_never_slower(make, build):
    program = doubled(make, build, 4, 16, 4000)
    times = []
    for rate in (20, 40, 80, 160, 320):
        memory = dataclasses.replace(TINY.memory, hbm_gb_per_s=rate)
        times.append(simulate(program, dataclasses.replace(TINY, memory=memory)).cycles)
    assert times == sorted(times, reverse=True)
    assert times[0] > times[-1]


def test_queues_overlap_up_to_the_depth_of_the_slots(make, build):
    """With two slots the time is far below the sum of the pipes, and not below the busiest."""
    use = simulate(doubled(make, build, 1, 40, 2048), TINY).launches[0].use
    busy = [queue.busy for name, queue in use.cores["vector"].queues.items() if name != "S"]
    assert max(busy) <= use.cycles < 0.75 * sum(busy)


def test_a_wait_may_come_before_its_set_in_program_order(make, build):
    code = [
        make("wait_flag", src="MTE3", dst="V", id=0),
        make("vdup", dst=0, scalar=0, count=64, mask=64, dst_blk=1, dst_rep=8, type="f32"),
        make("set_flag", src="MTE3", dst="V", id=0),
    ]
    use = simulate(build("vector", vector=code), TINY).launches[0].use
    assert use.cores["vector"].queues["V"].stalls["wait MTE3"] > 0


def test_a_wait_without_a_set_is_a_deadlock(make, build):
    code = [make("wait_flag", src="MTE2", dst="V", id=3)]
    with pytest.raises(
        SfumatoError, match=r"deadlock: vector core of block 0 waits for ever at .*instruction 0 `wait_flag"
    ):
        simulate(build("vector", vector=code), TINY)


def test_a_queue_holds_a_bounded_number_of_instructions(make, build):
    """The scalar unit stalls when a queue is full; a queue of 32 that waits for a flag beyond them never drains."""
    fill = make("vdup", dst=0, scalar=0, count=64 * 200, mask=64, dst_blk=1, dst_rep=0, type="f32")
    use = simulate(build("vector", vector=[fill] * 40), TINY).launches[0].use
    assert use.cores["vector"].queues["S"].stalls["V queue full"] > 0
    late = [make("wait_flag", src="MTE3", dst="V", id=0), *[fill] * 32, make("set_flag", src="MTE3", dst="V", id=0)]
    with pytest.raises(SfumatoError, match="deadlock"):
        simulate(build("vector", vector=late), TINY)


def test_a_transfer_outside_the_arguments_is_refused(make, build):
    copy = make("copy_gm_ub", dst=0, src=512, bursts=1, burst_bytes=1024, src_stride=0, dst_stride=0)
    with pytest.raises(SfumatoError, match="GM bytes 512 to 1536, which no argument"):
        simulate(build("vector", vector=[copy], elements=[64]), TINY)


def test_too_many_blocks_are_refused(make, build):
    with pytest.raises(SfumatoError, match="starts 5 blocks, but tiny runs 1 to 4 of kind vector"):
        simulate(build("vector", vector=[], blocks=5), TINY)


def test_setup_is_timed_apart(make, build):
    program = doubled(make, build, 1, 4, 2048, launches=2)
    plain = simulate(program, TINY)
    program.setup = [program.launches[0]] * 3
    timeline = simulate(program, TINY)
    assert (timeline.cycles, timeline.launches) == (plain.cycles, plain.launches)
    assert plain.setup is None
    assert timeline.setup is not None
    assert len(timeline.setup.launches) == 3
    assert timeline.setup.launches[0].use == plain.launches[0].use


@pytest.mark.parametrize("steps", [0, 700])
def test_compiled_and_interpreted_runs_are_equal(make, build, steps):
    """From the start, or from the middle of a launch on."""
    program = doubled(make, build, 4, 30, 3000, launches=3)
    interpreted = simulate(program, TINY, record_trace=True, interpreted_steps=1 << 40)
    compiled = simulate(program, TINY, record_trace=True, interpreted_steps=steps)
    assert interpreted.cycles == compiled.cycles
    for one, other in zip(interpreted.launches, compiled.launches, strict=True):
        assert dataclasses.replace(one.use, trace=()) == dataclasses.replace(other.use, trace=())
        for left, right in zip(one.use.trace, other.use.trace, strict=True):
            np.testing.assert_array_equal(left.spans, right.spans)
            np.testing.assert_array_equal(left.waits, right.waits)


def test_a_trace_may_outgrow_its_room(make, build):
    program = doubled(make, build, 4, 700, 64)
    for steps in (1 << 40, 0):
        timeline = simulate(program, TINY, record_trace=True, interpreted_steps=steps)
        spans = timeline.launches[0].use.trace
        assert [len(core.spans) for core in spans] == [3 * 700] * 4
        busy = sum(float((core.spans["end"] - core.spans["start"]).sum()) for core in spans)
        queues = timeline.launches[0].use.cores["vector"].queues
        assert busy == pytest.approx(sum(use.busy for name, use in queues.items() if name != "S"))


@given(
    blocks=st.integers(1, 4), tiles=st.integers(1, 24), elements=st.integers(1, 8000), launches=st.integers(1, 6),
    fraction=st.sampled_from([0.05, 0.3, 1.0]),
)  # fmt: skip
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replaying_launches_changes_nothing(make, build, blocks, tiles, elements, launches, fraction):
    """Whatever L2 holds of what a launch touches, and whatever it writes back."""
    memory = dataclasses.replace(TINY.memory, l2_effective_fraction=fraction)
    machine = dataclasses.replace(TINY, memory=memory)
    program = doubled(make, build, blocks, tiles, elements, launches)
    replayed, simulated = simulate(program, machine), simulate(program, machine, replay=False)
    assert replayed.launches == simulated.launches
    assert replayed.simulated <= simulated.simulated == launches
