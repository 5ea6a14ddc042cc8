"""What to try next: rules that turn a kernel's figures into advice, each with the figure that it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from runtime.machine.description import Machine
from runtime.profile.bank_conflicts import conflict_share
from runtime.profile.stall_reasons import SHORT_OF, WORDS, by_category
from runtime.profile.summary import KernelSummary, QueueSummary
from runtime.timing.result import Timeline

WORTH_SAYING = 0.02
"""Share of the program's cycles below which nothing is said about what could be saved."""

_NAMED = {"M": "cube", "V": "vector unit", "FIX": "fixpipe", "S": "scalar unit"}


@dataclass(frozen=True)
class Advice:
    """Something to try for some kernels: `figure` is what was found, `action` what to do; `saves_cycles` at most."""

    kernels: tuple[str, ...]
    figure: str
    action: str
    saves_cycles: float


@dataclass(frozen=True)
class _Case:
    """A kernel in its program, as the rules see it."""

    summary: KernelSummary
    timeline: Timeline

    @property
    def machine(self) -> Machine:
        return self.timeline.machine

    @property
    def run(self) -> float:
        return self.summary.run_cycles

    def share(self, cycles: float) -> float:
        """Share of the cycles that the kernel's cores run."""
        return cycles / self.run if self.run else 0.0


Found = Iterator[tuple[str, str, float]]
"""(figure, action, cycles that could be saved at most)."""


def advise(timeline: Timeline, summaries: Sequence[KernelSummary]) -> list[Advice]:
    """Return advice for the kernels that matter, what could save most first."""
    least = WORTH_SAYING * timeline.cycles
    found = [
        Advice((summary.kernel.name,), figure, action, saves)
        for summary in summaries
        if summary.cycles >= least
        for rule in _RULES
        for figure, action, saves in rule(_Case(summary, timeline))
    ]
    found += _launching(timeline, summaries)
    worthy = [advice for advice in found if advice.saves_cycles >= least]
    return sorted(worthy, key=lambda advice: (-advice.saves_cycles, advice.kernels, advice.action))


def _launching(timeline: Timeline, summaries: Sequence[KernelSummary]) -> Iterator[Advice]:
    """Kernels of which launching takes a large part."""
    small = [summary for summary in summaries if summary.launch_cycles > 0.4 * summary.cycles]
    if not small:
        return
    launches = sum(summary.launches for summary in small)
    lost, whole = (sum(getattr(summary, name) for summary in small) for name in ("launch_cycles", "cycles"))
    order = sorted(small, key=lambda summary: -summary.launch_cycles)
    yield Advice(
        tuple(summary.kernel.name for summary in order),
        f"launching takes {lost / whole:.0%} of their time ({launches} launches, {lost:,.0f} cycles)",
        "fuse them with the kernels before or after, or batch more inputs so that each launch does more",
        lost,
    )


def _blocks(case: _Case) -> Found:
    summary = case.summary
    kind = summary.kernel.kind
    used, all_cores = summary.kernel.blocks, case.machine.cores(kind)
    if used < 0.8 * all_cores:
        where = "blocks of cube and vector cores" if kind == "mix" else f"{kind} cores"
        yield (
            f"runs on {used} of {all_cores} {where}",
            "make more blocks: smaller tiles, or split one more axis (for a matmul with few tiles, its k)",
            case.run * (1 - used / all_cores),
        )


def _imbalance(case: _Case) -> Found:
    queue = case.summary.limiting
    if queue.imbalance > 1.2 and case.share(queue.slowest) > 0.4:
        yield (
            f"its slowest {queue.core} core keeps {queue.pipe} busy {queue.imbalance:.2f} times as long as the mean",
            f"choose tiles of which each of the {case.summary.kernel.blocks} blocks gets the same number",
            queue.slowest - queue.busy,
        )


def _reads(case: _Case) -> Found:
    summary, queue = case.summary, case.summary.limiting
    if queue.pipe != "MTE2" or case.share(queue.busy) < 0.3:
        return
    busy = f"MTE2 is busy {case.share(queue.busy):.0%} of the run"
    times = summary.gm_read_bytes / summary.argument_bytes if summary.argument_bytes else 0.0
    spare = queue.busy - _next_busiest(summary, queue)
    rate = summary.hbm_bytes / case.run / case.machine.bytes_per_cycle(case.machine.memory.hbm_gb_per_s)
    if rate > 0.7:
        yield (
            f"{busy} and HBM moves {rate:.0%} of the bytes it can",
            "only fewer bytes help: a smaller number format (--precision, --quantize), or fusion that saves a round "
            "trip through global memory",
            spare,
        )
    elif times > 1.5:
        yield (
            f"{busy}; it reads its arguments {times:.1f} times over, {summary.l2_hit:.0%} from L2",
            "larger tiles, or an operand that stays resident in L1 (UB), so that less is read again",
            spare * (1 - 1 / times),
        )
    else:
        size = summary.gm_read_bytes / max(1, summary.launches * sum(summary.cores.values()))
        yield (
            f"{busy} though each byte is read about once ({size / 1024:,.1f} KiB a core)",
            "fewer and larger transfers, started earlier: more buffers for what is loaded, or fusion with the producer",
            spare,
        )


