"""Constants of 64 bits in computation of 32: where a limit of 32 bits means the same."""

from __future__ import annotations

from dialects.tile.compute import ComputeOp, ConstantOp
from passes.tile.numbers import COMPUTED_BITS

HIGHEST = (1 << (COMPUTED_BITS - 1)) - 1
LOWEST = -HIGHEST - 1


def clamped(op: ConstantOp, value: int) -> int | None:
    """``value``, or the computed number nearest to it; ``None`` where a user would then mean something else.

    The smaller of a number and one above all others is the same as with the highest of them, and likewise below.
    """
    if LOWEST <= value <= HIGHEST:
        return value
    harmless = "min" if value > HIGHEST else "max"
    users = [use.operation for use in op.tile.uses]
    if all(isinstance(user, ComputeOp) and user.function.data == harmless for user in users):
        return HIGHEST if value > HIGHEST else LOWEST
    return None
