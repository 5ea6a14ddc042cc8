"""Building index arithmetic: integers known while compiling stay Python ints, the rest becomes arith ops."""

from __future__ import annotations

from typing import TypeVar

from xdsl.dialects import arith
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Block, Operation, SSAValue

from dialects.interned import INDEX, index_attr

Index = int | SSAValue
OperationT = TypeVar("OperationT", bound=Operation)


class Scope:
    """A block under construction, its constants, and the scope around it.

    A nested block is built detached and added when complete, so that what is hoisted lands in front of it.
    """

    def __init__(self, block: Block, parent: Scope | None = None, location: LocationAttr | None = None) -> None:
        """Build at the end of ``block``; every op added gets ``location`` unless it has one."""
        self.block = block
        self.parent = parent
        self.location: LocationAttr | None = location if location is not None or parent is None else parent.location
        self._constants: dict[int, SSAValue] = {}

    def add(self, op: OperationT) -> OperationT:
        """Append ``op`` with the scope's source location."""
        if self.location is not None:
            op.location = self.location
        self.block.add_op(op)
        return op

    def value(self, index: Index) -> SSAValue:
        """Return ``index`` as an SSA value."""
        if not isinstance(index, int):
            return index
        scope: Scope | None = self
        while scope is not None:
            if index in scope._constants:
                return scope._constants[index]
            scope = scope.parent
        op = arith.ConstantOp.create(properties={"value": index_attr(index)}, result_types=[INDEX])
        self._constants[index] = op.results[0]
        self.add(op)
        return op.results[0]

    def _binary(self, kind: type[Operation], a: Index, b: Index) -> SSAValue:
        op = kind.create(operands=[self.value(a), self.value(b)], result_types=[INDEX])
        return self.add(op).results[0]

    def sum(self, a: Index, b: Index) -> Index:
        """Return ``a + b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0:
            return b
        return a if b == 0 else self._binary(arith.AddiOp, a, b)

    def difference(self, a: Index, b: Index) -> Index:
        """Return ``a - b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self._binary(arith.SubiOp, a, b)

    def product(self, a: Index, b: Index) -> Index:
        """Return ``a * b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if a == 0 or b == 0:
            return 0
        if a == 1:
            return b
        return a if b == 1 else self._binary(arith.MuliOp, a, b)

    def quotient(self, a: Index, b: int) -> Index:
        """Return ``a // b`` for a not negative."""
        if isinstance(a, int):
            return a // b
        return a if b == 1 else self._binary(arith.DivUIOp, a, b)

    def remainder(self, a: Index, b: int) -> Index:
        """Return ``a % b`` for a not negative."""
        if isinstance(a, int):
            return a % b
        return 0 if b == 1 else self._binary(arith.RemUIOp, a, b)

    def smaller(self, a: Index, b: Index) -> Index:
        """Return ``min(a, b)``."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self._binary(arith.MinSIOp, a, b)

    def larger(self, a: Index, b: Index) -> Index:
        """Return ``max(a, b)``."""
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self._binary(arith.MaxSIOp, a, b)
