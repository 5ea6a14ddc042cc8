"""The pass that attends to latents instead of the keys and values projected from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from dialects.attn import AttentionOp
from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.graph.types import element_of, shape_of, type_of
from passes.analysis.weight_values import WeightValues
from passes.attn.candidates import Candidate, Part, Unfused, candidate_of
from passes.attn.construction import Construction
from passes.attn.expressions import Leaf
from passes.attn.latent_products import product_with_weights
from passes.attn.latent_projections import Projection, Segment, cut, projection_of, segments, serves_only, sliced
from passes.attn.operand_sources import smallest
from passes.attn.passed_arguments import PassedArguments
from passes.attn.positions import WHOLE, digits
from passes.attn.reader import Reader
from passes.attn.weight_rows import ends
from passes.base import SfumatoPass, target_of
from passes.graph.graph_dce import sweep
from passes.graph.rewriting import Rewriter, functions, rewrite_block
from runtime.machine.description import Machine, load

MODES = ("auto", "always", "never")
MAXIMUM_DEPTH = 576
"""The deepest keys that `auto` makes: those of DeepSeek's latents, 512 and 64 of the rotary part."""


@dataclass(frozen=True)
class AttnAbsorbLatent(SfumatoPass):
    """Attend to latents c where keys are c Wk and values c Wv: q (c Wk)^T = (q Wk^T) c^T, p (c Wv) = (p c) Wv.

    Multi-head latent attention (DeepSeek-V2) caches c and a rotary part of the keys; written expanded, it projects all
    of the cache to keys and values of each head in every step. Absorbed, the weights meet queries and results instead,
    and all heads share the latents as keys and as values. Parts of the keys that are no projections stay behind the
    latents. What changes is the order of products, so that results differ by rounding.

    `mode` is `always`, `never`, or `auto`: where products and traffic of memory take fewer cycles so on the target
    (few queries, many keys). Keys and values that something else reads too have to be made anyway, and count as free.
    Left alone: keys or values that are no product, or that have a bias.
    """

    name = "attn-absorb-latent"
    mode: str = "auto"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Absorb in every function."""
        if self.mode not in MODES:
            raise SfumatoError(f"there is no mode '{self.mode}': expected {', '.join(MODES)}")
        if self.mode == "never":
            return
        absorption = _Absorption(op, load(target_of(op)) if self.mode == "auto" else None)
        for function in functions(op):
            rewrite_block(function.body.block, absorption.absorb)
            sweep(function.body.block)


@dataclass(frozen=True)
class _Latent:
    """An attention, the segments of its keys with the projections among them, and the projection of its values."""

    found: Candidate
    keys: tuple[tuple[Segment, Projection | None], ...]
    value: Projection

    @property
    def depth(self) -> int:
        """The depth of the keys after absorption."""
        return sum(_depth(projection.latents) if projection else segment.size for segment, projection in self.keys)


class _Absorption:
    """Absorbs projections in one module; without a machine, wherever there are any."""

    def __init__(self, module: ModuleOp, machine: Machine | None) -> None:
        self.machine = machine
        self.passed, self.origins = PassedArguments(module), WeightValues(module)

    def absorb(self, op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        """The result of an attention by way of its latents, if it has any and that is worth it."""
        if not isinstance(op, AttentionOp) or op.algorithm is not None:
            return None
        latent = self._latent(op)
        if latent is None or (self.machine is not None and not _is_cheaper(op, latent, self.machine)):
            return None
        found, row = latent.found, ends(latent.found.rows, latent.found.cols)[0]
        try:
            shared = replace(found, parts=tuple(_parts(latent, rewriter)), value=latent.value.latents)
            mixed = Construction(shared, self.passed.value, self.origins, rewriter).result()
            leaf = Leaf(mixed, (*digits(shape_of(op.query)[:-2]), row, WHOLE))
            weights = cut(latent.value.weights, rewriter)
            result = product_with_weights(leaf, weights, found.count, row, rewriter, transpose_b=True)
        except Unfused:  # batch and heads are divided in different ways
            return None
        return [rewriter.reshape(result.value, shape_of(op.result))]

    def _latent(self, op: AttentionOp) -> _Latent | None:
        """The projections that an attention's keys and values are; None where there are none of one of them."""
        found = candidate_of(op, self.passed.value)
        if any(WHOLE not in leaf.index for leaf in (found.parts[0].query, found.parts[0].key, found.value)):
            return None  # one deep, or the same all along the depth
        reader = Reader(op.parent, found.rows, found.cols, self.passed.value)

        def projection(segment: Segment) -> Projection | None:
            product = projection_of(segment)
            return None if product is None else replace(product, latents=smallest(product.latents, reader))

        values = segments(found.value)
        value = projection(values[0]) if len(values) == 1 else None
        keys = tuple((segment, projection(segment)) for segment in segments(found.parts[0].key))
        return _Latent(found, keys, value) if value is not None and any(one for _, one in keys) else None


