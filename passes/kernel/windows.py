"""What the window values of a tile program stand for at the kernel level."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.ir import SSAValue

from dialects.kernel.structure import SliceOp
from passes.scope import Index, Scope


@dataclass(frozen=True)
class Window:
    """A window of GM: tensor, byte offset, strides in elements; or a part of a tile in L1: tile and byte offset."""

    tensor: SSAValue
    offset: Index
    strides: tuple[int, int] = (0, 0)

    def tensor_in(self, scope: Scope) -> SSAValue:
        """Return the tensor that starts at the window's first element."""
        if self.offset == 0:
            return self.tensor
        return scope.add(SliceOp.make(self.tensor, self.offset)).results[0]


@dataclass
class Windows:
    """What each window value of a program stands for."""

    tensors: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    known: dict[SSAValue, Window] = field(default_factory=dict[SSAValue, Window])
