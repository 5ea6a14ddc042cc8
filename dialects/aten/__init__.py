"""The `aten` dialect: one op, a node of the exported program, with the arguments as torch wrote them."""

from __future__ import annotations

from xdsl.ir import Dialect

from dialects.aten.arguments import Argument, ArgumentsAttr, Device, Operand, TorchName
from dialects.aten.call import CallOp

__all__ = ["Argument", "ArgumentsAttr", "Aten", "CallOp", "Device", "Operand", "TorchName"]

Aten = Dialect("aten", [CallOp], [ArgumentsAttr])
