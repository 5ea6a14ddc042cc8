"""Operators that give their argument back, perhaps in another element type, and checks that a compiler drops."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from passes.aten.call import Call
from passes.aten.registry import handles


@handles(
    "_to_copy",
    "to.dtype",
    "to.dtype_layout",
    "to.device",
    "to.other",
    "type_as",
    "alias",
    "alias_copy",
    "clone",
    "contiguous",
    "detach",
    "detach_",
    "detach_copy",
    "lift",
    "lift_fresh",
    "lift_fresh_copy",
    "positive",
    "resolve_conj",
    "resolve_neg",
    "real",
    "_conj",
    "conj",
)
def convert(call: Call) -> SSAValue:
    """The same elements in the result's element type; devices, strides and aliasing have no meaning here."""
    return call.build.cast(call.tensor("self"), call.result_element)


@handles("copy")
def copy(call: Call) -> SSAValue:
    """The source in the shape and type of the destination."""
    return call.build.spread(call.tensor("src"), call.result_shape, call.result_element)


@handles("dropout", "native_dropout", "alpha_dropout", "feature_dropout")
def dropout(call: Call) -> SSAValue | Sequence[SSAValue]:
    """Nothing, unless training."""
    if call.flag("train") and float(call.number("p", 0.5)) > 0:
        call.unsupported("dropout while training draws random numbers: export the model in eval mode")
    value = call.tensor("input")
    if len(call.op.outputs) == 1:
        return value
    kind = call.result_type(1)
    return value, call.build.full(True, kind.get_shape(), kind.element_type)


@handles(
    "_assert_tensor_metadata",
    "_assert_scalar",
    "_assert_async",
    "_assert_async.msg",
    "sym_constrain_range",
    "sym_constrain_range_for_size",
)
def check(call: Call) -> Sequence[SSAValue]:
    """Nothing: what it asserts was checked when the model was exported."""
    del call
    return ()
