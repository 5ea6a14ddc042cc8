"""Which carried values of a recurrence are sums that can live in memory, since its steps only ever add to them."""

from __future__ import annotations

from typing import NamedTuple

from xdsl.ir import SSAValue

from dialects.graph import AddBitsOp, AddOp, MatmulOp
from dialects.graph.recurrence import RecurrenceOp


class MemorySum(NamedTuple):
    """One step of such a sum: the integers added to its bits, then the product added to it."""

    number: SSAValue
    product: SSAValue


def memory_sums(op: RecurrenceOp) -> dict[int, MemorySum]:
    """Return, by its place among the carried values, each that becomes add(add_bits(value, number), product).

    No op but these two may read it or what is in between.
    """
    found: dict[int, MemorySum] = {}
    for place, (argument, after) in enumerate(zip(op.body.block.args, op.yielded, strict=False)):
        total = after.owner
        if not isinstance(total, AddOp) or len(list(argument.uses)) != 1 or len(list(after.uses)) != 1:
            continue
        for shifted, product in ((total.lhs, total.rhs), (total.rhs, total.lhs)):
            shift = shifted.owner
            alone = len(list(shifted.uses)) == len(list(product.uses)) == 1
            if alone and isinstance(shift, AddBitsOp) and isinstance(product.owner, MatmulOp):
                if shift.value is argument:
                    found[place] = MemorySum(shift.number, product)
    return found
