"""A core's program prepared for timing: for each instruction what kind of event it is and how to cost it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram
from runtime.machine.description import Machine
from runtime.sequencer import SCALAR
from runtime.timing.costs import COSTS, TRANSFERS


class Action(IntEnum):
    """What executing an instruction means for time."""

    work = 0
    transfer = 1
    set_flag = 2
    wait_flag = 3
    barrier = 4
    cross_set = 5
    cross_wait = 6
    scalar = 7


_SYNC = {
    "set_flag": Action.set_flag,
    "wait_flag": Action.wait_flag,
    "barrier": Action.barrier,
    "cross_set": Action.cross_set,
    "cross_wait": Action.cross_wait,
}


@dataclass(frozen=True)
class Planned:
    """One instruction: its action, the queue it goes to (S: the scalar unit executes it) and its cost function."""

    action: Action
    pipe: Pipe
    cost: Callable[[tuple[int, ...]], Any] | None


@dataclass(frozen=True)
class Plan:
    """A core's program with a `Planned` for each instruction."""

    program: CoreProgram
    core: str
    steps: tuple[Planned, ...]


def plan(program: CoreProgram, machine: Machine) -> Plan:
    """Prepare a decoded program; every instruction must have a cost."""
    steps: list[Planned] = []
    known: dict[str, Callable[[tuple[int, ...]], Any]] = {}
    for decoded in program.instructions:
        name = decoded.mnemonic
        queue = decoded.instruction.executing_queue(decoded.values)
        pipe = Pipe.S if queue is None else Pipe[queue]
        if name in SCALAR:
            steps.append(Planned(Action.scalar, Pipe.S, None))
        elif name in _SYNC:
            steps.append(Planned(_SYNC[name], pipe, None))
        elif name in TRANSFERS:
            cost = known.get(name) or known.setdefault(name, TRANSFERS[name](machine, decoded.instruction))
            steps.append(Planned(Action.transfer, pipe, cost))
        elif name in COSTS:
            cost = known.get(name) or known.setdefault(name, COSTS[name](machine, decoded.instruction))
            steps.append(Planned(Action.work, pipe, cost))
        else:
            raise KeyError(f"instruction '{name}' has no cost: give it one in runtime/timing/costs.py")
    return Plan(program, program.core, tuple(steps))
