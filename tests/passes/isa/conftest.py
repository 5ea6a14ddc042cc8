"""Runs hand-written kernels of the kernel level on the functional simulator, with the sanitizer on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.parser import Parser

from compiler.universe import make_context
from dialects.dtypes import DType
from dialects.isa.encoding import encode
from dialects.isa.structure import KernelOp
from passes.isa.convert_kernel_to_isa import ConvertKernelToIsa
from passes.kernel.kernel_insert_sync import KernelInsertSync
from passes.kernel.kernel_plan_memory import KernelPlanMemory
from runtime.functional.interpreter import run_kernel
from runtime.machine.description import load
from runtime.program import Argument, Kernel

RunKernel = Callable[[str, Sequence[np.ndarray]], Kernel]


def lower(text: str) -> KernelOp:
    context = make_context()
    module = Parser(context, text).parse_module()
    for step in (KernelPlanMemory(), KernelInsertSync(), ConvertKernelToIsa()):
        module.verify()
        step.apply(context, module)
    module.verify()
    assert isinstance(module, ModuleOp)
    (kernel,) = module.body.block.ops
    assert isinstance(kernel, KernelOp)
    return kernel


def program_of(kernel: KernelOp) -> Kernel:
    arguments = []
    for entry in kernel.arguments:
        tensor = entry.data["type"]
        assert isinstance(tensor, TensorType)
        dtype = DType.of(tensor.element_type)
        arguments.append(
            Argument(entry.data["name"].data, dtype.name, tensor.get_shape(), entry.data["direction"].data)
        )
    code = {core: encode(program.instructions()) for core, program in kernel.programs().items()}
    return Kernel(kernel.sym_name.data, kernel.kind.data, kernel.blocks.value.data, arguments, **code)


@pytest.fixture(scope="session")
def lower_text() -> Callable[[str], KernelOp]:
    """Lower one kernel's text to the isa level."""
    return lower


@pytest.fixture(scope="session")
def run_text() -> RunKernel:
    """Lower one kernel's text and run it on arrays; arguments of direction out are written in place."""

    def run(text: str, arrays: Sequence[np.ndarray]) -> Kernel:
        kernel = program_of(lower(text))
        run_kernel(kernel, arrays, load("ascend910b3"), sanitize=True)
        return kernel

    return run
