"""The attention dialect: attention kept whole, so that its algorithm can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import FloatAttr, StringAttr, TensorType, UnitAttr
from xdsl.ir import Attribute, Dialect, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_prop_def, prop_def, result_def

from dialects.graph.operation import GraphOp, Properties, number, require, text
from dialects.graph.types import Tensor, is_bool, is_float, tensor
from dialects.interned import UNIT, f64_attr

ALGORITHMS = ("standard", "flash", "amla", "pasa")
"""How attention may be computed; the values are the same up to rounding.

These are the names that the IR has. Which of them can be lowered is up to `attn-choose-algorithm`: `standard` and
`flash`; it refuses `amla` and `pasa`, which are not supported yet.
"""


@irdl_op_definition
class AttentionOp(GraphOp):
    """softmax(scale q k^T + mask) v for query heads that share key/value heads in equal groups.

    q is [B, H, Sq, D], k [B, Hkv, Sk, D], v [B, Hkv, Sk, Dv]; query head h uses key/value head h // (H / Hkv). The
    mask is [B | 1, H | 1, Sq | 1, Sk]: of ``i1``, True keeps a score; of floats, it is added to the scaled scores.
    ``causal`` keeps key j for query i only where j <= i (counted from the first of each). A query that keeps no key
    gives zeros. Arithmetic is in f32; the result is rounded once to q's element type. ``algorithm`` is absent until
    it is chosen.

    ```mlir
    %q, %k, %v = "test.op"() : () -> (tensor<1x8x37x64xf16>, tensor<1x2x64x64xf16>, tensor<1x2x64x64xf16>)
    %0 = attn.attention %q, %k, %v <{scale = 1.250000e-01 : f64, causal}>
      : (tensor<1x8x37x64xf16>, tensor<1x2x64x64xf16>, tensor<1x2x64x64xf16>) -> tensor<1x8x37x64xf16>
    ```
    """

    name = "attn.attention"
    query = operand_def(TensorType)
    key = operand_def(TensorType)
    value = operand_def(TensorType)
    mask = opt_operand_def(TensorType)
    result = result_def(TensorType)
    scale = prop_def(FloatAttr)
    causal = opt_prop_def(UnitAttr)
    algorithm = opt_prop_def(StringAttr)

    @classmethod
    def make(
        cls,
        query: SSAValue,
        key: SSAValue,
        value: SSAValue,
        mask: SSAValue | None = None,
        *,
        scale: float,
        causal: bool = False,
    ) -> Self:
        """Build attention whose algorithm is still open."""
        properties: dict[str, Attribute] = {"scale": f64_attr(float(scale))}
        if causal:
            properties["causal"] = UNIT
        operands = (query, key, value) if mask is None else (query, key, value, mask)
        return cls.inferred(operands, properties)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return [B, H, Sq, Dv] with the query's element type."""
        query, key, value = operands[:3]
        number(properties, "scale")
        if "algorithm" in properties:
            text(properties, "algorithm", ALGORITHMS)
        q, k, v = query.get_shape(), key.get_shape(), value.get_shape()
        require(len(q) == len(k) == len(v) == 4, f"q, k, v need four axes, found {query}, {key}, {value}")
        element = query.element_type
        same = element == key.element_type == value.element_type and is_float(element)
        require(same, f"q, k, v need one float element type, found {query}, {key}, {value}")
        require(q[0] == k[0] == v[0] and k[1:3] == v[1:3] and q[3] == k[3], f"{query}, {key}, {value} do not fit")
        require(k[1] > 0 and q[1] % k[1] == 0, f"{q[1]} query heads do not share {k[1]} key heads in equal groups")
        if len(operands) == 4:
            _verify_mask(operands[3], (*q[:3], k[2]), element)
        return (tensor((*q[:3], v[3]), element),)


def _verify_mask(mask: Tensor, scores: tuple[int, ...], element: Attribute) -> None:
    shape = mask.get_shape()
    fits = len(shape) == 4 and all(size in (1, full) for size, full in zip(shape, scores, strict=True))
    require(fits and shape[3] == scores[3], f"mask {mask} does not fit scores of shape {list(scores)}")
    require(is_bool(mask.element_type) or mask.element_type == element, f"mask {mask} must be i1 or {element}")


Attn = Dialect("attn", [AttentionOp])
