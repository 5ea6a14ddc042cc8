"""The attention dialect: attention kept whole, so that its algorithm can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr, TensorType, UnitAttr, f32, i64
from xdsl.ir import Attribute, Block, Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    opt_region_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import HasParent, IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from dialects.graph.operation import GraphOp, Properties, integer, number, require, text
from dialects.graph.types import Tensor, is_float, shape_of, tensor, type_of
from dialects.interned import UNIT, f64_attr, i64_attr

ALGORITHMS = ("standard", "flash", "amla", "pasa")
"""How attention may be computed; the values are the same up to rounding."""


@irdl_op_definition
class AttentionOp(GraphOp):
    """softmax(score(scale q k^T)) v, with keys hidden outside a band.

    q is [L.., Sq, D], k [L.., Sk, D], v [L.., Sk, Dv]. A leading axis of k or v is that of q or has one element, which
    all of q's share: grouped queries are q [B, Hkv, group, Sq, D] and k [B, Hkv, 1, Sk, D].

    The region, if there is one, maps the scaled scores, f32 [L.., Sq, Sk], and the operands after v to scores of the
    same type, each from its own place only: biases, soft-caps, masks, whatever their order. Its ops have the scores'
    shape; it begins with broadcasts of the operands, whose axes are those of the scores or have one element.

    Query i keeps key j only where lower <= j - i <= upper (a bound that is absent hides nothing): causal attention is
    upper = 0, a causal window of w keys has lower = 1 - w too. A query without any key of a finite score gives NaN as
    softmax does, with `guarded` zeros. With `sinks` the last operand, [L.., Sq | 1, 1], is one more score of each
    query, whose key has a value of zeros.

    Arithmetic is in f32; the result is rounded once to q's element type. `algorithm` is absent until it is chosen.

    ```mlir
    %q, %k, %v = "test.op"() : () -> (tensor<1x8x37x64xf16>, tensor<1x8x64x64xf16>, tensor<1x8x64x64xf16>)
    %slopes = "test.op"() : () -> tensor<1x8x1x64xf32>
    %0 = attn.attention %q, %k, %v, %slopes <{scale = 1.250000e-01 : f64, upper = 0 : i64}> {
    ^bb0(%s: tensor<1x8x37x64xf32>, %b: tensor<1x8x1x64xf32>):
      %1 = graph.broadcast %b <{dims = array<i64: 0, 1, 2, 3>}> : (tensor<1x8x1x64xf32>) -> tensor<1x8x37x64xf32>
      %2 = graph.add %s, %1 : tensor<1x8x37x64xf32>
      attn.yield %2 : tensor<1x8x37x64xf32>
    } : (tensor<1x8x37x64xf16>, tensor<1x8x64x64xf16>, tensor<1x8x64x64xf16>, tensor<1x8x1x64xf32>)
      -> tensor<1x8x37x64xf16>
    ```
    """

    name = "attn.attention"
    HAS_REGION: ClassVar[bool] = True
    query = operand_def(TensorType)
    key = operand_def(TensorType)
    value = operand_def(TensorType)
    others = var_operand_def(TensorType)
    result = result_def(TensorType)
    scale = prop_def(FloatAttr)
    lower = opt_prop_def(IntegerAttr.constr(i64))
    upper = opt_prop_def(IntegerAttr.constr(i64))
    guarded = opt_prop_def(UnitAttr)
    sinks = opt_prop_def(UnitAttr)
    algorithm = opt_prop_def(StringAttr)
    score = opt_region_def("single_block")

    @classmethod
    def make(
        cls,
        query: SSAValue,
        key: SSAValue,
        value: SSAValue,
        extras: Sequence[SSAValue] = (),
        score: Region | None = None,
        *,
        scale: float,
        band: tuple[int | None, int | None] = (None, None),
        guarded: bool = False,
        sinks: SSAValue | None = None,
    ) -> Self:
        """Build attention whose algorithm is still open; ``extras`` are what the region ``score`` reads."""
        properties: dict[str, Attribute] = {"scale": f64_attr(float(scale))}
        for name, bound in zip(("lower", "upper"), band, strict=True):
            if bound is not None:
                properties[name] = i64_attr(bound)
        for name, present in (("guarded", guarded), ("sinks", sinks is not None)):
            if present:
                properties[name] = UNIT
        operands = (query, key, value, *extras, *(() if sinks is None else (sinks,)))
        types = cls.infer([type_of(operand) for operand in operands], properties)
        regions = [] if score is None else [score]
        return cls.create(operands=operands, result_types=types, properties=properties, regions=regions)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return [L.., Sq, Dv] with the query's element type."""
        query, key, value = operands[:3]
        number(properties, "scale")
        if "algorithm" in properties:
            text(properties, "algorithm", ALGORITHMS)
        q, k, v = query.get_shape(), key.get_shape(), value.get_shape()
        require(len(q) == len(k) == len(v) >= 2, f"q, k, v need one rank of at least 2, found {query}, {key}, {value}")
        element = query.element_type
        same = element == key.element_type == value.element_type and is_float(element)
        require(same, f"q, k, v need one float element type, found {query}, {key}, {value}")
        require(k[-2] == v[-2] and q[-1] == k[-1], f"{query}, {key}, {value} do not fit")
        for shared in (key, value):
            fits = _repeats(shared.get_shape()[:-2], q[:-2])
            require(fits, f"the leading axes of {shared} neither are those of {query} nor have one element")
        scores = (*q[:-1], k[-2])
        sinks = "sinks" in properties
        for index, extra in enumerate(operands[3:], start=3):
            whole = (*q[:-1], 1) if sinks and index == len(operands) - 1 else scores
            require(_repeats(extra.get_shape(), whole), f"operand {extra} does not fit scores of shape {list(whole)}")
        return (tensor((*q[:-1], v[-1]), element),)

    @property
    def extras(self) -> Sequence[SSAValue]:
        """What the region reads besides the scores."""
        return self.others[:-1] if self.sinks is not None else self.others

    @property
    def sink_scores(self) -> SSAValue | None:
        """The score of each query's sink, if there are sinks."""
        return self.others[-1] if self.sinks is not None else None

    @property
    def band(self) -> tuple[int | None, int | None]:
        """The least and the largest j - i of a key j that query i keeps; None where there is no bound."""
        lower, upper = (None if bound is None else bound.value.data for bound in (self.lower, self.upper))
        return lower, upper

    @property
    def scores(self) -> Tensor:
        """The type of the scores."""
        return tensor((*shape_of(self.query)[:-1], shape_of(self.key)[-2]), f32)

    @property
    def body(self) -> Block | None:
        """The block that maps the scores, if they are changed at all."""
        return None if self.score is None else self.score.block

    def verify_(self) -> None:
        """Check the operands, and that the region maps scores to scores."""
        super().verify_()
        for name in ("lower", "upper"):
            if name in self.properties:
                integer(self.properties, name)
        block = self.body
        if block is None:
            require(not self.extras, "operands after v need a region that reads them")
            return
        expected = (self.scores, *(extra.type for extra in self.extras))
        require(tuple(block.arg_types) == expected, "the region takes the scores, then the operands after v")
        last = block.last_op
        given = tuple(last.operand_types) if isinstance(last, YieldOp) else ()
        require(given == (self.scores,), f"the region ends with attn.yield of {self.scores}")
        for op in block.ops:
            _verify_inner(op, self.scores)