def _parts(latent: _Latent, rewriter: Rewriter) -> Sequence[Part]:
    """Queries and keys segment by segment, the queries of projected ones multiplied by the weights."""
    found, start = latent.found, 0
    (whole,), parts = found.parts, list[Part]()
    row = ends(found.rows, found.cols)[0]
    for segment, projection in latent.keys:
        axis = whole.query.index.index(WHOLE)
        query = Leaf(sliced(whole.query.value, axis, start, segment.size, rewriter), whole.query.index)
        start += segment.size
        if projection is None:
            parts.append(Part(query, cut(segment, rewriter, WHOLE), whole.scale))
            continue
        weights = cut(projection.weights, rewriter)
        absorbed = product_with_weights(query, weights, found.count, row, rewriter)
        parts.append(Part(absorbed, projection.latents, whole.scale))
    return parts


def _is_cheaper(op: AttentionOp, latent: _Latent, machine: Machine) -> bool:
    """Whether an attention takes fewer cycles absorbed: those of its products or of its traffic, the larger ones."""
    if latent.depth > MAXIMUM_DEPTH:
        return False
    found, pairs = latent.found, latent.found.count * latent.found.cols
    used = {projection.product: projection for _, projection in latent.keys if projection} | {
        latent.value.product: latent.value
    }
    made = [one for one in used.values() if serves_only(one.product.result, op)]
    latents = {one.latents.value for one in used.values()}
    read = sum(type_of(value).element_count() for value in latents)
    expanded = sum(type_of(one.product.result).element_count() for one in made)
    depths = shape_of(op.query)[-1] + shape_of(op.value)[-1]
    before = _cycles(
        sum(type_of(one.product.result).element_count() * _depth(one.latents) for one in made)
        + pairs * found.rows * depths,
        (read if made else 0) + _weights(made) + expanded + pairs * depths,
        op,
        machine,
    )
    widths = sum(segment.size * _depth(one.latents) for segment, one in latent.keys if one)
    widths += shape_of(op.value)[-1] * _depth(latent.value.latents)
    after = _cycles(
        found.count * found.rows * widths + pairs * found.rows * (latent.depth + _depth(latent.value.latents)),
        _weights(used.values()) + read * (3 if len(latent.keys) > 1 else 1),  # segments are copied into one tensor
        op,
        machine,
    )
    return after < before


def _cycles(macs: int, elements: int, op: AttentionOp, machine: Machine) -> float:
    """Cycles of so many multiplications and additions, or of the memory for so many elements."""
    dtype = DType.of(element_of(op.query))
    rate = machine.bytes_per_cycle(machine.memory.hbm_gb_per_s)
    product = macs / (machine.cube.macs_per_cycle[dtype.name] * machine.cube_cores)
    return max(product, elements * dtype.bits / 8 / rate)


def _weights(projections: Iterable[Projection]) -> int:
    """How many weights there are in the projections."""
    return sum(type_of(one.weights.leaf.value).element_count() for one in projections)


def _depth(latents: Leaf) -> int:
    return shape_of(latents.value)[latents.index.index(WHOLE)]
