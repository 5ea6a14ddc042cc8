"""What an instruction costs: core-local work, or a transfer that also needs the memory all cores share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dialects.isa.instruction import Instruction
from runtime.machine.description import Machine


class Work(NamedTuple):
    """Work of a unit of one core.

    The unit takes its next instruction after `occupancy` cycles; the result is complete after `latency`. Both grow by
    `idle` if the unit stood still before. `macs` multiplications would take `ideal` cycles at the unit's peak rate.
    """

    occupancy: float
    latency: float
    idle: float = 0.0
    macs: int = 0
    ideal: float = 0.0


class Transfer(NamedTuple):
    """`bursts` pieces of `burst_bytes`, `stride` apart from GM byte `address`; alone and in L2 it takes `cycles`."""

    cycles: float
    address: int
    bursts: int
    burst_bytes: int
    stride: int
    write: bool


Fields = Sequence[int]
WorkCost = Callable[[Fields], Work]
TransferCost = Callable[[Fields], Transfer]
WorkRule = Callable[[Machine, type[Instruction]], WorkCost]
TransferRule = Callable[[Machine, type[Instruction]], TransferCost]
"""A rule is applied once to each instruction class of a machine and returns the function of the resolved fields."""
