"""Where a tensor of the kernel level lives and which core an op stands on, followed through the IR."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.utils.exceptions import VerifyException

from dialects.kernel.types import CORES_OF_KIND, SPACES, GlobalType, LocalType


def origin(value: SSAValue) -> Operation | None:
    """The queue or buffer a local tensor lives in (through slices, alloc and deque); None when it cannot be told."""
    while isinstance(value, OpResult):
        op = value.op
        match op.name:
            case "kernel.slice" | "kernel.alloc_tensor" | "kernel.deque":
                value = op.operands[0]
            case "kernel.init_queue" | "kernel.init_buffer":
                return op
            case _:
                return None
    return None


def space_of(value: SSAValue) -> str | None:
    """The memory a tensor lives in: ``gm``, a local memory, or None when it cannot be told."""
    if isinstance(value.type, GlobalType):
        return "gm"
    source = origin(value)
    if source is None:
        return None
    position = source.properties.get("position")
    return SPACES.get(position.data) if isinstance(position, StringAttr) else None


def core_of(op: Operation) -> str | None:
    """The core of the program around an op; None outside a program."""
    parent = op.parent_op()
    while parent is not None:
        if parent.name == "kernel.program":
            core = parent.properties.get("core")
            return core.data if isinstance(core, StringAttr) else None
        parent = parent.parent_op()
    return None


def check_space(field: str, space: str | None, value: SSAValue) -> None:
    """Raise VerifyException unless ``value`` may be the address ``field`` in memory ``space``."""
    if (space == "gm") != isinstance(value.type, GlobalType):
        expected = "a global tensor" if space == "gm" else "a local tensor"
        raise VerifyException(f"'{field}' must be {expected}, got {value.type}")
    actual = space_of(value)
    if isinstance(value.type, LocalType) and actual is not None and actual != space:
        raise VerifyException(
            f"'{field}' must be in {space}, the tensor is in {actual}: the chip has no such data path"
        )


def check_core(op: Operation, core: str) -> None:
    """Raise VerifyException unless an instruction of ``core`` (``any``: of both) may stand where ``op`` does."""
    actual = core_of(op)
    if core in CORES_OF_KIND["mix"] and actual is not None and actual != core:
        raise VerifyException(f"belongs to the {core} core, but stands in a {actual} program")
