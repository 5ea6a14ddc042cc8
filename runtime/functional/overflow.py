"""Finds the first instruction that makes an infinity of finite numbers: where a float format was too small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dialects.dtypes import DType
from runtime.decoding import CoreProgram, Decoded
from runtime.functional.operation import Fields, Operation
from runtime.functional.vector.addressing import scalar
from runtime.memory.access import Access, Bits, Numbers
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import Space

ELEMENTWISE = frozenset(
    ("vadd", "vsub", "vmul", "vdiv", "vmadd", "vadds", "vmuls", "vaxpy", "vlrelu", "vexp", "vrec", "vrsqrt", "vcast")
)
"""Vector instructions whose results can exceed their format, each element on its own."""

COMBINING = frozenset(("vcadd", "vcgadd", "mmad", "fixpipe", "fixpipe_l1", "fixpipe_ub", "copy_ub_gm"))
"""Others whose results can: sums, products, conversions on the way out of L0C, sums in GM."""

DIVIDING = frozenset(("vdiv", "vrec", "vrsqrt"))
"""Instructions whose last source divides: where it is zero the infinity is exact."""


@dataclass(frozen=True)
class Overflow:
    """A result that its format has no finite number for, though what it was computed from is finite.

    ``operands`` are the numbers that made it, where there is one an operand; ``result`` is "inf" or "-inf"; ``count``
    is how many results of the instruction overflowed. ``tensor`` names where it was written, ``op`` the operation of
    the kernel level and ``source`` the line of the model, None where they are unknown.
    """

    dtype: str
    operands: tuple[float, ...]
    result: str
    count: int
    tensor: str
    kernel: str
    core: str
    instruction: int
    text: str
    op: str | None
    source: str | None

    def json(self) -> dict[str, Any]:
        """Return the fields for the ``run`` report."""
        return {**self.__dict__, "operands": list(self.operands)}

    def __str__(self) -> str:
        """The report in words."""
        numbers = " and ".join(f"{value:g}" for value in self.operands)
        made = f"{numbers} gave {self.result}" if numbers else f"finite numbers gave {self.result}"
        more = f" ({self.count} results of this instruction)" if self.count > 1 else ""
        origin = ", ".join(filter(None, (self.op, self.source))) or "unknown"
        return (
            f"{made} in {self.dtype}{more}\n"
            f"   written to {self.tensor} by `{self.text}`\n"
            f"   kernel '{self.kernel}' ({self.core} core), instruction {self.instruction}, from {origin}"
        )


class OverflowWatch:
    """Watches instructions until one overflows; ``first`` is that one, in the order in which the simulator runs."""

    def __init__(self) -> None:
        """Start with none."""
        self.first: Overflow | None = None

    def watched(
        self, program: CoreProgram, index: int, spaces: Mapping[str, Space], fields: Fields, operation: Operation
    ) -> Operation:
        """Return ``operation`` of instruction ``index``, such that running it looks for an overflow."""
        checked = _checked(program.instructions[index], spaces, fields, operation)
        if checked is None:
            return operation
        run = operation.run

        def look() -> None:
            before = None if self.first is not None else [view.copy() for view in checked.sources]
            run()
            if before is not None:
                found = checked.found(before)
                if found is not None:
                    self.first = _described(program, index, spaces, *found)

        operation.run = look
        return operation


@dataclass(frozen=True)
class _Checked:
    """An instruction's sources and targets as numbers; ``aligned``: as many sources, alike in shape, a target."""

    sources: list[Numbers]
    targets: list[tuple[Access, Numbers]]
    aligned: bool
    divides: bool
    dtype: DType

    def found(self, before: Sequence[Numbers]) -> tuple[DType, Access, tuple[float, ...], float, int] | None:
        """Return type, target, operands, result and number of what overflowed, given the sources before."""
        share = len(before) // len(self.targets) if self.aligned else 0
        for number, (access, target) in enumerate(self.targets):
            hits = np.isinf(target)
            if not hits.any():
                continue
            mine = before[number * share : (number + 1) * share]
            hits &= self._finite(mine) if self.aligned else all(bool(np.isfinite(one).all()) for one in before)
            if hits.any():
                place = tuple(int(axis[0]) for axis in np.nonzero(hits))
                operands = tuple(float(one[place]) for one in mine)
                return self.dtype, access, operands, float(target[place]), int(np.count_nonzero(hits))
        return None

    def _finite(self, operands: Sequence[Numbers]) -> Bits:
        """Where operands are finite, and do not divide by zero."""
        finite = np.logical_and.reduce([np.isfinite(one) for one in operands])
        return finite & (operands[-1] != 0) if self.divides else finite


def _checked(decoded: Decoded, spaces: Mapping[str, Space], fields: Fields, operation: Operation) -> _Checked | None:
    """Return what to look at, or None for an instruction that cannot overflow."""
    name = decoded.mnemonic
    values = {field.name: value for field, value in zip(decoded.instruction.fields, fields, strict=True)}
    if name not in ELEMENTWISE | COMBINING or not operation.reads or not operation.writes:
        return None
    code = values.get("dst_type", values["acc"] if name == "mmad" else values.get("type"))
    assert code is not None
    dtype = DType(code)
    if not dtype.is_float or ("scalar" in values and not np.isfinite(scalar(values["scalar"], dtype))):
        return None

    def view(access: Access, write: bool) -> Numbers:
        kind = dtype
        if not write:
            held = "acc" if access.space in ("l0c", "bt") else "src_type" if "src_type" in values else "type"
            kind = DType(values[held])
        return spaces[access.space].view(access, kind.numpy, write)

    sources = [view(access, False) for access in operation.reads]
    targets = [(access, view(access, True)) for access in operation.writes]
    share, rest = divmod(len(sources), len(targets))
    groups = [sources[i * share : (i + 1) * share] for i in range(len(targets))]
    alike = all(one.shape == target.shape for group, (_, target) in zip(groups, targets, strict=True) for one in group)
    aligned = rest == 0 and alike and not operation.atomic and name not in ("mmad", "vcadd", "vcgadd")
    return _Checked(sources, targets, aligned, name in DIVIDING, dtype)


def _described(
    program: CoreProgram,
    index: int,
    spaces: Mapping[str, Space],
    dtype: DType,
    access: Access,
    operands: tuple[float, ...],
    result: float,
    count: int,
) -> Overflow:
    return Overflow(
        dtype.name,
        operands,
        "inf" if result > 0 else "-inf",
        count,
        _tensor(program, index, spaces, access),
        program.kernel,
        program.core,
        index,
        program.instructions[index].text(),
        program.origins.op(index),
        program.source(index),
    )


def _tensor(program: CoreProgram, index: int, spaces: Mapping[str, Space], access: Access) -> str:
    """Name the buffer that an instruction writes."""
    memory = spaces[access.space]
    if isinstance(memory, GlobalMemory):
        return f"'{memory.find(access).name}' in gm"
    named = program.origins.buffers_at(index, access.space, *access.extent())
    return f"{' or '.join(one.name for one in named)} in {access.space}" if named else access.space
