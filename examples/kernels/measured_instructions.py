"""Measured costs of single instructions, and what the simulator makes of them.

A vector instruction is judged by the cycles that more elements add (the slope of the measured points, where they rise):
what it costs besides them depends on its neighbours, and was measured differently. Both sources lie in one bank group
of UB, as they most likely did. Moves and products are judged point by point.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, linear_regression

from assembly_writer import CoreProgram, Parameter, Value, kernel_text
from kernel_output import assemble

from dialects.dtypes import DType
from dialects.isa import INSTRUCTIONS
from runtime.machine.description import load
from runtime.profile.summary import PIPES, summarize
from runtime.timing.simulator import simulate

DATA = Path(__file__).with_name("measured_instructions.json")
TIMES = 64
"""How often an instruction is repeated, back to back."""
FLOOR = 4.5
"""Cycles that even the shortest vector instruction takes, however few its repeats: 3 or 4 were measured."""
TARGETS = {"910b1": "ascend910b1", "910b3": "ascend910b3"}

DISPUTED = {
    "gm_l1_nd2nz 910b1": "no shapes given: round sizes, as modelled, are fastest; others take up to 2.2 times it",
    "mmad f16 910b1": "2 cycles besides the blocks; 6, 21 and 23 elsewhere, and products imply 10 to 12: 11 is used",
    "vshl u16": "the first 15 points have half as many repeats as their sizes say, the last has not",
    "vcmps f16": "the last point lies below the line of the others, which rise by 1 cycle a repeat",
    "vcmps f32": "the last point lies below the line of the others, which rise by 1 cycle a repeat",
    "vcadd f32": "7 cycles a repeat in the manual and in another fit; the higher figure is used",
    "gm_ub 910b1": "the curve saturates at half the rate of the later one",
    "l1_l0a 910b1": "measured alone; measured products imply some 45 cycles more a load",
    "l1_l0b 910b1": "measured alone; measured products imply some 45 cycles more a load",
    "l0c_gm 910b1": "118 bytes a cycle and 164 cycles a drain elsewhere; those are used",
    "l0c_gm_nz2nd 910b1": "118 bytes a cycle and 164 cycles a drain elsewhere; those are used",
}
"""Curves that other sources contradict, and what is done."""

_SOURCES = {"src": 0, "src0": 0, "src1": 65536, "offsets": 65536, "bits": 65536}
"""Operand -> UB address: two sources in one bank group, in different banks."""
_OTHERS: dict[str, Value] = {"scalar": 1.0, "predicate": "lt", "index": 0, "round": "rint", "start": 0}


@dataclass(frozen=True)
class Comparison:
    """An instruction's measured cost and the simulated one, in cycles, of the largest measured size.

    ``error`` is that of a slope, or the mean of the points' errors without their signs; ``worst`` is the largest one's.
    ``pipe`` should be the busiest, ``busiest`` is.
    """

    name: str
    points: int
    measured: float
    simulated: float
    error: float
    worst: float
    pipe: str
    busiest: str
    note: str


def compare_instructions() -> list[Comparison]:
    """Compare every measured curve, vector instructions first."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    found = [_vector(name, points) for name, points in data["vector"].items()]
    found += [_product(name, points) for name, points in data["mmad"].items()]
    return found + [_move(name, points) for name, points in data["moves"].items()]


