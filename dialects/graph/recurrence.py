"""A computation that walks an axis and carries values along it: flash attention, online reductions."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import HasParent, IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from dialects.graph.types import shape_of


@irdl_op_definition
class RecurrenceOp(IRDLOperation):
    """Apply the body to consecutive chunks of an axis, carrying values from one to the next.

    `axes` gives, for each of `ins`, the axis that is walked (-1: all of it is seen every time). The body's arguments
    are the carried values, then the inputs; it is written for one chunk that is the whole axis, and must mean the same
    however the axis is cut. The results are the values carried out of the last chunk.

    `lower` and `upper` say that element j of the walked axis leaves what is carried for i, which counts along the last
    axis of the first carried value, as it is unless lower <= j - i <= upper: chunks without any other may be skipped.

    `chunk` fixes where the axis is cut, for a body that does depend on it: each chunk but the last has that many
    elements.

    ```mlir
    %z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
    %s = graph.recurrence axes [1] carry(%z) ins(%x) {
    ^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
      %p = graph.reduce %e <{kind = "add", axes = array<i64: 1>}> : (tensor<4x9xf32>) -> tensor<4xf32>
      %t = graph.add %c, %p : tensor<4xf32>
      graph.yield %t : tensor<4xf32>
    } : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>
    ```
    """

    name = "graph.recurrence"
    axes = prop_def(DenseArrayBase.constr(i64))
    lower = opt_prop_def(IntegerAttr.constr(i64))
    upper = opt_prop_def(IntegerAttr.constr(i64))
    chunk = opt_prop_def(IntegerAttr.constr(i64))
    carried = var_operand_def(TensorType)
    ins = var_operand_def(TensorType)
    finals = var_result_def(TensorType)
    body = region_def("single_block")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())
    assembly_format = (
        "`axes` $axes (`lower` $lower^)? (`upper` $upper^)? (`chunk` $chunk^)? `carry` `(` $carried `)`"
        " `ins` `(` $ins `)` $body attr-dict `:` `(` type($carried) `)` `over` `(` type($ins) `)` `->` type($finals)"
    )

    @property
    def yielded(self) -> tuple[SSAValue, ...]:
        """What the body hands to the next chunk."""
        last = self.body.block.last_op
        assert last is not None
        return tuple(last.operands)

    def verify_(self) -> None:
        """Carried values keep their types; walked axes exist and agree in size."""
        types = tuple(value.type for value in self.carried)
        arguments = tuple(argument.type for argument in self.body.block.args)
        if arguments != (*types, *(value.type for value in self.ins)):
            raise VerifyException("the body's arguments are the carried values, then the inputs")
        if tuple(value.type for value in self.yielded) != types or tuple(r.type for r in self.finals) != types:
            raise VerifyException("carried values, yielded values and results have the same types")
        axes = self.axes.get_values()
        if len(axes) != len(self.ins):
            raise VerifyException("one axis for each input")
        sizes: set[int] = set()
        for value, axis in zip(self.ins, axes, strict=True):
            shape = shape_of(value)
            if not -1 <= axis < len(shape):
                raise VerifyException(f"axis {axis} is outside {value.type}")
            if axis >= 0:
                sizes.add(shape[axis])
        if self.chunk is not None and self.chunk.value.data < 1:
            raise VerifyException(f"a chunk has at least one element, found {self.chunk.value.data}")
        if len(sizes) != 1:
            raise VerifyException(f"the walked axes must have one size, found {sorted(sizes)}")


@irdl_op_definition
class YieldOp(IRDLOperation):
    """What a recurrence carries to the next chunk.

    ```mlir
    %z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
    %s = graph.recurrence axes [1] carry(%z) ins(%x) {
    ^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
      graph.yield %c : tensor<4xf32>
    } : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>
    ```
    """

    name = "graph.yield"
    values = var_operand_def(TensorType)
    traits = traits_def(IsTerminator(), HasParent(RecurrenceOp), Pure())
    assembly_format = "$values `:` type($values) attr-dict"
