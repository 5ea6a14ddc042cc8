"""How k is cut into chunks: what of a product's operands lies in L1 and in L0 at a time."""

from __future__ import annotations

from xdsl.ir import Operation

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.graph.types import element_of
from dialects.isa.mte import BLOCK
from passes.analysis.rounding import round_up
from runtime.machine.description import Machine


def multiplied(op: Operation, machine: Machine) -> DType:
    """Return the type that a product multiplies, which the machine's cube unit must have."""
    dtype = DType.of(element_of(op.operands[0]))
    rates = machine.cube.macs_per_cycle
    if dtype.name not in rates:
        raise SfumatoError(
            f"the cube unit of {machine.name} multiplies {', '.join(rates)}, not {dtype.name}", op.location
        )
    return dtype


def k_step(dtype: DType, machine: Machine) -> int:
    """Return what k is cut to multiples of: whole fractals either way round, and whole blocks of the cube unit."""
    return max(machine.cube.fractal_rows, BLOCK // dtype.size, machine.cube.block_k[dtype.name])


def l0_chunk(rows: int, cols: int, k: int, dtype: DType, machine: Machine, products: int = 1, slots: int = 2) -> int:
    """Return the chunk of k whose operand tiles fit a product's share of L0A and L0B ``slots`` times, a multiple of a
    step, or 0."""
    copies = slots * products * dtype.size
    fits = min(machine.l0a_bytes // (copies * rows), machine.l0b_bytes // (copies * cols))
    step = k_step(dtype, machine)
    return equal_parts(k, min(fits // step * step, 512), step)


def l1_chunk(rows: int, cols: int, k: int, k_l0: int, dtype: DType, machine: Machine, products: int = 1) -> int:
    """Return the chunk of k, a multiple of the L0 chunk, whose operands fit a product's share of L1 twice, or 0."""
    if not k_l0:
        return 0
    # An operand that lies transposed is padded to whole blocks along its rows or columns.
    block = max(machine.cube.fractal_rows, BLOCK // dtype.size)
    lines = round_up(rows, block) + round_up(cols, block)
    fits = machine.l1_bytes // products // (2 * lines * dtype.size) // k_l0 * k_l0
    return equal_parts(k, min(fits, max(k_l0, 1024 // k_l0 * k_l0)), k_l0)


def equal_parts(extent: int, most: int, step: int) -> int:
    """Return the size of the parts, multiples of ``step``, when an extent is cut into as few as ``most`` allows."""
    if most < step:
        return 0
    parts = -(-extent // most)
    return round_up(-(-extent // parts), step)
