"""The figures of vector instructions: a fixed part, then repeats at the instruction's rate or the banks' if slower."""

from __future__ import annotations

from dialects.dtypes import DType
from dialects.isa.instruction import Instruction
from runtime.machine.description import Machine, Vector
from runtime.timing.cost import Cost, Values

_NO_BANKS = frozenset({"vgather", "vscatter", "vtranspose", "vsort32", "vmrgsort4"})
"""Instructions whose rates were measured as they are, and whose addresses do not follow repeats."""
_SOURCES = ("src", "src0", "src1")
PLACES = 3
"""Sources that an instruction may have."""


def cycles_per_repeat(vector: Vector, mnemonic: str, source: DType, target: DType) -> float:
    """Cycles that one repeat takes without bank conflicts.

    A rate is that of a repeat full of source elements; where the target's are larger, a repeat holds fewer of them. The
    rate of a conversion may be given for both types (`f32_f16`).
    """
    rates = vector.cycles_per_repeat.get(mnemonic, vector.cycles_per_repeat["any"])
    fallback = rates.get("any", vector.cycles_per_repeat["any"]["any"])
    rate = rates.get(f"{source.name}_{target.name}", rates.get(source.name, fallback))
    return rate * source.size / max(source.size, target.size)


def _sources(instruction: type[Instruction]) -> list[str]:
    return [name for name in _SOURCES if name in instruction.positions]


def vector_operands(instruction: type[Instruction]) -> tuple[str, ...]:
    """Names of the fields that a vector instruction's cost depends on; a number in place of a name is meant as such.

    Amount and mask, then base, block stride and repeat stride of `PLACES` sources and of the target. A mask of -1 is
    none, and a repeat stride of -1 as many blocks as a repeat has.
    """
    at = instruction.positions
    amount = "repeats" if "repeats" in at else "count" if "count" in at else "0"
    names = [amount, "mask" if "mask" in at else "-1"]
    for name in [*_sources(instruction), *["0"] * (PLACES - len(_sources(instruction))), "dst"]:
        names += [name]
        names += [f"{name}_blk" if f"{name}_blk" in at else "1", f"{name}_rep" if f"{name}_rep" in at else "-1"]
    return tuple(names)


def vector_row(machine: Machine, instruction: type[Instruction], values: Values) -> Cost:
    """The figures of one vector instruction: rate, overhead, cycles to the result, cycles to fill an idle pipe."""
    vector, name, at = machine.vector, instruction.mnemonic, instruction.positions
    dtype = DType(values[at["type"] if "type" in at else at["src_type"]])
    overhead = vector.call_cycles.get(name, vector.overhead_cycles)
    tail = max(overhead, vector.tail_cycles.get(name, 0.0))
    rule = 0 if "repeats" in at else 1 if "mask" in at else 2 if "count" in at else 3
    source = DType(values[at["src_type"]]) if "src_type" in at else dtype
    target = DType(values[at["dst_type"]]) if "dst_type" in at else dtype
    whole = (
        *(0, 0, -1, int(name not in _NO_BANKS), rule, dtype.size, vector.repeat_bytes),
        *(len(_sources(instruction)), int("dst_blk" in at), *[source.size] * PLACES, target.size),
    )
    return Cost(whole, (cycles_per_repeat(vector, name, source, target), overhead, tail, vector.head_cycles))
