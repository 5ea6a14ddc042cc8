"""Arrays and the element grids they live on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from xdsl.ir import Operation, SSAValue

from dialects.dtypes import DType
from dialects.graph.types import element_of

Array: TypeAlias = npt.NDArray[Any]
"""A tensor's elements; bfloat16 is ml_dtypes' type."""

Meaning: TypeAlias = Callable[[Any, Sequence[Array]], tuple[Array, ...]]
"""What an op computes: results of the operation for the values of its operands."""


def dtype_of(value: SSAValue) -> DType:
    """The element type of a tensor value."""
    return DType.of(element_of(value))


def is_narrow(dtype: DType) -> bool:
    """Whether arithmetic is done in f32 and rounded after each op."""
    return dtype in (DType.f16, DType.bf16)


def widened(array: Array, dtype: DType) -> Array:
    """f16 and bf16 elements as f32, all others as they are."""
    return array.astype(np.float32) if is_narrow(dtype) else array


def rounded(array: Array, value: SSAValue) -> Array:
    """The elements rounded (integers wrapped) to the grid of a result."""
    with np.errstate(all="ignore"):
        return np.asarray(array).astype(dtype_of(value).numpy, copy=False)


def only(op: Operation, array: Array) -> tuple[Array, ...]:
    """The single result of an op, on its grid."""
    return (rounded(array, op.results[0]),)
