"""Matrix products. With a bias, sum and bias stay in f32 and are rounded once, as torch's kernels do."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.dialects.builtin import bf16, f16, f32
from xdsl.ir import SSAValue

from dialects.graph import AbsOp, AddOp, AndOp, MatmulOp, MulOp, SqrtOp, SubOp, TakeOp
from dialects.graph.types import Scalar, element_of, is_bool, shape_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.families.index import broadcast_shape
from passes.aten.registry import handles


def _product(call: Call, lhs: SSAValue, rhs: SSAValue, *, wide: bool = False) -> SSAValue:
    """Multiply matrices; ``wide`` keeps the sums of narrow floats in f32."""
    element = f32 if wide and element_of(lhs) in (f16, bf16) else None
    return call.build.emit(MatmulOp.make(lhs, rhs, element=element))


def _add(call: Call, value: SSAValue, other: SSAValue, beta: Scalar, alpha: Scalar) -> SSAValue:
    """beta other + alpha value in the type of ``value``, rounded to the type of the result at the end."""
    build = call.build
    if alpha != 1:
        value = build.combine(MulOp, value, alpha)
    if beta != 0:
        offset = build.cast(other, element_of(value))
        if beta != 1:
            offset = build.combine(MulOp, offset, beta)
        value = build.combine(AddOp, value, build.expand(offset, shape_of(value)))
    return build.cast(value, call.result_element)


@handles("mm", "bmm")
def matrix_product(call: Call) -> SSAValue:
    """One or a batch of matrix products."""
    return _product(call, call.tensor("self"), call.tensor("mat2"))


@handles("addmm", "baddbmm", "addmv")
def add_product(call: Call) -> SSAValue:
    """beta self + alpha (first x second)."""
    name = call.op.overload.data
    if "baddbmm" in name:
        lhs, rhs = call.tensor("batch1"), call.tensor("batch2")
    elif "addmm" in name:
        lhs, rhs = call.tensor("mat1"), call.tensor("mat2")
    else:
        lhs, vector = call.tensor("mat"), call.tensor("vec")
        rhs = call.build.reshape(vector, (*shape_of(vector), 1))
    value = _product(call, lhs, rhs, wide=True)
    value = call.build.reshape(value, call.result_shape)
    return _add(call, value, call.tensor("self"), call.number("beta", 1), call.number("alpha", 1))


def affine(build: GraphBuilder, rows: SSAValue, weight: SSAValue, bias: SSAValue | None = None) -> SSAValue:
    """Return rows times the transpose of the weight, plus the bias."""
    element = element_of(rows)
    wide = f32 if bias is not None and element in (f16, bf16) else None
    result = build.emit(MatmulOp.make(rows, weight, transpose_b=True, element=wide))
    if bias is None:
        return result
    offset = build.spread(bias, shape_of(result), element_of(result))
    return build.cast(build.combine(AddOp, result, offset), element)


@handles("linear")
def linear(call: Call) -> SSAValue:
    """x times the transpose of the weight, plus the bias; all leading axes of x are rows."""
    build, value, weight = call.build, call.tensor("input"), call.tensor("weight")
    depth = shape_of(value)[-1]
    rows = build.reshape(value, (prod(shape_of(value)[:-1]), depth))
    matrix = weight if len(shape_of(weight)) == 2 else build.reshape(weight, (1, depth))
    return build.reshape(affine(build, rows, matrix, call.optional_tensor("bias")), call.result_shape)


@handles("matmul", "dot", "vdot", "inner", "mv", "linalg_matmul")
def matmul(call: Call) -> SSAValue:
    """Product of vectors, matrices or batches, whose leading axes broadcast."""
    name = call.op.overload.data
    lhs = call.tensor("self")
    rhs = call.tensor(next(each for each in ("other", "tensor", "vec") if call.has(each)))
    build = call.build
    if ".inner." in name:
        ranks = (len(shape_of(lhs)), len(shape_of(rhs)))
        if 0 in ranks:
            shape = call.result_shape
            return build.combine(MulOp, build.expand(lhs, shape), build.expand(rhs, shape))
        if max(ranks) > 2:
            call.unsupported("inner of tensors of more than two axes")
        rhs = build.swap(rhs, -1, -2) if ranks[1] == 2 else rhs
    return build.reshape(matrices(call, lhs, rhs), call.result_shape)


def matrices(call: Call, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    """Multiply by torch.matmul's rules; axes of size one stand for the ones a vector lacks."""
    build = call.build
    if len(shape_of(lhs)) == 1:
        lhs = build.reshape(lhs, (1, *shape_of(lhs)))
    if len(shape_of(rhs)) == 1:
        rhs = build.reshape(rhs, (*shape_of(rhs), 1))
    left, right = shape_of(lhs), shape_of(rhs)
    if prod(right[:-2]) == 1 and len(left) >= len(right):
        rows = build.reshape(lhs, (prod(left[:-1]), left[-1]))
        result = _product(call, rows, build.reshape(rhs, right[-2:]))
        return build.reshape(result, (*left[:-1], right[-1]))
    batch = broadcast_shape([left[:-2], right[:-2]])
    first = build.reshape(build.expand(lhs, (*batch, *left[-2:])), (prod(batch), *left[-2:]))
    second = build.reshape(build.expand(rhs, (*batch, *right[-2:])), (prod(batch), *right[-2:]))
    return build.reshape(_product(call, first, second), (*batch, left[-2], right[-1]))


