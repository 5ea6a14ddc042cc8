"""Products of groups of rows with a matrix for each group, as layers of experts have them."""

from __future__ import annotations

from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from dialects.graph import MatmulOp
from dialects.graph.types import shape_of
from passes.aten.call import Call
from passes.aten.families.embedding import spans
from passes.aten.registry import handles


@handles("_grouped_mm", "transformers::grouped_mm_fallback")
def grouped_product(call: Call) -> SSAValue:
    """Rows times the matrix of their group; group g ends in front of row offs[g], and rows behind the last are zero.

    Where a group ends depends on data: every matrix is multiplied with all rows, and what belongs to it is kept.
    """
    build = call.build
    rows = call.tensor("self" if call.has("self") else "input")
    weight = call.tensor("mat2" if call.has("mat2") else "weight")
    plain = len(shape_of(rows)) == 2 and len(shape_of(weight)) == 3 and call.has("offs")
    if not plain or call.has("bias"):
        call.unsupported("a grouped product of other than rows, matrices and offsets")
    groups, depth, columns = shape_of(weight)
    count = shape_of(rows)[0]
    products = build.emit(MatmulOp.make(build.place(rows, (groups, count, depth), (1, 2)), weight))
    shape = (groups, count, columns)
    ends = build.cast(call.tensor("offs"), i64)
    starts = build.concat([build.full(0, (1,), i64), build.slice(ends, 0, 0, groups - 1)], 0)
    member = build.place(spans(build, starts, ends, count), shape, (0, 1))
    kept = build.widen(build.select(member, products, build.full_like(0, products)))
    return build.cast(build.reduce(kept, "add", (0,)), call.result_element)