def _bank_conflicts(case: _Case) -> Found:
    summary, queue = case.summary, case.summary.limiting
    if queue.pipe != "V":
        return
    kernels = case.timeline.program.kernels
    names = (kernels[launch.kernel].name for launch in case.timeline.launches)
    share = conflict_share(case.timeline, next(n for n, name in enumerate(names) if name == summary.kernel.name))
    if share > 0.05:
        yield (
            f"{share:.0%} of the vector unit's busy cycles are conflicts of operands in the banks of UB",
            "place the operands of one instruction in different bank groups (pad a buffer by 32 bytes)",
            share * queue.busy,
        )


def _bound_by_unit(case: _Case) -> Found:
    summary, queue = case.summary, case.summary.limiting
    share = case.share(queue.busy)
    if share < 0.5 or queue.pipe not in _UNIT_ACTIONS:
        return
    figure = f"{_NAMED.get(queue.pipe, queue.pipe)} is busy {share:.0%} of the run"
    action = _UNIT_ACTIONS[queue.pipe]
    if queue.pipe == "M":
        ideal = summary.ideal_mmad_cycles / summary.cores["cube"] / queue.busy
        figure += f", {ideal:.0%} of it at the peak of its operand types"
        if ideal < 0.7:
            action = "larger mmads: m, n and k in whole fractals (16 x 16 x 32 bytes), more of k in each"
    yield figure, action, queue.busy - _next_busiest(summary, queue)


_UNIT_ACTIONS = {
    "M": "the matrix unit is the limit: only a faster number format helps (--precision fp16 or hf32, --quantize w8a8)",
    "V": "fewer vector instructions: whole repeats (256 bytes), arithmetic in f16 where it may, fewer casts",
    "MTE1": "larger tiles in L0A and L0B, so that what is loaded from L1 is used in more mmads",
    "MTE3": "keep results on the core: fuse the consumer, or write in a smaller number format",
    "FIX": "write less from L0C: a smaller output format in the fixpipe, or no split of k",
    "S": "fewer and larger instructions: the scalar unit issues them one by one",
}


def _shortages(case: _Case) -> Found:
    """What slows the transfers of the busiest queue down."""
    queue = case.summary.limiting
    slowed = by_category(queue.slowed)
    for name, cycles in slowed.items():
        if name in _WAIT_ACTIONS and case.share(cycles) > 0.15:
            reasons = {reason: lost for reason, lost in queue.slowed.items() if name in by_category({reason: lost})}
            scarce = max(reasons, key=lambda reason: reasons[reason])
            yield (
                f"{case.share(cycles):.0%} of the run, the transfers of {queue.pipe} (the {queue.core} cores' busiest "
                f"queue) go on slower than alone, mostly for want of {SHORT_OF.get(scarce, scarce)}",
                _WAIT_ACTIONS[name],
                cycles,
            )


def _waits(case: _Case) -> Found:
    """What the busiest queue waits for, when it waits long; issue that is late for a wait of the scalar unit is that
    wait."""
    summary, queue = case.summary, case.summary.limiting
    stalls = by_category(queue.stalls)
    longest = max(stalls, key=lambda name: stalls[name], default=None)
    if longest is None or stalls[longest] < max(0.2 * case.run, 0.3 * queue.busy):
        return
    lost = stalls[longest]
    figure = (
        f"{queue.pipe} of the {queue.core} cores, the busiest queue, stands still {case.share(lost):.0%} of the run, "
    )
    behind = _behind_late_issue(summary, queue) if longest == "issue" else None
    if behind is not None:
        longest, share = behind[0], case.share(behind[1])
        figure += f"since the scalar unit issues nothing: it waits {share:.0%} for {WORDS[longest]}"
    else:
        figure += f"waiting for {WORDS[longest]}"
    if longest in _WAIT_ACTIONS:
        yield figure, _WAIT_ACTIONS[longest], lost


def _behind_late_issue(summary: KernelSummary, queue: QueueSummary) -> tuple[str, float] | None:
    """What the scalar unit of the queue's cores waits for most, and how long, if it waits longer than it works."""
    scalar = next(other for other in summary.queues if (other.core, other.pipe) == (queue.core, "S"))
    held = {name: cycles for name, cycles in by_category(scalar.stalls).items() if name != "issue"}
    longest = max(held, key=lambda name: held[name], default=None)
    return (longest, held[longest]) if longest is not None and held[longest] > scalar.busy else None


_WAIT_ACTIONS = {
    "data": "the cores want more than L2 and HBM give: fewer bytes, or blocks in an order that shares what is fetched",
    "port": "loads and stores of a core share its port: spread them over more cores, or store less",
    "flag": "overlap the queues: one more buffer for the tile that is handed over, so that the next one starts sooner",
    "core": "the cores work in turns: give the channel between the stages one slot more, move work to the core that "
    "waits, or make the stages smaller so that they overlap",
    "barrier": "fewer barriers: independent instructions between those that depend on each other",
    "issue": "larger instructions (longer repeats, larger transfers): the scalar unit cannot issue small ones in time",
}


def _next_busiest(summary: KernelSummary, queue: QueueSummary) -> float:
    """Busy cycles of the second limit: speeding up ``queue`` gains nothing beyond it."""
    return max((other.busy for other in summary.queues if other is not queue), default=0.0)


_RULES: tuple[Callable[[_Case], Found], ...] = (
    _blocks,
    _imbalance,
    _reads,
    _bank_conflicts,
    _bound_by_unit,
    _shortages,
    _waits,
)