@handles("outer", "ger")
def outer(call: Call) -> SSAValue:
    """Every product of an element of one vector with one of the other."""
    build, shape, element = call.build, call.result_shape, call.result_element
    column = build.place(build.cast(call.tensor("self"), element), shape, (0,))
    row = build.place(build.cast(call.tensor("vec2"), element), shape, (1,))
    return build.combine(AndOp if is_bool(element) else MulOp, column, row)


@handles("addbmm")
def add_batch_product(call: Call) -> SSAValue:
    """beta self + alpha (sum of a batch of products)."""
    build, lhs, rhs = call.build, call.tensor("batch1"), call.tensor("batch2")
    batch, rows, depth = shape_of(lhs)
    left = build.reshape(build.swap(lhs, 0, 1), (rows, batch * depth))
    right = build.reshape(rhs, (batch * depth, shape_of(rhs)[2]))
    product = _product(call, left, right, wide=True)
    return _add(call, product, call.tensor("self"), call.number("beta", 1), call.number("alpha", 1))


@handles("chain_matmul", "linalg_multi_dot")
def chain(call: Call) -> SSAValue:
    """Matrices multiplied from left to right; the first may be a row, the last a column."""
    value, *others = call.tensors("matrices" if call.has("matrices") else "tensors")
    for other in others:
        value = matrices(call, value, other)
    return call.build.reshape(value, call.result_shape)


@handles("bilinear")
def bilinear(call: Call) -> SSAValue:
    """x1 W[k] x2 for each output feature k, plus the bias."""
    build, first, second, weight = call.build, call.tensor("input1"), call.tensor("input2"), call.tensor("weight")
    outputs, left, right = shape_of(weight)
    rows = prod(shape_of(first)[:-1])
    pairs = build.combine(
        MulOp,
        build.place(build.reshape(first, (rows, left)), (rows, left, right), (0, 1)),
        build.place(build.reshape(second, (rows, right)), (rows, left, right), (0, 2)),
    )
    matrix = build.reshape(weight, (outputs, left * right))
    result = affine(build, build.reshape(pairs, (rows, left * right)), matrix, call.optional_tensor("bias"))
    return build.reshape(result, call.result_shape)


@handles("cdist")
def cdist(call: Call) -> SSAValue:
    """Euclidean distances of each row of one matrix to each row of the other, through differences."""
    build, order = call.build, float(call.number("p", 2))
    if order not in (1, 2):
        call.unsupported(f"distances of order {order}")
    shape, depth = call.result_shape, shape_of(call.tensor("x1"))[-1]
    wide = (*shape, depth)
    rank = len(shape)
    first, second = (build.widen(call.tensor(name)) for name in ("x1", "x2"))
    first = build.expand(build.reshape(first, (*shape_of(first)[:-1], 1, depth)), wide)
    second = build.expand(build.reshape(second, (*shape_of(second)[:-2], 1, *shape_of(second)[-2:])), wide)
    gap = build.combine(SubOp, first, second)
    terms = build.combine(MulOp, gap, gap) if order == 2 else build.apply(AbsOp, gap)
    total = build.reduce(terms, "add", (rank,))
    return build.cast(build.apply(SqrtOp, total) if order == 2 else total, call.result_element)


@handles("cross", "linalg_cross")
def cross(call: Call) -> SSAValue:
    """The cross product of vectors of three elements along an axis."""
    build, shape, element = call.build, call.result_shape, call.result_element
    default = shape.index(3) if ".cross." in call.op.overload.data else -1
    axis = call.axis("dim", len(shape), default)
    operands = [build.spread(call.tensor(name), shape, element) for name in ("self", "other")]

    def turned(value: SSAValue, first: int) -> SSAValue:
        return build.emit(TakeOp.make(value, build.array(np.asarray([first, (first + 1) % 3, (first + 2) % 3])), axis))

    first, second = operands
    ahead = build.combine(MulOp, turned(first, 1), turned(second, 2))
    return build.combine(SubOp, ahead, build.combine(MulOp, turned(first, 2), turned(second, 1)))
