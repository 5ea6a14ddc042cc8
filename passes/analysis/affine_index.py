"""Index values as constant + sum of coefficient * value, so that two addresses can be compared."""

from __future__ import annotations

from typing import NamedTuple

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue


class Affine(NamedTuple):
    """constant + sum of coefficient * value; no coefficient is zero."""

    constant: int
    terms: dict[SSAValue, int]


def affine(value: SSAValue) -> Affine:
    """A value as an affine form of the values that are no sum, difference or product with a constant."""
    op = value.owner
    if not isinstance(op, Operation):
        return Affine(0, {value: 1})
    match op:
        case arith.ConstantOp(value=IntegerAttr() as constant):
            return Affine(constant.value.data, {})
        case arith.AddiOp():
            return combine(affine(op.lhs), affine(op.rhs), 1)
        case arith.SubiOp():
            return combine(affine(op.lhs), affine(op.rhs), -1)
        case arith.MuliOp():
            left, right = affine(op.lhs), affine(op.rhs)
            if not right.terms:
                return combine(Affine(0, {}), left, right.constant)
            if not left.terms:
                return combine(Affine(0, {}), right, left.constant)
        case _:
            pass
    return Affine(0, {value: 1})


def combine(a: Affine, b: Affine, scale: int) -> Affine:
    """A + scale * b."""
    terms = dict(a.terms)
    for value, coefficient in b.terms.items():
        terms[value] = terms.get(value, 0) + scale * coefficient
    return Affine(a.constant + scale * b.constant, {value: c for value, c in terms.items() if c})
