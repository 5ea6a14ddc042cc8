"""The profile of a program as JSON: the contract of `sfumato profile --json`."""

from __future__ import annotations

from typing import Any

from runtime.machine.description import Machine
from runtime.profile.advice import Advice, advise
from runtime.profile.stall_reasons import by_category
from runtime.profile.summary import PIPES, KernelSummary, summarize
from runtime.timing.result import Timeline


def profile_json(timeline: Timeline) -> dict[str, Any]:
    """Return the profile as JSON-able values.

    Cycles are core cycles. A kernel's `cycles` cover all its launches and what launching costs; fractions in `pipes`
    and `stalls` are of these cycles (of a pipe that both kinds of core have, the busier kind's mean). `queues` has
    every queue of every kind of core, in cycles: `busy`, `stalls` and `slowed` as means over the cores, `slowest` on
    the busiest core, `imbalance` their ratio. `slowed` is the part of `busy` in which transfers went on slower than
    alone, by what was short; `waits` and `shortages` are `stalls` and `slowed` by category. `flops` counts 2 m n k of
    the executed mmads, `cube_utilization` is the share of the whole chip's peak at the operand types used.
    `gm_*_bytes` are what instructions ask for, `hbm_bytes` what L2 fetched and wrote back, `l2_hit` the share of the
    reads that L2 served. `advice` says what to try, `saves_cycles` being the most that could be gained.
    `setup_cycles` and `setup_kernels` are those of the launches that run once, when the program is loaded; nothing
    else counts them.
    """
    machine = timeline.machine
    summaries = summarize(timeline)
    ideal = sum(summary.ideal_mmad_cycles for summary in summaries)
    return {
        "target": machine.name,
        "clock_mhz": machine.clock_mhz,
        "cycles": timeline.cycles,
        "time_us": machine.time_us(timeline.cycles),
        "launch_cycles": sum(summary.launch_cycles for summary in summaries),
        "flops": 2 * sum(summary.macs for summary in summaries),
        "cube_utilization": _share(ideal, machine.cube_cores * timeline.cycles),
        "gm_read_bytes": sum(summary.gm_read_bytes for summary in summaries),
        "gm_write_bytes": sum(summary.gm_write_bytes for summary in summaries),
        "hbm_bytes": sum(summary.hbm_bytes for summary in summaries),
        "peak_gm_bytes": timeline.program.gm_bytes,
        "kernels": [_kernel(machine, summary) for summary in summaries],
        "advice": [_advice(advice) for advice in advise(timeline, summaries)],
        "setup_cycles": 0.0 if timeline.setup is None else timeline.setup.cycles,
        "setup_kernels": []
        if timeline.setup is None
        else [_kernel(machine, summary) for summary in summarize(timeline.setup)],
    }


def _kernel(machine: Machine, summary: KernelSummary) -> dict[str, Any]:
    cycles = summary.cycles
    busiest = {name: summary.busiest(name) for name in PIPES}
    return {
        "name": summary.kernel.name,
        "kind": summary.kernel.kind,
        "cores": sum(summary.cores.values()),
        "launches": summary.launches,
        "cycles": cycles,
        "time_us": machine.time_us(cycles),
        "launch_cycles": summary.launch_cycles,
        "bound": summary.bound,
        "pipes": {name: _share(queue.busy, cycles) if queue else 0.0 for name, queue in busiest.items()},
        "stalls": {name: _shares(queue.stalls, cycles) for name, queue in busiest.items() if queue},
        "queues": [
            {
                "core": queue.core,
                "pipe": queue.pipe,
                "busy": queue.busy,
                "slowest": queue.slowest,
                "imbalance": queue.imbalance,
                "stalls": queue.stalls,
                "waits": by_category(queue.stalls),
                "slowed": queue.slowed,
                "shortages": by_category(queue.slowed),
            }
            for queue in summary.queues
        ],
        "instructions": summary.executed,
        "flops": 2 * summary.macs,
        "cube_utilization": summary.utilization(machine),
        "gm_read_bytes": summary.gm_read_bytes,
        "gm_write_bytes": summary.gm_write_bytes,
        "hbm_bytes": summary.hbm_bytes,
        "l2_hit": summary.l2_hit,
        "source": list(summary.kernel.source),
        "lines": [
            {"source": line.source, "core": line.core, "pipe": line.pipe, "cycles": line.cycles}
            for line in summary.lines
        ],
    }


def _advice(advice: Advice) -> dict[str, Any]:
    return {
        "kernels": list(advice.kernels),
        "figure": advice.figure,
        "action": advice.action,
        "saves_cycles": advice.saves_cycles,
    }


def _shares(parts: dict[str, float], whole: float) -> dict[str, float]:
    return {name: _share(part, whole) for name, part in parts.items()}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
