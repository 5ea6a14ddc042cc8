"""Costs of the cube core's own instructions: mmad, and the copies between L1, L0A, L0B, L0C and the bias table."""

from __future__ import annotations

from dialects.dtypes import DType
from dialects.isa.fields import MmadMode
from dialects.isa.instruction import Instruction
from runtime.machine.description import DataPath, Machine
from runtime.timing.cost import Fields, Work, WorkCost, WorkRule

FIXPIPE_ELEMENTS_PER_CYCLE = 64
"""Elements that FIX converts in a cycle (AscendC manual)."""


def path_cycles(machine: Machine, path: DataPath, size: int) -> float:
    """Cycles that `size` bytes take on a path of an otherwise idle core."""
    return machine.curves[path.curve].at(size) if path.curve else path.head_cycles + size / path.bytes_per_cycle


def _mmad(machine: Machine, instruction: type[Instruction]) -> WorkCost:
    at = instruction.positions
    m_at, n_at, k_at, type_at, mode_at = at["m"], at["n"], at["k"], at["type"], at["mode"]
    cube = machine.cube

    def cost(fields: Fields) -> Work:
        m, n, k = fields[m_at], fields[n_at], fields[k_at]
        name = "hf32" if fields[mode_at] == MmadMode.hf32 else DType(fields[type_at]).name
        block_k, rate = cube.block_k[name], cube.macs_per_cycle[name]
        blocks = -(-m // cube.block_m) * -(-n // cube.block_n) * -(-k // block_k)
        cycles = cube.head_cycles + blocks * (cube.block_m * cube.block_n * block_k / rate)
        return Work(cycles, cycles, cube.idle_head_cycles - cube.head_cycles, m * n * k, m * n * k / rate)

    return cost


def _load(path_name: str, rows_name: str) -> WorkRule:
    def rule(machine: Machine, instruction: type[Instruction]) -> WorkCost:
        at = instruction.positions
        rows_at, k_at, type_at = at[rows_name], at["k"], at["type"]
        path = machine.paths[path_name]
        height = machine.cube.block_m if rows_name == "m" else machine.cube.block_n

        def cost(fields: Fields) -> Work:
            size = DType(fields[type_at]).size
            fractals = -(-fields[rows_at] // height) * -(-fields[k_at] // (32 // size))
            cycles = path_cycles(machine, path, height * 32 * fractals)
            return Work(cycles, cycles)

        return cost

    return rule


def _load_bt(machine: Machine, instruction: type[Instruction]) -> WorkCost:
    bytes_at, path = instruction.positions["bytes"], machine.paths["l1_bt"]

    def cost(fields: Fields) -> Work:
        cycles = path_cycles(machine, path, fields[bytes_at])
        return Work(cycles, cycles)

    return cost


def _fixpipe_l1(machine: Machine, instruction: type[Instruction]) -> WorkCost:
    at = instruction.positions
    m_at, n_at, type_at = at["m"], at["n"], at["type"]
    path = machine.paths["l0c_l1"]

    def cost(fields: Fields) -> Work:
        elements = fields[m_at] * fields[n_at]
        moved = elements * DType(fields[type_at]).size / path.bytes_per_cycle
        cycles = path.head_cycles + max(moved, elements / FIXPIPE_ELEMENTS_PER_CYCLE)
        return Work(cycles, cycles)

    return cost


CUBE_COSTS: dict[str, WorkRule] = {
    "mmad": _mmad,
    "load_l0a": _load("l1_l0a", "m"),
    "load_l0b": _load("l1_l0b", "n"),
    "load_bt": _load_bt,
    "fixpipe_l1": _fixpipe_l1,
}
