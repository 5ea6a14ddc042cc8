"""Arguments, tensor descriptions and sizes: from the schema's JSON to the values that records hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from compiler.frontend import json_fields as fields
from compiler.frontend.json_fields import MalformedError
from compiler.frontend.program import Ref, TensorMeta, Value
from compiler.frontend.torch_types import ELEMENT_TYPES, LAYOUTS, MEMORY_FORMATS, STRIDED, ElementType
from dialects.aten import Device, TorchName

Resolve = Callable[[str], str]
"""Maps a tensor's name in a (sub)graph to its name in the program; raises ``MalformedError`` when there is none."""

_T = TypeVar("_T")
_SYMBOL = re.compile(r"Symbol\('(\w+)'")
_MAX_RANK = 64


class UnsupportedError(Exception):
    """The program is well formed but holds what the compiler cannot express yet."""


def read_argument(argument: object, resolve: Resolve) -> Value:
    """Return the value of an ``Argument`` of the schema."""
    kind, value = fields.as_union(argument)
    if kind == "as_tensor":
        return _reference(value, resolve)
    if kind in ("as_tensors", "as_optional_tensors"):
        return tuple(_optional(item, resolve) for item in fields.as_list(value))
    if kind == "as_optional_tensor":
        return _optional(value, resolve)
    if kind == "as_nested_tensors":
        return tuple(
            tuple(_reference(item, resolve) for item in fields.as_list(inner)) for inner in fields.as_list(value)
        )
    reader = _READERS.get(kind)
    if reader is None:
        raise UnsupportedError(f"an argument of kind '{kind.removeprefix('as_')}' is not supported yet")
    return reader(value)


def read_meta(meta: object) -> TensorMeta:
    """Return a ``TensorMeta`` of the schema."""
    layout = fields.as_int(fields.field(meta, "layout"))
    if layout != STRIDED:
        raise UnsupportedError(f"tensors of layout {LAYOUTS.get(layout, layout)} are not supported")
    shape = tuple(_size(item) for item in fields.as_list(fields.field(meta, "sizes")))
    strides = tuple(_size(item) for item in fields.as_list(fields.field(meta, "strides")))
    if len(shape) != len(strides) or len(shape) > _MAX_RANK:
        raise MalformedError(f"{len(shape)} sizes with {len(strides)} strides")
    element = read_element(fields.field(meta, "dtype"))
    return TensorMeta(element, shape, strides, _size(fields.field(meta, "storage_offset")))


def read_element(value: object) -> ElementType:
    """Return the element type of a ``ScalarType`` of the schema."""
    return _named(ELEMENT_TYPES, value, "element type")


def symbols_of(size: object) -> tuple[str, ...]:
    """Return the symbols in a ``SymInt`` of the schema, in order; none when it is a plain integer."""
    kind, value = fields.as_union(size)
    if kind == "as_int":
        return ()
    expression = fields.as_text(fields.field(value, "expr_str"))
    return tuple(dict.fromkeys(_SYMBOL.findall(expression))) or (expression,)


def _size(value: object) -> int:
    kind, number = fields.as_union(value)
    if kind != "as_int":
        symbols = ", ".join(symbols_of(value))
        raise UnsupportedError(f"the size {symbols} is known only when the program runs: not supported yet")
    size = fields.as_int(number)
    if not 0 <= size < 2**63:
        raise MalformedError(f"{size} is not a size")
    return size


def _reference(value: object, resolve: Resolve) -> Ref:
    return Ref(resolve(fields.as_text(fields.field(value, "name"))))


def _optional(value: object, resolve: Resolve) -> Ref | None:
    mapping = fields.as_object(value)
    if "name" in mapping:
        return _reference(mapping, resolve)
    kind, inner = fields.as_union(mapping)
    return None if kind == "as_none" else _reference(inner, resolve)


def _symbolic(value: object) -> int | float | bool:
    kind, inner = fields.as_union(value)
    if kind == "as_name":
        raise UnsupportedError(
            f"the value {fields.as_text(inner)} is known only when the program runs: not supported yet"
        )
    if not isinstance(inner, int | float):
        raise MalformedError(f"a number was expected, found '{kind}'")
    return inner


def _named(table: dict[int, _T], value: object, what: str) -> _T:
    code = fields.as_int(value)
    if code not in table:
        raise MalformedError(f"unknown {what} {code}")
    return table[code]


def _device(value: object) -> Device:
    name, index = fields.as_text(fields.field(value, "type")), fields.field(value, "index")
    return Device(name if index is None else f"{name}:{fields.as_int(index)}")


def _complex(value: object) -> complex:
    return complex(fields.as_float(fields.field(value, "real")), fields.as_float(fields.field(value, "imag")))


def _list_of(reader: Callable[[object], Value]) -> Callable[[object], Value]:
    def read(value: object) -> Value:
        return tuple(reader(item) for item in fields.as_list(value))

    return read


def _none(value: object) -> Value:
    return None


_READERS: dict[str, Callable[[object], Value]] = {
    "as_none": _none,
    "as_int": fields.as_int,
    "as_ints": _list_of(fields.as_int),
    "as_int_lists": _list_of(_list_of(fields.as_int)),
    "as_float": fields.as_float,
    "as_floats": _list_of(fields.as_float),
    "as_float_lists": _list_of(_list_of(fields.as_float)),
    "as_bool": fields.as_bool,
    "as_bools": _list_of(fields.as_bool),
    "as_string": fields.as_text,
    "as_strings": _list_of(fields.as_text),
    "as_complex": _complex,
    "as_sym_int": _symbolic,
    "as_sym_ints": _list_of(_symbolic),
    "as_sym_float": _symbolic,
    "as_sym_floats": _list_of(_symbolic),
    "as_sym_bool": _symbolic,
    "as_sym_bools": _list_of(_symbolic),
    "as_scalar_type": lambda value: TorchName(read_element(value).torch_name),
    "as_layout": lambda value: TorchName(_named(LAYOUTS, value, "layout")),
    "as_memory_format": lambda value: TorchName(_named(MEMORY_FORMATS, value, "memory format")),
    "as_device": _device,
}
