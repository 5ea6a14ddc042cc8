"""Kernels of the kernel level, lowered to instructions and run on the functional simulator with the sanitizer on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType

from dialects.dtypes import DType
from dialects.isa.encoding import encode
from dialects.isa.structure import KernelOp
from passes.isa.convert_kernel_to_isa import ConvertKernelToIsa
from passes.kernel.kernel_insert_sync import KernelInsertSync
from passes.kernel.kernel_plan_memory import KernelPlanMemory
from runtime.functional.interpreter import run_kernel
from runtime.machine.description import load
from runtime.program import Argument, Kernel

LowerModule = Callable[[ModuleOp], KernelOp]
RunLowered = Callable[[KernelOp, Sequence[np.ndarray]], Kernel]


@pytest.fixture(scope="session")
def lower_module() -> LowerModule:
    """Lower a module of one kernel to the isa level, verifying after each pass."""

    def lower(module: ModuleOp) -> KernelOp:
        for step in (KernelPlanMemory(), KernelInsertSync(), ConvertKernelToIsa()):
            module.verify()
            step.apply(Context(), module)
        module.verify()
        (kernel,) = module.body.block.ops
        assert isinstance(kernel, KernelOp)
        return kernel

    return lower


@pytest.fixture(scope="session")
def run_lowered() -> RunLowered:
    """Encode a lowered kernel and run it on arrays; arguments of direction out are written in place."""

    def run(kernel: KernelOp, arrays: Sequence[np.ndarray]) -> Kernel:
        encoded = encoded_kernel(kernel)
        run_kernel(encoded, arrays, load("ascend910b3"), sanitize=True)
        return encoded

    return run


def encoded_kernel(kernel: KernelOp) -> Kernel:
    arguments: list[Argument] = []
    for entry in kernel.arguments:
        tensor = entry.data["type"]
        assert isinstance(tensor, TensorType)
        dtype = DType.of(tensor.element_type)
        arguments.append(
            Argument(entry.data["name"].data, dtype.name, tensor.get_shape(), entry.data["direction"].data)
        )
    code = {core: encode(program.instructions()) for core, program in kernel.programs().items()}
    return Kernel(kernel.sym_name.data, kernel.kind.data, kernel.blocks.value.data, arguments, **code)
