"""The base class of every pass: options are dataclass fields, faults of the input carry the op's source line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from dialects.errors import SfumatoError


@dataclass(frozen=True)
class SfumatoPass(ModulePass):
    """A pass over a module. Subclasses are frozen dataclasses that set ``name`` and define ``apply``."""

    def fail(self, op: Operation, message: str) -> NoReturn:
        """Raise a fault of the input at ``op``'s source line, naming this pass."""
        raise SfumatoError(f"{message} [in pass {self.name}]", op.location)


def target_of(module: ModuleOp) -> str:
    """Return the machine description's name that the module is compiled for."""
    target = module.attributes.get("sfumato.target")
    return target.data if isinstance(target, StringAttr) else "ascend910b3"
