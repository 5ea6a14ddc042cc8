"""The table of costs: mnemonic -> rule, one for every instruction that a queue executes, from a file an engine."""

from __future__ import annotations

from dialects.isa import INSTRUCTIONS
from runtime.timing.cost import TransferRule, WorkRule
from runtime.timing.cube_costs import CUBE_COSTS
from runtime.timing.transfer_costs import TRANSFER_COSTS
from runtime.timing.vector_costs import vector_cost

COSTS: dict[str, WorkRule] = {
    **CUBE_COSTS,
    **{name: vector_cost for name, instruction in INSTRUCTIONS.items() if instruction.queue == "V"},
}
"""Core-local instructions."""

TRANSFERS: dict[str, TransferRule] = TRANSFER_COSTS
"""Instructions that move data between a core and global memory."""
