"""Advice follows from the figures: each rule speaks when its cause is there and is silent when it is not."""

from dataclasses import replace

import pytest

from runtime.machine.description import Launch, load
from runtime.profile.advice import advise
from runtime.profile.bank_conflicts import conflict_share
from runtime.profile.stall_reasons import SHORT_OF
from runtime.profile.summary import summarize
from runtime.timing.simulator import simulate

TINY = load("tiny")
NO_LAUNCH = replace(TINY, launch=Launch(0.0, 0.0, 0.0))


def told(timeline):
    return advise(timeline, summarize(timeline))


def figures(timeline):
    return " | ".join(advice.figure for advice in told(timeline))


def with_queue(timeline, core, **changes):
    """The timeline with other figures of some queues: ``M={"busy": 1.0}``."""
    launch = timeline.launches[0]
    used = launch.use.cores[core]
    queues = used.queues | {name: replace(used.queues[name], **change) for name, change in changes.items()}
    use = replace(launch.use, cores={core: replace(used, queues=queues)})
    return replace(timeline, launches=(replace(launch, use=use),), cycles=launch.cycles)


@pytest.fixture
def quiet(cube_program):
    """One launch without launching costs, of 1000 cycles, on which no queue is busy."""
    program = cube_program(128)
    program.launches = program.launches[:1]
    timeline = simulate(program, NO_LAUNCH)
    (launch,) = timeline.launches
    timeline = replace(timeline, launches=(replace(launch, use=replace(launch.use, cycles=1000.0)),))
    silent = {
        name: {"busy": 0.0, "busiest": 0.0, "stalls": {}, "slowed": {}} for name in launch.use.cores["cube"].queues
    }
    return with_queue(timeline, "cube", **silent)


def test_launching(cube_program):
    assert "launching takes" in figures(simulate(cube_program(16), load("ascend910b3")))
    assert "launching takes" not in figures(simulate(cube_program(16), NO_LAUNCH))


def test_few_blocks(quiet):
    (advice,) = told(quiet)
    assert advice.figure == "runs on 1 of 2 cube cores"
    assert advice.saves_cycles == 500


def on_all_cores(timeline):
    """Let the kernel have as many blocks as the machine has cores, so that nothing is said about them."""
    kernels = [replace(kernel, blocks=TINY.cube_cores) for kernel in timeline.program.kernels]
    return replace(timeline, program=replace(timeline.program, kernels=kernels))


def test_nothing_is_said_of_an_even_and_quiet_kernel(quiet):
    assert told(on_all_cores(quiet)) == []


def test_imbalance(quiet):
    uneven = with_queue(on_all_cores(quiet), "cube", M={"busy": 400.0, "busiest": 900.0})
    assert "2.25 times as long as the mean" in figures(uneven)
    assert "as long as the mean" not in figures(with_queue(uneven, "cube", M={"busiest": 450.0}))


def test_repeated_reads(quiet):
    loads = with_queue(on_all_cores(quiet), "cube", MTE2={"busy": 800.0, "busiest": 800.0})
    launch = loads.launches[0]
    arguments = sum(4 * shape[0] for shape in (argument.shape for argument in loads.program.kernels[0].arguments))

    def reading(times, missed):
        use = replace(launch.use, gm_read_bytes=times * arguments, missed_bytes=missed)
        return replace(loads, launches=(replace(launch, use=use),))

    assert "it reads its arguments 6.0 times over, 100% from L2" in figures(reading(6, 0))
    assert "each byte is read about once" in figures(reading(1, 0))
    assert "HBM moves" in figures(reading(6, int(0.9 * TINY.bytes_per_cycle(TINY.memory.hbm_gb_per_s) * 1000)))


def test_a_full_matrix_unit(quiet):
    busy = with_queue(on_all_cores(quiet), "cube", M={"busy": 950.0, "busiest": 950.0})
    (advice,) = told(busy)
    assert "cube is busy 95% of the run" in advice.figure
    assert "larger mmads" in advice.action, "16 x 16 x 128 is far from 950 cycles of the peak"
    launch = busy.launches[0]
    full = replace(busy, launches=(replace(launch, use=replace(launch.use, ideal_mmad_cycles=900.0)),))
    assert "number format" in told(full)[0].action


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("wait MTE1", "one more buffer"),
        ("wait cross-core", "work in turns"),
        ("barrier", "fewer barriers"),
        ("issue", "cannot issue"),
    ],
)
def test_waits(quiet, reason, words):
    waiting = with_queue(on_all_cores(quiet), "cube", M={"busy": 400.0, "busiest": 400.0, "stalls": {reason: 500.0}})
    (advice,) = told(waiting)
    assert words in advice.action
    assert "stands still 50% of the run" in advice.figure


@pytest.mark.parametrize(
    ("reason", "words"), [("port", "share its port"), ("hbm", "fewer bytes"), ("fetch", "fewer bytes")]
)
def test_transfers_that_are_slowed_down(quiet, reason, words):
    slow = with_queue(on_all_cores(quiet), "cube", FIX={"busy": 400.0, "busiest": 400.0, "slowed": {reason: 300.0}})
    (advice,) = told(slow)
    assert words in advice.action
    assert advice.figure.startswith("30% of the run")
    assert advice.figure.endswith(f"for want of {SHORT_OF[reason]}")


def test_late_issue_is_blamed_on_what_the_scalar_unit_waits_for(quiet):
    waiting = with_queue(
        on_all_cores(quiet), "cube",
        M={"busy": 400.0, "busiest": 400.0, "stalls": {"issue": 500.0}}, S={"busy": 20.0, "stalls": {"wait cross-core": 700.0}},
    )  # fmt: skip
    (advice,) = told(waiting)
    assert "it waits 70% for another core" in advice.figure
    assert "work in turns" in advice.action


def test_bank_conflicts_are_what_timing_without_them_saves(vector_program):
    # A repeat touches 4 blocks of 32 bytes of each operand: 128 bytes further on, each has bank groups of its own.
    clashing, apart = (vector_program(distance, 2048) for distance in (8192, 8192 + 128))
    hit, clear = simulate(clashing, NO_LAUNCH), simulate(apart, NO_LAUNCH)
    busy = [one.launches[0].use.cores["vector"].queues["V"].busy for one in (hit, clear)]
    assert conflict_share(hit, 0) == pytest.approx(1 - busy[1] / busy[0])
    assert conflict_share(hit, 0) > 0.2
    assert conflict_share(clear, 0) == 0
    assert "banks of UB" in figures(hit)
    assert "banks of UB" not in figures(clear)