def _verify_inner(op: Operation, scores: Tensor) -> None:
    if isinstance(op, YieldOp):
        return
    if not isinstance(op, GraphOp) or any(shape_of(result) != scores.get_shape() for result in op.results):
        raise VerifyException(f"'{op.name}' in the region is no graph op of shape {list(scores.get_shape())}")


def _repeats(shape: Sequence[int], whole: Sequence[int]) -> bool:
    """Whether a tensor of ``shape`` is repeated to ``whole`` along axes of one element."""
    return len(shape) == len(whole) and all(size in (1, full) for size, full in zip(shape, whole, strict=True))


@irdl_op_definition
class YieldOp(IRDLOperation):
    """The scores that softmax is taken of.

    ```mlir
    %q = "test.op"() : () -> tensor<1x8x37x64xf16>
    %0 = attn.attention %q, %q, %q <{scale = 1.000000e+00 : f64}> {
    ^bb0(%s: tensor<1x8x37x37xf32>):
      attn.yield %s : tensor<1x8x37x37xf32>
    } : tensor<1x8x37x64xf16>
    ```
    """

    name = "attn.yield"
    scores = operand_def(TensorType)
    traits = traits_def(IsTerminator(), HasParent(AttentionOp), Pure())
    assembly_format = "$scores `:` type($scores) attr-dict"


Attn = Dialect("attn", [AttentionOp, YieldOp])
"""Attention: recognition and choice of algorithm."""
