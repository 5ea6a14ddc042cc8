"""Types of the kernel level, and what a position, a pipe and a core mean on this chip.

A position is AscendC's logical place of a tensor; it fixes the memory (and so the core) that holds it. Sizes are a
matter of the machine description, not of the dialect.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition


@irdl_attr_definition
class GlobalType(ParametrizedAttribute, TypeAttribute):
    """A tensor in global memory with elements of a builtin type: AscendC's GlobalTensor. Addressed in bytes."""

    name: ClassVar[str] = "kernel.global"

    element_type: Attribute


@irdl_attr_definition
class LocalType(ParametrizedAttribute, TypeAttribute):
    """A tensor in a core's own memory: AscendC's LocalTensor. Its queue or buffer says which memory."""

    name: ClassVar[str] = "kernel.local"


@irdl_attr_definition
class QueueType(ParametrizedAttribute, TypeAttribute):
    """A ring of equal slots in one local memory, filled by one pipe and read by others: AscendC's TQue."""

    name: ClassVar[str] = "kernel.queue"


LOCAL = LocalType()
QUEUE = QueueType()

SPACES: dict[str, str] = {
    "vecin": "ub",
    "vecout": "ub",
    "veccalc": "ub",
    "a1": "l1",
    "b1": "l1",
    "c1": "l1",
    "a2": "l0a",
    "b2": "l0b",
    "co1": "l0c",
    "c2": "bt",
}
"""Position -> the memory that holds it."""

ALIGNMENT: dict[str, int] = {"ub": 32, "l1": 32, "l0a": 512, "l0b": 512, "l0c": 64, "bt": 64}
"""Memory -> alignment of a tensor in it, in bytes (facts of the AscendC manual's appendix)."""

CORE_OF_SPACE: dict[str, str] = {
    "ub": "vector",
    "l1": "cube",
    "l0a": "cube",
    "l0b": "cube",
    "l0c": "cube",
    "bt": "cube",
}
"""Memory -> the kind of core that owns it."""

PIPES: dict[str, tuple[str, ...]] = {
    "cube": ("S", "M", "MTE1", "MTE2", "MTE3", "FIX"),
    "vector": ("S", "V", "MTE2", "MTE3"),
}
"""Core -> its instruction queues."""

CORES_OF_KIND: dict[str, tuple[str, ...]] = {"cube": ("cube",), "vector": ("vector",), "mix": ("cube", "vector")}
"""Kernel kind -> the cores it has a program for."""
