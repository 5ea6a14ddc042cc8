"""The kernels of a module, each distinct body made once."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr, SymbolRefAttr
from xdsl.ir import Block, Region, SSAValue

from dialects.tile.structure import KernelOp


class DistinctKernels:
    """The kernels made so far, each distinct body once."""

    def __init__(self) -> None:
        """Start with none."""
        self.made: list[KernelOp] = []
        self._known: dict[tuple[object, ...], SymbolRefAttr] = {}

    def intern(self, block: Block, title: str) -> SymbolRefAttr:
        """Return the symbol of a kernel with this body, making it if no equal one exists."""
        numbers: dict[SSAValue, int] = {argument: i for i, argument in enumerate(block.args)}
        key: list[object] = [tuple(argument.type for argument in block.args)]
        _describe(block, numbers, key)
        known = self._known.get(tuple(key))
        if known is None:
            name = f"{title}_{len(self.made)}"
            known = SymbolRefAttr(name)
            self._known[tuple(key)] = known
            self.made.append(
                KernelOp.create(
                    properties={"sym_name": StringAttr(name)},
                    regions=[Region(block)],
                    location=block.first_op.location if block.first_op else None,
                )
            )
        return known


def _describe(block: Block, numbers: dict[SSAValue, int], key: list[object]) -> None:
    """Append what distinguishes the ops of a block, values named by the order in which they are made."""
    for op in block.ops:
        operands = tuple(numbers[value] for value in op.operands)
        key.append((op.name, tuple(op.properties.items()), operands, tuple(op.result_types)))
        for region in op.regions:
            for argument in region.block.args:
                numbers[argument] = len(numbers)
            _describe(region.block, numbers, key)
        for result in op.results:
            numbers[result] = len(numbers)
