"""Operators that move complex numbers, or take them apart: the same done to the real and the imaginary parts."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from dialects.graph import NegOp
from dialects.graph.types import element_of, is_bool, shape_of
from passes.aten.complex_call import IMAGINARY, REAL, ComplexCall
from passes.aten.registry import handlers, handles_complex


@handles_complex("view_as_complex", "view_as_complex_copy")
def view_as_complex(call: ComplexCall) -> Sequence[SSAValue]:
    """The two places of the last axis."""
    build, value = call.build, call.tensor("self")
    last = len(shape_of(value)) - 1
    return [build.reshape(build.slice(value, last, part, part + 1), call.result_shape) for part in (REAL, IMAGINARY)]


@handles_complex("view_as_real", "view_as_real_copy")
def view_as_real(call: ComplexCall) -> Sequence[SSAValue]:
    """Both parts along a new last axis."""
    build, shape = call.build, call.result_shape
    parts = [call.part(part).tensor("self") for part in (REAL, IMAGINARY)]
    return [build.concat([build.reshape(part, (*shape[:-1], 1)) for part in parts], len(shape) - 1)]


@handles_complex("real", "imag")
def one_part(call: ComplexCall) -> Sequence[SSAValue]:
    """The real or the imaginary part."""
    part = IMAGINARY if ".imag." in call.op.overload.data else REAL
    return [call.part(part).tensor("self")]


@handles_complex("complex")
def join(call: ComplexCall) -> Sequence[SSAValue]:
    """A real and an imaginary part."""
    shape, element = call.result_shape, call.result_element
    return [call.build.spread(call.tensor(name), shape, element) for name in ("real", "imag")]


@handles_complex("adjoint", "mH", "matrix_H")
def adjoint(call: ComplexCall) -> Sequence[SSAValue]:
    """The last two axes exchanged, the imaginary part negated."""
    real, imaginary = by_parts(call)
    return [real, call.build.apply(NegOp, imaginary)]


@handles_complex("ones", "ones_like", "new_ones")
def ones(call: ComplexCall) -> Sequence[SSAValue]:
    """One, without an imaginary part."""
    return [call.build.full(number, call.result_shape, call.result_element) for number in (1, 0)]


@handles_complex("_assert_tensor_metadata")
def check(call: ComplexCall) -> Sequence[SSAValue]:
    """Nothing: what it asserts was checked when the model was exported."""
    del call
    return ()


@handles_complex(
    *("add.Tensor", "add.Scalar", "sub.Tensor", "sub.Scalar", "subtract.Tensor", "rsub.Tensor", "rsub.Scalar", "neg"),
    *("sum", "sum.dim_IntList", "mean", "mean.dim", "cumsum", "diff"),
    *("view", "view_copy", "reshape", "reshape_as", "view_as", "_unsafe_view", "_reshape_alias", "flatten.using_ints"),
    *("unflatten.int", "squeeze", "squeeze.dim", "squeeze.dims", "squeeze_copy", "squeeze_copy.dim"),
    *("squeeze_copy.dims", "unsqueeze", "unsqueeze_copy", "ravel", "atleast_1d", "atleast_2d"),
    *("permute", "permute_copy", "transpose.int", "transpose_copy.int", "swapaxes", "swapdims", "t", "t_copy", "mT"),
    *("numpy_T", "movedim.int", "movedim.intlist", "expand", "expand_copy", "expand_as", "broadcast_to"),
    *("broadcast_tensors", "slice.Tensor", "slice_copy.Tensor", "select.int", "select_copy.int", "narrow"),
    *("narrow_copy", "split.Tensor", "split.sizes", "split_with_sizes", "split_with_sizes_copy", "chunk"),
    *("tensor_split.sections", "tensor_split.indices", "unbind.int", "unbind_copy.int", "diagonal", "tril", "triu"),
    *("cat", "concat", "concatenate", "stack", "vstack", "hstack", "constant_pad_nd", "flip", "roll", "repeat", "tile"),
    *("repeat_interleave.self_int", "meshgrid", "meshgrid.indexing", "copy", "where.self", "masked_fill.Scalar"),
    *("masked_fill.Tensor", "index_select", "gather", "take_along_dim", "index.Tensor", "_unsafe_index.Tensor"),
    *("take", "embedding", "index_put", "index_copy", "slice_scatter", "select_scatter", "scatter.src"),
    *("full", "full_like", "new_full", "fill.Scalar", "fill.Tensor", "zeros", "zeros_like", "new_zeros", "zero"),
    *("empty.memory_format", "empty_like", "scalar_tensor", "_to_copy", "to.dtype", "to.dtype_layout", "to.device"),
    *("to.other", "type_as", "alias", "alias_copy", "clone", "contiguous", "detach", "detach_copy", "lift"),
    *("lift_fresh", "lift_fresh_copy", "positive", "resolve_conj", "resolve_neg"),
)
def by_parts(call: ComplexCall) -> Sequence[SSAValue]:
    """What moves elements or adds them up does so with each part; a real result is the real part's."""
    if isinstance(call.op.argument("alpha"), complex):
        call.unsupported("a complex factor 'alpha'")
    if any(is_bool(element_of(output)) for output in call.op.outputs):
        call.unsupported("complex numbers as truth values: compare them with 0")
    handler = handlers()[call.op.overload.data]
    found: list[Sequence[SSAValue]] = []
    for part in range(max(call.result_parts)):
        result = handler(call.part(part))
        found.append((result,) if isinstance(result, SSAValue) else result)
    return [found[part][place] for place, count in enumerate(call.result_parts) for part in range(count)]
