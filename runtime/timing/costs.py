"""The table of costs: for each instruction its kind, its operands in the order the core reads them, and its figures.

Adding an instruction that a queue executes means one entry here. `runtime.timing.unit_costs` says what the figures of
a kind are for.
"""

from __future__ import annotations

from typing import NamedTuple

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.fields import MmadMode
from dialects.isa.instruction import Instruction
from runtime.machine.description import Machine
from runtime.timing import kinds
from runtime.timing.cost import Cost, Rule, Values
from runtime.timing.vector_costs import vector_operands, vector_row

FRACTAL_ROW_BYTES = 32


class Costed(NamedTuple):
    """How an instruction is costed: kind, names of the operands that matter, and the figures of its static fields."""

    kind: int
    operands: tuple[str, ...]
    rule: Rule


def _path(machine: Machine, name: str) -> tuple[int, tuple[float, ...]]:
    """The curve's number (or -1) and head, rate and row cycles of a data path."""
    path = machine.path(name)
    curve = sorted(machine.curves).index(path.curve) if path.curve else -1
    return curve, (path.head_cycles, path.bytes_per_cycle, path.row_cycles, path.misaligned_row_cycles)


def _type(instruction: type[Instruction], values: Values) -> DType:
    return DType(values[instruction.positions["type"]])


def _mmad(machine: Machine, instruction: type[Instruction], values: Values) -> Cost:
    mode = values[instruction.positions["mode"]]
    name = "hf32" if mode == MmadMode.hf32 else _type(instruction, values).name
    cube = machine.cube
    if name not in cube.macs_per_cycle:
        known = ", ".join(cube.macs_per_cycle)
        raise SfumatoError(f"the cube unit of {machine.name} multiplies {known}, not {name}")
    depth, rate = cube.block_k[name], cube.macs_per_cycle[name]
    cycles = cube.block_m * cube.block_n * depth / rate
    rates = (cube.head_cycles, cycles, cube.idle_head_cycles - cube.head_cycles, rate)
    return Cost((0, 0, -1, 0, cube.block_m, cube.block_n, depth), rates)


def _fractals(path: str, left: bool) -> Rule:
    def rule(machine: Machine, instruction: type[Instruction], values: Values) -> Cost:
        curve, rates = _path(machine, path)
        height = machine.cube.block_m if left else machine.cube.block_n
        return Cost(
            (0, 0, curve, height * FRACTAL_ROW_BYTES, height, FRACTAL_ROW_BYTES // _type(instruction, values).size),
            rates,
        )

    return rule


def _matrix(path: str) -> Rule:
    """A matrix, element by element."""

    def rule(machine: Machine, instruction: type[Instruction], values: Values) -> Cost:
        curve, rates = _path(machine, path)
        return Cost((0, 0, curve, _type(instruction, values).size, 1, 1), rates)

    return rule


def _bytes(path: str) -> Rule:
    def rule(machine: Machine, instruction: type[Instruction], values: Values) -> Cost:
        curve, rates = _path(machine, path)
        return Cost((0, 0, curve), rates)

    return rule


def _elements(path: str) -> Rule:
    """A fixpipe that stays on chip."""

    def rule(machine: Machine, instruction: type[Instruction], values: Values) -> Cost:
        curve, rates = _path(machine, path)
        return Cost((0, 0, curve, _type(instruction, values).size), rates)

    return rule


def _transfer(path: str, write: bool, typed: bool) -> Rule:
    """A copy to (`write`) or from global memory; `typed`: its columns are elements, not bytes."""

    def rule(machine: Machine, instruction: type[Instruction], values: Values) -> Cost:
        curve, rates = _path(machine, path)
        size = _type(instruction, values).size if typed else 1
        atomic = values[instruction.positions["atomic"]] if "atomic" in instruction.positions else 0
        return Cost((int(write), atomic, curve, size), rates)

    return rule


_BURSTS = ("bursts", "burst_bytes")
COSTS: dict[str, Costed] = {
    "mmad": Costed(kinds.mmad, ("m", "n", "k"), _mmad),
    "load_l0a": Costed(kinds.load_fractals, ("m", "k"), _fractals("l1_l0a", True)),
    "load_l0b": Costed(kinds.load_fractals, ("n", "k"), _fractals("l1_l0b", False)),
    "load_bt": Costed(kinds.load_bytes, ("bytes",), _bytes("l1_bt")),
    "fixpipe_l1": Costed(kinds.fixpipe_local, ("m", "n"), _elements("l0c_l1")),
    "fixpipe_ub": Costed(kinds.fixpipe_shared, ("m", "n", "share"), _elements("l0c_ub")),
    "nd2nz_ub_l1": Costed(kinds.load_fractals, ("rows", "cols"), _matrix("ub_l1")),
    "copy_gm_ub": Costed(kinds.copy, ("src", *_BURSTS, "src_stride"), _transfer("gm_ub", False, False)),
    "copy_gm_l1": Costed(kinds.copy, ("src", *_BURSTS, "src_stride"), _transfer("gm_l1", False, False)),
    "copy_ub_gm": Costed(kinds.copy, ("dst", *_BURSTS, "dst_stride"), _transfer("ub_gm", True, False)),
    "copy_l1_gm": Costed(kinds.copy, ("dst", *_BURSTS, "dst_stride"), _transfer("l1_gm", True, False)),
    "nd2nz": Costed(kinds.nd2nz, ("src", "rows", "cols", "src_stride"), _transfer("gm_l1_nd2nz", False, True)),
    "fixpipe": Costed(kinds.fixpipe, ("dst", "m", "n", "dst_stride"), _transfer("l0c_gm", True, True)),
    **{
        name: Costed(kinds.vector, vector_operands(instruction), vector_row)
        for name, instruction in INSTRUCTIONS.items()
        if instruction.queue == "V"
    },
}
"""Mnemonic -> cost, of every instruction that a queue executes and that does more than synchronise."""

SYNC: dict[str, tuple[int, tuple[str, ...]]] = {
    "set_flag": (kinds.set_flag, ("src", "dst", "id")),
    "wait_flag": (kinds.wait_flag, ("src", "dst", "id")),
    "barrier": (kinds.barrier, ("pipe",)),
    "cross_set": (kinds.cross_set, ("id", "mode")),
    "cross_wait": (kinds.cross_wait, ("id", "mode")),
}
"""Synchronisation: mnemonic -> kind and operands."""
