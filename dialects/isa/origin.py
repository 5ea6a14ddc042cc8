"""What the instructions of a program were at the kernel level, for messages: each one's operation, and the buffers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, IntegerAttr, IntegerType, StringAttr, i32
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from dialects.interned import i64_attr, text_attr


class LocalBuffer(NamedTuple):
    """A queue or buffer of the kernel level: ``slots`` pieces of ``bytes`` each, from ``address`` of ``space``.

    Buffers that are never alive together may lie over each other.
    """

    name: str
    space: str
    address: int
    bytes: int
    slots: int

    @property
    def end(self) -> int:
        """The address after the last slot."""
        return self.address + self.bytes * self.slots


@dataclass(frozen=True)
class Origins:
    """``ops`` are operations as text; ``op_of`` is each instruction's position among them, -1 when it came from none.

    An operation names its tensors by their buffers: ``kernel.add(veccalc.1, vecin.0, vecin.0[256])``.
    """

    ops: tuple[str, ...] = ()
    op_of: tuple[int, ...] = ()
    buffers: tuple[LocalBuffer, ...] = ()

    def op(self, index: int) -> str | None:
        """Return the operation that instruction ``index`` came from, or None when it is unknown."""
        position = self.op_of[index] if index < len(self.op_of) else -1
        return self.ops[position] if position >= 0 else None

    def buffers_at(self, index: int, space: str, low: int, high: int) -> list[LocalBuffer]:
        """Return the buffers that hold bytes ``low`` up to ``high`` of ``space`` and that the operation of instruction
        ``index`` names; all that hold them when it names none."""
        named = self.named(index, space) or [one for one in self.buffers if one.space == space]
        return [one for one in named if one.address <= low and high <= one.end]

    def named(self, index: int, space: str) -> list[LocalBuffer]:
        """Return the buffers of ``space`` that the operation of instruction ``index`` works on."""
        words = re.findall(r"[\w.$-]+", self.op(index) or "")
        return [one for one in self.buffers if one.space == space and one.name in words]

    def fault(self, instructions: int) -> str | None:
        """Return what is wrong with the origins of a program of so many instructions, or None."""
        if self.op_of and len(self.op_of) != instructions:
            return f"origins name {len(self.op_of)} instructions, the program has {instructions}"
        if any(not -1 <= position < len(self.ops) for position in self.op_of):
            return f"an origin is not among the {len(self.ops)} operations"
        for one in self.buffers:
            if one.address < 0 or one.bytes < 0 or one.slots < 1:
                return f"buffer {one.name} has no extent"
        return None

    def attribute(self) -> DictionaryAttr:
        """Return the origins as an attribute."""
        buffers = [_attribute(one) for one in self.buffers]
        return DictionaryAttr(
            {
                "ops": ArrayAttr([text_attr(op) for op in self.ops]),
                "op_of": DenseArrayBase.from_list(i32, list(self.op_of)),
                "buffers": ArrayAttr(buffers),
            }
        )


NO_ORIGINS = Origins()


def _attribute(buffer: LocalBuffer) -> DictionaryAttr:
    entries: dict[str, Attribute] = {"name": text_attr(buffer.name), "space": text_attr(buffer.space)}
    numbers = {"address": buffer.address, "bytes": buffer.bytes, "slots": buffer.slots}
    return DictionaryAttr({**entries, **{name: i64_attr(value) for name, value in numbers.items()}})


def origins_of(attribute: DictionaryAttr | None) -> Origins:
    """Return the origins that an attribute holds, none for None; VerifyException when it does not hold them."""
    if attribute is None:
        return NO_ORIGINS
    match attribute.data:
        case {"ops": ArrayAttr() as ops, "op_of": DenseArrayBase() as op_of, "buffers": ArrayAttr() as buffers}:
            if op_of.elt_type != i32:
                raise VerifyException(f"op_of of the origins is an array<i32>, got {op_of.elt_type}")
            positions = cast(DenseArrayBase[IntegerType], op_of).get_values()
            return Origins(tuple(map(_text, ops)), tuple(map(int, positions)), tuple(map(_buffer, buffers)))
        case _:
            raise VerifyException("origins have ops, op_of and buffers")


def _text(attribute: Attribute) -> str:
    if not isinstance(attribute, StringAttr):
        raise VerifyException(f"an operation of the origins is a string, got {attribute}")
    return attribute.data


def _buffer(attribute: Attribute) -> LocalBuffer:
    entries: Mapping[str, Attribute] = attribute.data if isinstance(attribute, DictionaryAttr) else {}
    match entries:
        case {
            "name": StringAttr() as name,
            "space": StringAttr() as space,
            "address": IntegerAttr() as address,
            "bytes": IntegerAttr() as size,
            "slots": IntegerAttr() as slots,
        }:
            return LocalBuffer(name.data, space.data, address.value.data, size.value.data, slots.value.data)
        case _:
            raise VerifyException(f"a buffer has name, space, address, bytes and slots, got {attribute}")
