"""Builds attn.attention from what was found: leading axes, masks that are bands, the region, the operands."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from xdsl.dialects.builtin import f32
from xdsl.ir import BlockArgument, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.dtypes import DType
from dialects.graph.types import Tensor, element_of, is_bool, is_float, shape_of, tensor
from passes.analysis.weight_values import Origin, WeightValues
from passes.attn.candidates import Candidate, Part, Passed, Unfused
from passes.attn.expressions import Apply, Leaf, Node, elements_of, leaves_of
from passes.attn.lead_axes import LeadAxes
from passes.attn.masks import MASKED, Band, Mask, masked, peel
from passes.attn.positions import COLUMN, FIRST, ROW, WHOLE, Index
from passes.attn.score_region import Emitter, ScoreRegion
from passes.graph.rewriting import Rewriter, defining

INLINED_OPS = 24
"""Expressions of more ops are not computed again for every score: their result is loaded."""


class Construction:
    """One attention under construction; raises ``Unfused`` where its parts do not fit together."""

    def __init__(self, found: Candidate, passed: Passed, origins: WeightValues, rewriter: Rewriter) -> None:
        """Build ``found`` where ``rewriter`` stands."""
        self.found, self.passed, self.origins, self.rewriter = found, passed, origins, rewriter
        self.band = Band(*found.band)
        self.node = self._without_bands()
        self.leaves = [leaf for part in found.parts for leaf in (part.query, part.key)] + [found.value]
        self.leaves += [] if found.sinks is None else [found.sinks]
        self.leaves += list(dict.fromkeys(self._loads(self.node, set())))
        axes = LeadAxes.of(found.count, self.leaves)
        if axes is None:
            raise Unfused("its operands divide batch and heads in different ways")
        self.axes = axes
        self.folded = self._shares_keys()

    def _shares_keys(self) -> bool:
        """Whether single queries that share keys can be the rows of one product."""
        found, sizes = self.found, self.axes.sizes
        shared = [part.key for part in found.parts] + [found.value]
        alone = all(self.axes.shape(leaf.places)[-1:] == (1,) for leaf in shared)
        return found.rows == 1 and bool(sizes) and alone and not self.band

    def _without_bands(self) -> Node:
        """The expression of the scores without the masks that are bands; these narrow the band."""
        found = self.found
        node, masks = found.node, list[Mask]()
        while (peeled := peel(node, found.products, found.rows, found.cols)) is not None:
            node, mask = peeled
            masks.append(mask)
        whole = Band(*found.band)
        for mask in masks:
            whole.narrow(mask.band.lower, mask.band.upper)
        pure = not any(mask.rest for mask in masks) and whole.keeps_something(found.rows, found.cols)
        pure = pure and all(self._cannot_hide(leaf) for leaf in leaves_of(node) - found.products)
        for place, mask in reversed(list(enumerate(masks))):
            hidden_for_good = all(outer.fill == float("-inf") for outer in masks[: place + 1])
            if found.rows > 1 and (pure or hidden_for_good):
                self.band.narrow(mask.band.lower, mask.band.upper)
                node = masked(node, mask.rest, mask.fill)
            else:
                node = masked(node, [*mask.band.predicates(), *mask.rest], mask.fill)
        return node

    def _cannot_hide(self, leaf: Leaf) -> bool:
        """Whether a tensor is no mask: it is the same for all keys, or learned, or holds small numbers only."""
        if COLUMN not in leaf.places or self.origins.origin(leaf.value) is Origin.WEIGHT:
            return True
        value = leaf.value
        passed = self.passed(value) if isinstance(value, BlockArgument) else value
        constant = None if passed is None else defining(passed, graph.ConstantOp)
        return constant is not None and constant.to_numpy().min(initial=0) > MASKED

    def _is_inlined(self, node: Apply) -> bool:
        """Whether to compute an expression without scores in the region: it takes less than loading its result."""
        if node.origin is None or not node.leaves:
            return True
        loaded = sum(elements_of(leaf.value) for leaf in node.leaves)
        return loaded < elements_of(node.origin.value) and _count(node, set()) <= INLINED_OPS

    def _loads(self, node: Node, seen: set[Node]) -> Iterator[Leaf]:
        """The tensors that the region reads."""
        if node in seen:
            return
        seen.add(node)
        if isinstance(node, Leaf) and node not in self.found.products:
            yield node
        elif isinstance(node, Apply):
            if node.origin is not None and not node.leaves & self.found.products and not self._is_inlined(node):
                yield node.origin
            else:
                for operand in node.operands:
                    yield from self._loads(operand, seen)

    def _check_whole(self, query: SSAValue, key: SSAValue, value: SSAValue) -> None:
        """See to it that no operand is repeated along its keys or features, which its arrangement leaves out."""
        (*lead, depth), (*_, keys, width) = shape_of(query), shape_of(value)
        repeated = shape_of(key)[-2:] != (self.found.cols, depth) or keys != self.found.cols
        if repeated or (width == 1 and prod(lead) != prod(shape_of(self.found.result))):
            raise Unfused("its keys or values are repeated along an axis")

    def result(self) -> SSAValue:
        """The value that takes the place of the attention that was found."""
        found, rewriter = self.found, self.rewriter
        query, key, scale = self._product()
        value = self._arranged(found.value, (COLUMN, WHOLE))
        element = max((element_of(one) for one in (query, key, value)), key=lambda one: DType.of(one).bits)
        query, key, value = (rewriter.cast(one, element) for one in (query, key, value))
        query = self._repeated(query)
        self._check_whole(query, key, value)
        sinks = None if found.sinks is None else self._arranged(found.sinks, (ROW, FIRST))
        kind = tensor((*shape_of(query)[:-1], found.cols), f32)
        emitter = self._region(kind)
        region = emitter.region.finish(emitter.emit(self.node))
        made = AttentionOp.make(
            query,
            key,
            value,
            emitter.operands,
            region,
            scale=scale,
            band=(self.band.lower, self.band.upper),
            guarded=found.guarded,
            sinks=sinks,
        )
        result = rewriter.insert(made).result
        if found.inner != 1:  # queries came before the innermost leading places
            rows, width = shape_of(result)[-2:]
            apart = rewriter.reshape(result, (found.count // found.inner, found.inner, rows, width))
            result = rewriter.add(graph.PermuteOp.make(apart, (0, 2, 1, 3)))
        wanted = list(shape_of(found.result))
        if found.turned:
            wanted[-2:] = [wanted[-1], wanted[-2]]
        wanted[-1] = shape_of(result)[-1]  # latents are not as wide as the values projected from them
        if shape_of(result) != tuple(wanted):
            result = rewriter.add(graph.ReshapeOp.make(result, wanted))
        if found.turned:
            rank = len(wanted)
            result = rewriter.add(graph.PermuteOp.make(result, [*range(rank - 2), rank - 1, rank - 2]))
        return rewriter.cast(result, element_of(found.result))

    def _region(self, kind: Tensor) -> Emitter:
        rewriter = self.rewriter

        def place(leaf: Leaf) -> SSAValue:
            value = self._arranged(leaf, (ROW, COLUMN))
            element = element_of(value)
            return value if is_float(element) or is_bool(element) else rewriter.cast(value, f32)

        region = ScoreRegion(kind, rewriter.location)
        return Emitter(region, self.found.products, place, self._is_inlined)

    def _product(self) -> tuple[SSAValue, SSAValue, float]:
        """Queries, keys and scale; several products are one of queries and keys behind one another."""
        parts = self.found.parts
        scale = parts[0].scale
        queries = [self._scaled(part, part.scale / scale) for part in parts]
        keys = [self._arranged(part.key, (COLUMN, WHOLE)) for part in parts]
        if len(parts) == 1:
            return queries[0], keys[0], scale
        return self._joined(queries), self._joined(keys), scale

    def _scaled(self, part: Part, factor: float) -> SSAValue:
        query = self._arranged(part.query, (ROW, WHOLE))
        if factor == 1.0:
            return query
        return self.rewriter.add(
            graph.MulOp.make(query, self.rewriter.splat(factor, tensor(shape_of(query), element_of(query))))
        )

    def _joined(self, values: list[SSAValue]) -> SSAValue:
        lead = [max(sizes) for sizes in zip(*(shape_of(value)[:-1] for value in values), strict=True)]
        element = max((element_of(value) for value in values), key=lambda one: DType.of(one).bits)
        spread = [self._spread(self.rewriter.cast(value, element), lead) for value in values]
        return self.rewriter.add(graph.ConcatOp.make(spread, len(lead)))

    def _spread(self, value: SSAValue, lead: list[int]) -> SSAValue:
        shape = (*lead, shape_of(value)[-1])
        same = shape_of(value) == shape
        return value if same else self.rewriter.add(graph.BroadcastOp.make(value, shape, range(len(shape))))

    def _repeated(self, query: SSAValue) -> SSAValue:
        """Queries of all leading places: those that several places share are repeated."""
        return self._spread(query, [*self.axes.sizes, *([] if self.folded else [self.found.rows])])

    def _arranged(self, leaf: Leaf, tail: tuple[Index, Index]) -> SSAValue:
        """A tensor along the leading axes and two more; single queries that share keys count as rows."""
        value = self.axes.arrange(leaf, tail, self.rewriter)
        if not self.folded:
            return value
        shape = shape_of(value)
        rows = shape[-3] if tail[0] == ROW else shape[-2]
        return self.rewriter.add(graph.ReshapeOp.make(value, (*shape[:-3], rows, shape[-1])))


def _count(node: Node, seen: set[Node]) -> int:
    """How many ops an expression takes."""
    if not isinstance(node, Apply) or node in seen:
        return 0
    seen.add(node)
    return 1 + sum(_count(operand, seen) for operand in node.operands)
