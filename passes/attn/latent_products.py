"""Products of tensors that lie among the scores with weights that leading axes of theirs share."""

from __future__ import annotations

from math import prod

from dialects import graph
from dialects.graph import MatmulOp
from dialects.graph.types import shape_of
from passes.attn.candidates import Unfused
from passes.attn.expressions import Leaf
from passes.attn.latent_projections import DEPTH
from passes.attn.lead_axes import LeadAxes
from passes.attn.positions import WHOLE, Index, digits
from passes.graph.rewriting import Rewriter


def product_with_weights(
    leaf: Leaf, weights: Leaf, count: int, row: Index, rewriter: Rewriter, *, transpose_b: bool = False
) -> Leaf:
    """[n, row, depth] times weights [n, depth, latent depth] (``transpose_b``: from the latent depth to the depth).

    Weights are shared: the leading places that have the same ones are rows of one product.
    """
    axes = LeadAxes.of(count, (leaf, weights))
    if axes is None:
        raise Unfused("its operands divide batch and heads in different ways")
    own = axes.shape(weights.places)
    mine = [axis for axis, size in enumerate(axes.sizes) if own[axis] == size]
    others = [axis for axis in range(len(axes.sizes)) if axis not in mine]
    value = axes.arrange(leaf, (row, WHOLE), rewriter)
    rows, depth = shape_of(value)[-2:]
    value = rewriter.spread(value, (*axes.sizes, rows, depth))
    order = [*mine, *others, len(axes.sizes), len(axes.sizes) + 1]
    moved = rewriter.add(graph.PermuteOp.make(value, order)) if order != sorted(order) else value
    groups = prod(axes.sizes[axis] for axis in mine)
    matrix = axes.arrange(weights, (DEPTH, WHOLE), rewriter)
    matrix = rewriter.reshape(matrix, (groups, *shape_of(matrix)[-2:]))
    product = MatmulOp.make(rewriter.reshape(moved, (groups, -1, depth)), matrix, transpose_b=transpose_b)
    result = rewriter.add(product)
    width = shape_of(result)[-1]
    result = rewriter.reshape(result, (*(axes.sizes[axis] for axis in (*mine, *others)), rows, width))
    if order != sorted(order):
        result = rewriter.add(graph.PermuteOp.make(result, [order.index(axis) for axis in range(len(order))]))
    return Leaf(result, (*digits(axes.sizes), row, WHOLE))
