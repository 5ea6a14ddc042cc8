"""Conflicts of a vector instruction's operands in the banks of UB.

A byte address is {bank, row, bank group, byte in a 32-byte block}. In one cycle a group serves one read (of any of its
banks); a write and a read clash only in the same bank of the same group. Blocks read at the same address count once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

PERIOD = 16
"""Repeats after which the pattern of groups comes back, whatever the repeat stride."""


class Operand(NamedTuple):
    """Where an operand lies, in 32-byte blocks: first block, strides between blocks and repeats, blocks in a repeat."""

    block: int
    block_stride: int
    repeat_stride: int
    blocks: int

    def touched(self, repeat: int) -> set[int]:
        """Block addresses of one repeat."""
        first = self.block + repeat * self.repeat_stride
        return {first + index * self.block_stride for index in range(self.blocks)}


@lru_cache(maxsize=65536)
def conflicts(
    sources: tuple[Operand, ...], target: Operand | None, groups: int, rows: int
) -> tuple[tuple[int, bool], ...]:
    """For each repeat of a period: the reads of the busiest group, and whether the write meets a read in one bank."""
    result: list[tuple[int, bool]] = []
    for repeat in range(PERIOD):
        read: set[int] = set()
        for operand in sources:
            read |= operand.touched(repeat)
        counts = [0] * groups
        for block in read:
            counts[block % groups] += 1
        banks = {(block % groups, block // (groups * rows)) for block in read}
        written = target.touched(repeat) if target else set[int]()
        clash = any((block % groups, block // (groups * rows)) in banks for block in written)
        result.append((max(counts), clash))
    return tuple(result)
