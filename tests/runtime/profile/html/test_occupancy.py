"""A byte is occupied from the write of a value to its last read, and buffers are never fuller than full."""

import numpy as np
import pytest

from dialects.isa.fields import Pipe
from runtime.machine.description import load
from runtime.memory.access import Access
from runtime.profile.html.occupancy import occupancies
from runtime.profile.html.replay import Executed, Replay, replay_block
from runtime.timing.simulator import simulate

TINY = load("tiny")


def block(offset, size, space="ub"):
    return Access(space, offset, (size,), (1,), 1)


def executed(start, end, reads=(), writes=()):
    return Executed(Pipe.V, start, end, 0, tuple(reads), tuple(writes), 0)


OWNERS = {"ub": (0, "ub"), "l0c": (0, "l0c")}


def steps(*instructions):
    (found,) = occupancies({0: Replay(instructions, True, OWNERS)}, TINY)
    return list(zip(found.times.tolist(), found.bytes.tolist(), strict=True))


def test_a_value_lives_from_its_write_to_its_last_read():
    value = block(0, 64)
    found = steps(executed(10, 20, writes=[value]), executed(30, 40, reads=[value]), executed(50, 70, reads=[value]))
    assert found == [(10, 64), (70, 0)]


def test_the_pause_between_two_values_in_one_place_is_free():
    value = block(32, 32)
    found = steps(
        executed(0, 5, writes=[value]), executed(10, 15, reads=[value]),
        executed(100, 105, writes=[value]), executed(110, 115, reads=[value]),
    )  # fmt: skip
    assert found == [(0, 32), (15, 0), (100, 32), (115, 0)]


def test_a_value_that_is_written_in_parts_grows():
    found = steps(
        executed(0, 5, writes=[block(0, 32)]), executed(10, 15, writes=[block(32, 32)]),
        executed(20, 30, reads=[block(0, 64)]),
    )  # fmt: skip
    assert found == [(0, 32), (10, 64), (30, 0)]


def test_sums_that_are_read_and_written_in_place_count_once():
    value = block(0, 1024, "l0c")
    accumulate = [executed(10 * at, 10 * at + 10, reads=[value], writes=[value]) for at in range(1, 4)]
    found = steps(executed(0, 10, writes=[value]), *accumulate, executed(50, 60, reads=[value]))
    assert max(size for _, size in found) == 1024
    assert found[-1] == (60, 0)


def test_a_value_that_is_never_read_lives_while_it_is_written():
    assert steps(executed(3, 9, writes=[block(0, 32)])) == [(3, 32), (9, 0)]


def test_what_another_core_writes_occupies_the_owner_s_buffer():
    """A cube core that stores straight into the UB of its second vector core, which reads it."""
    cube = Replay((executed(0, 10, writes=[block(64, 32, "ub1")]),), True, {"ub1": (2, "ub")})
    vector = Replay((executed(20, 30, reads=[block(64, 32)]),), True, {"ub": (2, "ub")})
    (found,) = occupancies({0: cube, 2: vector}, TINY)
    assert (found.core, found.space) == (2, "ub")
    assert list(zip(found.times.tolist(), found.bytes.tolist(), strict=True)) == [(0, 32), (30, 0)]


@pytest.mark.parametrize("depth", [16, 128])
def test_the_replay_of_a_kernel_moves_the_bytes_that_its_launch_counts(cube_program, depth):
    timeline = simulate(cube_program(depth), TINY, record_trace=True)
    program, launch = timeline.program, timeline.launches[0]
    addresses = [program.address(argument) for argument in program.launches[0].arguments]
    replays = replay_block(launch.use.trace, [0], program.kernels[0], TINY, addresses)
    (found,) = replays.values()
    assert found.complete
    assert sum(one.gm_bytes for one in found.executed) == launch.use.gm_read_bytes + launch.use.gm_write_bytes
    peaks = {one.space: one.peak for one in occupancies(replays, TINY)}
    assert peaks == {"l1": 2 * 32 * depth, "l0a": 32 * depth, "l0b": 32 * depth, "l0c": 1024}


def test_random_lives_never_exceed_the_capacity_and_leave_nothing(rng):
    instructions = []
    time = 0.0
    for _ in range(300):
        start, size = int(rng.integers(0, TINY.ub_bytes // 32 - 64)), int(rng.integers(1, 64))
        access = block(32 * start, 32 * size)
        time += float(rng.integers(1, 20))
        one = {"reads": [access]} if rng.random() < 0.5 else {"writes": [access]}
        instructions.append(executed(time, time + float(rng.integers(1, 40)), **one))
    (found,) = occupancies({0: Replay(tuple(instructions), True, OWNERS)}, TINY)
    assert np.all(found.bytes >= 0)
    assert found.peak <= TINY.ub_bytes
    assert found.bytes[-1] == 0