def _vector(name: str, points: Sequence[Sequence[float]]) -> Comparison:
    rising = [point for point in points if point[1] > FLOOR]
    middle, last = (int(rising[position][0]) for position in (len(rising) // 2, -1))
    fewer, _ = _cycles("ascend910b1", *_vector_instruction(name, middle))
    more, busiest = _cycles("ascend910b1", *_vector_instruction(name, last))
    measured = linear_regression(*zip(*rising, strict=True)).slope
    simulated = (more - fewer) / (last - middle)
    error = simulated / measured - 1
    figures = (measured * last, simulated * last)
    return Comparison(name, len(points), *figures, error, error, "V", busiest, DISPUTED.get(name, ""))


def _vector_instruction(name: str, elements: int) -> tuple[str, tuple[tuple[str, Value], ...]]:
    """Return the mnemonic and fields of a dense vector instruction on this many elements."""
    mnemonic, *types = name.split()
    sizes = {"src": DType[types[0]].size, "dst": DType[types[-1]].size}
    lanes = 256 // max(sizes.values())
    types_of = {"type": types[0], "src_type": types[0], "dst_type": types[-1]}
    fields: dict[str, Value] = {}
    for field in INSTRUCTIONS[mnemonic].fields:
        operand, _, kind = field.name.rpartition("_")
        size = sizes.get(operand.rstrip("01"), sizes["src"])
        fields[field.name] = {
            "dst": 131072,
            "count": elements,
            "mask": lanes,
            "repeats": elements // lanes,
            **types_of,
            **_SOURCES,
            **_OTHERS,
        }.get(field.name, 1 if kind == "blk" else lanes * size // 32)
    if mnemonic in ("vcadd", "vcmax", "vcmin", "vcgadd", "vcgmax", "vcgmin"):
        fields["dst_rep"] = 1
    if mnemonic == "vcast":
        fields["round"] = "rint" if (types[0], types[1]) in _ROUNDED else "none"
    if "scalar" in fields and not DType[types[0]].is_float:
        fields["scalar"] = 1
    return mnemonic, tuple(fields.items())


_ROUNDED = {("f16", "i16"), ("f16", "i32"), ("f32", "bf16"), ("f32", "i32"), ("f32", "i64"), ("i64", "f32")}
"""Conversions that need a rounding mode."""


def _product(name: str, points: Sequence[Sequence[float]]) -> Comparison:
    fixed: dict[str, Value] = {"bias": 0, "use_bias": 0, "acc": "f32", "mode": "none", "type": "f16", "init": 1}
    pairs: list[tuple[float, float]] = []
    busiest = ""
    for m, n, k, measured in points:
        fields = {"dst": 0, "a": 0, "b": 0, "m": int(m), "n": int(n), "k": int(k), **fixed}
        cycles, busiest = _cycles("ascend910b1", "mmad", tuple(fields.items()))
        pairs.append((measured, cycles))
    return _summary(name, pairs, "M", busiest)


def _move(name: str, points: Sequence[Sequence[float]]) -> Comparison:
    path, chip = name.split()
    pairs: list[tuple[float, float]] = []
    pipe = busiest = ""
    for size, measured in points:
        mnemonic, fields = _move_instruction(path, int(size))
        pipe = INSTRUCTIONS[mnemonic].queue or ""
        cycles, busiest = _cycles(TARGETS[chip], mnemonic, tuple(fields.items()))
        pairs.append((measured, cycles))
    return _summary(name, pairs, pipe, busiest)


def _move_instruction(path: str, size: int) -> tuple[str, dict[str, Value]]:
    """Return the mnemonic and fields of a move of ``size`` bytes on a data path."""
    whole: dict[str, Value] = {"bursts": 1, "burst_bytes": size, "src_stride": 0, "dst_stride": 0}
    rows = max(16, min(128, size // 512 // 16 * 16))  # a matrix of f16 of about the shape of a tile
    matrix: dict[str, Value] = {"k": size // 2 // rows, "src_rows": rows, "transpose": 0, "type": "f16"}
    if path in ("gm_l1", "gm_ub"):
        return f"copy_{path}", {"dst": 0, "src": "gm", **whole}
    if path == "ub_gm":
        return "copy_ub_gm", {"dst": "gm", "src": 0, "atomic": "none", "type": "f16", **whole}
    if path == "gm_l1_nd2nz":
        columns = size // 2 // rows
        shape: dict[str, Value] = {"rows": rows, "cols": columns, "src_stride": columns * 2, "dst_rows": rows}
        return "nd2nz", {"dst": 0, "src": "gm", "type": "f16", **shape}
    if path == "l1_l0a":
        return "load_l0a", {"dst": 0, "src": 0, "m": rows, **matrix}
    if path == "l1_l0b":
        return "load_l0b", {"dst": 0, "src": 0, "n": rows, **matrix}
    if path == "l1_bt":
        return "load_bt", {"dst": 0, "src": 0, "bytes": size}
    columns = size // 4 // 16
    shape = {"m": 16, "n": columns, "src_rows": 16, "dst_stride": columns * 4}
    fixed: dict[str, Value] = {"quant": "none", "relu": 0, "atomic": "none", "scale": 0, "acc": "f32", "type": "f32"}
    return "fixpipe", {"dst": "gm", "src": 0, **shape, **fixed}


def _summary(name: str, pairs: Sequence[tuple[float, float]], pipe: str, busiest: str) -> Comparison:
    errors = [simulated / measured - 1 for measured, simulated in pairs]
    mean = fmean(map(abs, errors))
    worst = max(errors, key=abs)
    return Comparison(name, len(pairs), *pairs[-1], mean, worst, pipe, busiest, DISPUTED.get(name, ""))


@cache
def _cycles(target: str, mnemonic: str, fields: tuple[tuple[str, Value], ...]) -> tuple[float, str]:
    """Cycles that one of many equal instructions keeps its queue busy, data in L2; and the busiest queue."""
    instruction = INSTRUCTIONS[mnemonic]
    program = CoreProgram(instruction.core)
    address = program.argument(0)
    given = {name: address if value == "gm" else value for name, value in fields}
    program.emit(mnemonic, **given)  # brings what is read into L2
    program.barrier("ALL")
    with program.loop(0, TIMES):
        program.emit(mnemonic, **given)
    text = kernel_text("one", target, 1, [Parameter("x", "i8", (1 << 20,), "out")], [program], mnemonic)
    timeline = simulate(assemble(text, mnemonic), load(target))
    use = timeline.launches[0].use.cores[instruction.core]
    queue = instruction.queue
    assert queue is not None
    (summary,) = summarize(timeline)
    inside = use.by_instruction[-2]  # the instruction before the loop's end
    return inside / TIMES, PIPES.get(summary.limiting.pipe, summary.limiting.pipe)
