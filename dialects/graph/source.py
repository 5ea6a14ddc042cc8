"""Ops without operands: where tensors come from."""

from __future__ import annotations

from typing import Self, cast

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from dialects.dtypes import DType
from dialects.graph.operation import GraphOp, axis_of, require, verify_tensor
from dialects.graph.types import Scalar, Tensor, element_of, is_bool, scalar_attr, type_of
from dialects.interned import i64_attr, text_attr


class SourceOp(GraphOp):
    """An op without operands: its result type is stated, not inferred."""

    def verify_(self) -> None:
        """Check the stated result type only."""
        for result in self.results:
            verify_tensor(result.type)


@irdl_op_definition
class WeightOp(SourceOp):
    """A parameter or buffer of the model, by its key in the archive.

    ```mlir
    %0 = graph.weight <{key = "h.0.attn.c_attn.weight"}> : tensor<768x2304xf32>
    ```
    """

    name = "graph.weight"
    result = result_def(TensorType)
    key = prop_def(StringAttr)

    @classmethod
    def make(cls, key: str, type: Tensor) -> Self:
        """Build a reference to the tensor ``key`` of ``type``."""
        return cls.create(result_types=(type,), properties={"key": text_attr(key)})


@irdl_op_definition
class ConstantOp(SourceOp):
    """A tensor known while compiling: one scalar for all elements (the usual case), or every element.

    ```mlir
    %0 = graph.constant <{value = 0.5 : bf16}> : tensor<2x4xbf16>
    %1 = graph.constant <{value = dense<[1, 2, 3]> : tensor<3xi64>}> : tensor<3xi64>
    ```
    """

    name = "graph.constant"
    result = result_def(TensorType)
    value = prop_def(Attribute)

    @classmethod
    def make(cls, value: Scalar, type: Tensor) -> Self:
        """Build a tensor of ``type`` whose elements are all ``value`` (rounded or wrapped to the element type)."""
        return cls.create(result_types=(type,), properties={"value": scalar_attr(value, type.element_type)})

    @classmethod
    def from_array(cls, array: npt.NDArray[np.generic], type: Tensor) -> Self:
        """Build a tensor of ``type`` with the elements of ``array``; one repeated element becomes a scalar."""
        dense = np.ascontiguousarray(array.astype(DType.of(type.element_type).numpy, copy=False))
        flat = dense.reshape(-1)
        if not flat.size:
            return cls.make(0, type)
        raw = flat.view(np.uint8).reshape(flat.size, -1)
        if bool((raw == raw[0]).all()):
            return cls.make(flat[0].item(), type)
        if is_bool(type.element_type):
            raw = np.where(raw != 0, 255, 0).astype(np.uint8)  # the textual form of true is all ones
        value = DenseIntOrFPElementsAttr(type, BytesAttr(raw.tobytes()))  # pyright: ignore[reportArgumentType]  # checked by verify_
        return cls.create(result_types=(type,), properties={"value": value})

    @property
    def elements(self) -> DenseIntOrFPElementsAttr[IntegerType] | None:
        """The listed elements (of whatever type), or None when a scalar fills the tensor."""
        listed = isinstance(self.value, DenseIntOrFPElementsAttr)
        return cast("DenseIntOrFPElementsAttr[IntegerType]", self.value) if listed else None

    @property
    def scalar(self) -> float | int | None:
        """The element that fills the whole tensor, or None when the elements are listed."""
        value = self.value
        if isinstance(value, FloatAttr):
            return value.value.data
        if isinstance(value, IntegerAttr):
            found = value.value.data
            return int(found != 0) if is_bool(element_of(self.result)) else found
        return None

    def to_numpy(self) -> npt.NDArray[np.generic]:
        """Return the elements as a read-only array of the numpy type of the element type (ml_dtypes for bf16)."""
        type = type_of(self.result)
        dtype, shape, elements = DType.of(type.element_type).numpy, type.get_shape(), self.elements
        if elements is None:
            return np.broadcast_to(np.asarray(self.scalar).astype(dtype), shape)
        raw = np.frombuffer(elements.data.data, np.uint8 if is_bool(type.element_type) else dtype)
        return raw.astype(dtype, copy=False).reshape(shape)

    def verify_(self) -> None:
        """Check that the value has the result's element type, and its shape when elements are listed."""
        super().verify_()
        type, elements, scalar = type_of(self.result), self.elements, self.scalar
        if elements is not None:
            require(elements.type == type, f"the elements have type {elements.type}, the result {type}")
        elif scalar is None:
            raise VerifyException(f"the value must be a number or dense elements, found {self.value}")
        else:
            same = self.value == scalar_attr(scalar, type.element_type)
            require(same, f"the value {self.value} cannot fill {type}")


@irdl_op_definition
class IotaOp(SourceOp):
    """Each element is its own index along one axis.

    ```mlir
    %0 = graph.iota <{axis = 1 : i64}> : tensor<2x4xi64>
    ```
    """

    name = "graph.iota"
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, type: Tensor, axis: int = 0) -> Self:
        """Build the indices along ``axis`` of a tensor of ``type``."""
        return cls.create(result_types=(type,), properties={"axis": i64_attr(axis)})

    def verify_(self) -> None:
        """Check the axis and that the elements can count."""
        super().verify_()
        type = type_of(self.result)
        axis_of(self.properties, type.get_num_dims())
        require(not is_bool(type.element_type), "bool elements cannot count")
