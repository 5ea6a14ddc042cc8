"""Costs of copies between a core and global memory, as one core alone with everything in L2 would see them."""

from __future__ import annotations

from functools import cache

from dialects.dtypes import DType
from dialects.isa.instruction import Instruction
from runtime.machine.description import DataPath, Machine
from runtime.timing.cost import Fields, Transfer, TransferCost, TransferRule
from runtime.timing.cube_costs import FIXPIPE_ELEMENTS_PER_CYCLE, path_cycles


def _copy(path_name: str, gm: str, stride: str) -> TransferRule:
    """A copy of bursts; `gm` and `stride` name the fields on the side of global memory."""

    def rule(machine: Machine, instruction: type[Instruction]) -> TransferCost:
        at = instruction.positions
        gm_at, bursts_at, bytes_at, stride_at = at[gm], at["bursts"], at["burst_bytes"], at[stride]
        path, write = machine.paths[path_name], gm == "dst"

        @cache
        def cycles(bursts: int, burst_bytes: int) -> float:
            return max(path_cycles(machine, path, bursts * burst_bytes), bursts * path.row_cycles)

        def cost(fields: Fields) -> Transfer:
            bursts, burst_bytes = fields[bursts_at], fields[bytes_at]
            time = cycles(bursts, burst_bytes)
            return Transfer(time, fields[gm_at], bursts, burst_bytes, fields[stride_at], write)

        return cost

    return rule


def _nd2nz(machine: Machine, instruction: type[Instruction]) -> TransferCost:
    at = instruction.positions
    src_at, rows_at, cols_at, stride_at, type_at = at["src"], at["rows"], at["cols"], at["src_stride"], at["type"]
    path = machine.paths["gm_l1_nd2nz"]

    @cache
    def cycles(rows: int, row_bytes: int) -> float:
        return max(path_cycles(machine, path, rows * row_bytes), rows * path.row_cycles)

    def cost(fields: Fields) -> Transfer:
        rows, row_bytes = fields[rows_at], fields[cols_at] * DType(fields[type_at]).size
        return Transfer(cycles(rows, row_bytes), fields[src_at], rows, row_bytes, fields[stride_at], False)

    return cost


def _fixpipe_cycles(path: DataPath, rows: int, columns: int, size: int, aligned: bool) -> float:
    row = path.row_cycles if aligned else path.row_cycles + path.misaligned_row_cycles
    elements = rows * columns
    return path.head_cycles + max(
        elements * size / path.bytes_per_cycle, elements / FIXPIPE_ELEMENTS_PER_CYCLE, rows * row
    )


def _fixpipe(machine: Machine, instruction: type[Instruction]) -> TransferCost:
    at = instruction.positions
    dst_at, m_at, n_at, stride_at, type_at = at["dst"], at["m"], at["n"], at["dst_stride"], at["type"]
    path = machine.paths["l0c_gm"]

    def cost(fields: Fields) -> Transfer:
        address, rows, columns, stride = fields[dst_at], fields[m_at], fields[n_at], fields[stride_at]
        size = DType(fields[type_at]).size
        time = _fixpipe_cycles(path, rows, columns, size, (address | stride) % 32 == 0)
        return Transfer(time, address, rows, columns * size, stride, True)

    return cost


TRANSFER_COSTS: dict[str, TransferRule] = {
    "copy_gm_ub": _copy("gm_ub", "src", "src_stride"),
    "copy_gm_l1": _copy("gm_l1", "src", "src_stride"),
    "nd2nz": _nd2nz,
    "copy_ub_gm": _copy("ub_gm", "dst", "dst_stride"),
    "copy_l1_gm": _copy("l1_gm", "dst", "dst_stride"),
    "fixpipe": _fixpipe,
}
