"""Accesses against numpy's own views: the elements they reach, their strides, and when numpy would have to copy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from compiler.universe import make_context
from passes.analysis.access import Access, apply_view

SHAPES = st.lists(st.integers(1, 5), min_size=0, max_size=4)


def shapes_of(count):
    """Shapes with ``count`` elements: factors of it in any order, and ones."""

    @st.composite
    def draw_shape(draw):
        rest, shape = count, []
        while rest > 1:
            factor = draw(st.sampled_from([d for d in range(2, rest + 1) if rest % d == 0]))
            shape.append(factor)
            rest //= factor
        for _ in range(draw(st.integers(0, 2))):
            shape.insert(draw(st.integers(0, len(shape))), 1)
        return shape

    return draw_shape()


@st.composite
def views(draw):
    """A chain of views of a dense array: the array, numpy's view, our access; reshapes only where numpy does not copy."""
    shape = draw(SHAPES)
    base = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
    view, access = base, Access.dense(shape)
    for _ in range(draw(st.integers(0, 4))):
        match draw(st.sampled_from(["permute", "broadcast", "slice", "reshape"])):
            case "permute":
                order = draw(st.permutations(range(view.ndim)))
                view, access = view.transpose(order), access.permute(order)
            case "broadcast" if view.ndim < 5:
                rank = draw(st.integers(view.ndim, 5))
                dims = sorted(draw(st.permutations(range(rank)))[: view.ndim])
                spread = [1] * rank
                for size, dim in zip(view.shape, dims, strict=True):
                    spread[dim] = size
                full = [draw(st.integers(1, 3)) if size == 1 else size for size in spread]
                view, access = np.broadcast_to(view.reshape(spread), full), access.broadcast(dims, full)
            case "slice":
                cuts = []
                for size in view.shape:
                    start, step = draw(st.integers(0, size - 1)), draw(st.sampled_from([-2, -1, 1, 1, 2, 3]))
                    longest = (size - 1 - start) // step + 1 if step > 0 else start // -step + 1
                    cuts.append((start, step, draw(st.integers(1, longest))))
                chosen = tuple(slice(a, None if a + n * s < 0 else a + n * s, s) for a, s, n in cuts)
                view = view[(*chosen, ...)]
                access = access.slice([a for a, _, _ in cuts], [s for _, s, _ in cuts], [n for _, _, n in cuts])
            case "reshape":
                shape = draw(shapes_of(view.size))
                if without_copy(view, shape) is not None:
                    view, access = view.reshape(shape), access.reshape(shape)
                    assert access is not None
    return base, view, access


def without_copy(view, shape):
    """numpy's reshape of a view when it needs no copy, else ``None``."""
    try:
        return np.reshape(view, shape, copy=False)
    except ValueError:
        return None


def strided(base, access):
    """The elements that an access reaches, as numpy walks strides."""
    strides = [stride * base.itemsize for stride in access.strides]
    flat = base.reshape(-1)
    return np.lib.stride_tricks.as_strided(flat[access.offset :], access.sizes, strides, writeable=False)


@given(views())
def test_views_reach_the_elements_that_numpy_reaches(case):
    base, view, access = case
    assert access.sizes == view.shape
    np.testing.assert_array_equal(strided(base, access), view)


@given(views())
def test_offset_and_strides_are_numpys(case):
    base, view, access = case
    offset = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    assert access.offset * base.itemsize == offset
    for size, mine, theirs in zip(view.shape, access.strides, view.strides, strict=True):
        assert size == 1 or mine * base.itemsize == theirs


@given(views(), st.data())
def test_reshape_is_refused_exactly_when_numpy_copies(case, data):
    base, view, access = case
    shape = data.draw(shapes_of(view.size))
    found = access.reshape(shape)
    assert (found is None) == (without_copy(view, shape) is None)
    if found is not None:
        np.testing.assert_array_equal(strided(base, found), view.reshape(shape))


@given(views())
def test_dense_means_that_the_elements_lie_in_order(case):
    base, view, access = case
    in_order = np.array_equal(view.reshape(-1), base.reshape(-1)[: view.size])
    assert access.is_dense == in_order


def test_dense_of_a_scalar():
    assert Access.dense(()) == Access(0, (), ())
    assert Access.dense(()).reshape((1, 1)) == Access(0, (1, 1), (0, 0))


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("graph.reshape %x : (tensor<4x6xf32>) -> tensor<2x2x6xf32>", Access(0, (2, 2, 6), (12, 6, 1))),
        (
            "graph.permute %x <{order = array<i64: 1, 0>}> : (tensor<4x6xf32>) -> tensor<6x4xf32>",
            Access(0, (6, 4), (1, 6)),
        ),
        (
            "graph.broadcast %x <{dims = array<i64: 0, 2>}> : (tensor<4x6xf32>) -> tensor<4x3x6xf32>",
            Access(0, (4, 3, 6), (6, 0, 1)),
        ),
        (
            "graph.slice %x <{starts = array<i64: 1, 5>, stops = array<i64: 3, 0>, steps = array<i64: 1, -2>}>"
            " : (tensor<4x6xf32>) -> tensor<2x3xf32>",
            Access(11, (2, 3), (6, -2)),
        ),
    ],
)
def test_views_are_read_from_ops(op, expected):
    text = f'%x = "test.op"() : () -> tensor<4x6xf32>\n%y = {op}'
    module = Parser(make_context(), text).parse_module()
    assert isinstance(module, ModuleOp)
    view = module.body.block.last_op
    assert view is not None
    view.verify()
    assert apply_view(Access.dense((4, 6)), view) == expected


def test_an_op_that_is_no_view_is_a_bug():
    module = Parser(make_context(), '"test.op"() : () -> tensor<4xf32>').parse_module()
    op = module.body.block.first_op
    assert op is not None
    with pytest.raises(ValueError, match=r"test\.op is not a view"):
        apply_view(Access.dense((4,)), op)
