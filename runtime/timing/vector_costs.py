"""Costs of vector instructions: a fixed part, then repeats at the instruction's rate or the UB banks' if slower."""

from __future__ import annotations

from collections.abc import Callable

from dialects.dtypes import DType
from dialects.isa.instruction import Instruction
from runtime.machine.description import Machine, Vector
from runtime.timing.banks import PERIOD, Operand, conflicts
from runtime.timing.cost import Fields, Work, WorkCost

_NO_BANKS = frozenset({"vgather", "vscatter", "vtranspose", "vsort32", "vmrgsort4"})
"""Instructions whose rates were measured as they are, and whose addresses do not follow repeats."""


def cycles_per_repeat(vector: Vector, mnemonic: str, dtype: str) -> float:
    """Cycles that one repeat takes without bank conflicts."""
    rates = vector.cycles_per_repeat.get(mnemonic, vector.cycles_per_repeat["any"])
    return rates[dtype] if dtype in rates else rates.get("any", vector.cycles_per_repeat["any"]["any"])


def vector_cost(machine: Machine, instruction: type[Instruction]) -> WorkCost:
    """The cost function of a vector instruction class."""
    vector, name, at = machine.vector, instruction.mnemonic, instruction.positions
    type_at = at["type"] if "type" in at else at["src_type"]
    repeats_of = _repeats(vector, instruction, type_at)
    banks_of = None if name in _NO_BANKS else _repeat_costs(vector, instruction, type_at)
    overhead = vector.call_cycles.get(name, vector.overhead_cycles)
    tail = max(overhead, vector.tail_cycles.get(name, 0.0))
    rates = {dtype: cycles_per_repeat(vector, name, DType(dtype).name) for dtype in DType}
    memo: dict[tuple[int, ...], Work] = {}

    def cost(fields: Fields) -> Work:
        key = tuple(fields)
        known = memo.get(key)
        if known is not None:
            return known
        repeats = repeats_of(fields)
        rate = rates[DType(fields[type_at])]
        work = repeats * rate
        if banks_of is not None and repeats:
            pattern = [max(rate, served) for served in banks_of(fields)]
            whole, rest = divmod(repeats, PERIOD)
            work = whole * sum(pattern) + sum(pattern[:rest])
        result = Work(work + overhead, work + tail, vector.head_cycles) if repeats else Work(1.0, 1.0)
        memo[key] = result
        return result

    return cost


def _repeats(vector: Vector, instruction: type[Instruction], type_at: int) -> Callable[[Fields], int]:
    at = instruction.positions
    if "repeats" in at:
        repeats_at = at["repeats"]
        return lambda fields: fields[repeats_at]
    if "mask" in at:
        count_at, mask_at = at["count"], at["mask"]
        return lambda fields: -(-fields[count_at] // fields[mask_at]) if fields[count_at] else 0
    if "count" in at:
        count_at = at["count"]
        return lambda fields: -(-fields[count_at] * DType(fields[type_at]).size // vector.repeat_bytes)
    return lambda fields: 1


def _repeat_costs(vector: Vector, instruction: type[Instruction], type_at: int) -> Callable[[Fields], list[float]]:
    """Return a function giving the cycles that the banks need for each repeat of a period."""
    at = instruction.positions
    sources = [name for name in ("src", "src0", "src1") if name in at]
    source_readers = [_operand(instruction, name, at.get("src_type", type_at)) for name in sources]
    target_reader = _operand(instruction, "dst", at.get("dst_type", type_at)) if "dst_blk" in at else None

    def costs(fields: Fields) -> list[float]:
        operands = tuple(read(fields) for read in source_readers)
        target = target_reader(fields) if target_reader else None
        found = conflicts(operands, target, vector.bank_groups, vector.bank_rows)
        return [max(reads, vector.read_write_conflict_cycles if clash else 0.0) for reads, clash in found]

    return costs


def _operand(instruction: type[Instruction], name: str, type_at: int) -> Callable[[Fields], Operand]:
    at = instruction.positions
    base_at, block_at, repeat_at, mask_at = at[name], at.get(f"{name}_blk"), at.get(f"{name}_rep"), at.get("mask")

    def operand(fields: Fields) -> Operand:
        if mask_at is None:
            blocks = 8 if name == "dst" else 1
        else:
            blocks = -(-fields[mask_at] * DType(fields[type_at]).size // 32)
        block_stride = 1 if block_at is None else fields[block_at]
        repeat_stride = blocks if repeat_at is None else fields[repeat_at]
        return Operand(fields[base_at] // 32, block_stride, repeat_stride, blocks)

    return operand
