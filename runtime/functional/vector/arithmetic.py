"""Elementwise vector arithmetic. f16 results are rounded once from f32 or wider; integers wrap around."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dialects.dtypes import DType
from runtime.functional.operation import Fields, Handler, Operation, Spaces
from runtime.functional.vector.addressing import Operand, elementwise, scalar
from runtime.memory.access import Numbers

Function = Callable[..., Any]
"""Takes the sources and, last, the array to write."""


def _exp(x: Numbers, out: Numbers) -> None:
    out[...] = np.exp(x.astype(np.float64))


def _ln(x: Numbers, out: Numbers) -> None:
    out[...] = np.log(x.astype(np.float64))


def _rsqrt(x: Numbers, out: Numbers) -> None:
    out[...] = 1.0 / np.sqrt(x.astype(np.float64))


def _reciprocal(x: Numbers, out: Numbers) -> None:
    np.divide(x.dtype.type(1), x, out)


def _relu(x: Numbers, out: Numbers) -> None:
    np.maximum(x, x.dtype.type(0), out=out)


def _maximum(a: Numbers, b: Numbers, out: Numbers) -> None:
    np.maximum(a, b, out=out)


def _minimum(a: Numbers, b: Numbers, out: Numbers) -> None:
    np.minimum(a, b, out=out)


def _multiply_add(a: Numbers, b: Numbers, out: Numbers) -> None:
    np.add(np.multiply(a, b), out, out)


def _axpy(x: Numbers, out: Numbers, factor: Numbers) -> None:
    np.add(np.multiply(x, factor), out, out)


def _leaky_relu(x: Numbers, out: Numbers, slope: Numbers) -> None:
    out[...] = np.where(x > 0, x, x * slope)


def _second(function: Function) -> Function:
    """Turn f(x, scalar, out) into a function of (x, out, scalar), so that the scalar can be bound by name order."""

    def call(x: Numbers, out: Numbers, value: Numbers) -> None:
        function(x, value, out)

    return call


def _shift_left(x: Numbers, out: Numbers, distance: Numbers) -> None:
    bits = 8 * x.dtype.itemsize
    if int(distance) >= bits:
        out[...] = 0
    else:
        np.left_shift(x, distance, out)


def _shift_right(x: Numbers, out: Numbers, distance: Numbers) -> None:
    bits = 8 * x.dtype.itemsize
    if int(distance) >= bits and x.dtype.kind == "u":
        out[...] = 0
    else:
        np.right_shift(x, x.dtype.type(min(int(distance), bits - 1)), out)


UNARY: dict[str, Function] = {
    "vexp": _exp,
    "vln": _ln,
    "vabs": np.abs,
    "vsqrt": np.sqrt,
    "vrsqrt": _rsqrt,
    "vrec": _reciprocal,
    "vrelu": _relu,
    "vnot": np.bitwise_not,
}

BINARY: dict[str, Function] = {
    "vadd": np.add,
    "vsub": np.subtract,
    "vmul": np.multiply,
    "vdiv": np.divide,
    "vmax": _maximum,
    "vmin": _minimum,
    "vand": np.bitwise_and,
    "vor": np.bitwise_or,
    "vmadd": _multiply_add,
}

SCALAR: dict[str, Function] = {
    "vadds": _second(np.add),
    "vmuls": _second(np.multiply),
    "vmaxs": _second(_maximum),
    "vmins": _second(_minimum),
    "vshl": _shift_left,
    "vshr": _shift_right,
    "vlrelu": _leaky_relu,
    "vaxpy": _axpy,
}

UPDATING = frozenset({"vmadd", "vaxpy"})
"""Instructions that also read their destination."""


def _unary(name: str) -> Handler:
    function = UNARY[name]

    def bind(spaces: Spaces, fields: Fields) -> Operation:
        dst, src, count, mask, dst_blk, src_blk, dst_rep, src_rep, code = fields
        dtype = DType(code)
        source = Operand(src, dtype, src_blk, src_rep)
        return elementwise(spaces, function, Operand(dst, dtype, dst_blk, dst_rep), (source,), count, mask)

    return bind


def _binary(name: str) -> Handler:
    function = BINARY[name]

    def bind(spaces: Spaces, fields: Fields) -> Operation:
        dst, src0, src1, count, mask, dst_blk, src0_blk, src1_blk, dst_rep, src0_rep, src1_rep, code = fields
        dtype = DType(code)
        sources = (Operand(src0, dtype, src0_blk, src0_rep), Operand(src1, dtype, src1_blk, src1_rep))
        target = Operand(dst, dtype, dst_blk, dst_rep)
        return elementwise(spaces, function, target, sources, count, mask, name in UPDATING)

    return bind


def _with_scalar(name: str) -> Handler:
    function = SCALAR[name]

    def bind(spaces: Spaces, fields: Fields) -> Operation:
        dst, src, bits, count, mask, dst_blk, src_blk, dst_rep, src_rep, code = fields
        dtype = DType(code)
        value = scalar(bits, dtype)

        def call(x: Numbers, out: Numbers) -> None:
            function(x, out, value)

        source = Operand(src, dtype, src_blk, src_rep)
        target = Operand(dst, dtype, dst_blk, dst_rep)
        return elementwise(spaces, call, target, (source,), count, mask, name in UPDATING)

    return bind


HANDLERS: dict[str, Handler] = {
    **{name: _unary(name) for name in UNARY},
    **{name: _binary(name) for name in BINARY},
    **{name: _with_scalar(name) for name in SCALAR},
}
