"""The backend of ``torch.compile(module, backend="sfumato")``: each graph that dynamo captures becomes a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from compiler.compile import Request, compile_model
from compiler.exported import TemporaryArchive, save_exported
from compiler.options import CompileOptions
from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.functional.interpreter import run
from runtime.launch import as_arrays, machine_of
from runtime.tensor_file import match_inputs

if TYPE_CHECKING:
    import torch

    Compiled = Callable[..., tuple[torch.Tensor, ...]]


def compile_graph(
    graph: torch.fx.GraphModule, examples: Sequence[Any], options: Mapping[str, Any] | None = None
) -> Compiled:
    """Return a function from the graph's inputs to its outputs that runs on the simulated NPU.

    Dynamo hands over parameters as inputs, so that what changes them later is seen. ``options`` are the fields of
    ``CompileOptions``. Only inference on fixed shapes is compiled; anything else raises ``SfumatoError``, which dynamo
    shows inside its own ``BackendCompilerFailed``.
    """
    import torch

    _check_inputs(examples)
    unknown = sorted((options or {}).keys() - CompileOptions.__dataclass_fields__.keys())
    if unknown:
        raise SfumatoError(f"torch.compile: there is no option {', '.join(unknown)} of backend 'sfumato'")
    try:
        exported = torch.export.export(graph, tuple(examples), strict=False)
    except Exception as error:
        raise SfumatoError(f"torch.export cannot export the graph: {str(error).strip().splitlines()[0]}") from error
    archive = save_exported(exported)
    compilation = compile_model(Request(archive.path, CompileOptions(**(options or {}))))
    if compilation.mutations:
        raise SfumatoError(
            f"torch.compile: the model writes {', '.join(compilation.mutations)}, which is not supported yet"
        )
    program = compilation.program
    assert program is not None
    if len(program.outputs()) != len(exported.graph_signature.user_outputs):
        raise SfumatoError("torch.compile: an output of the graph is no tensor, which is not supported yet")

    machine = machine_of(program)

    def call(*inputs: object, _archive: TemporaryArchive = archive) -> tuple[torch.Tensor, ...]:
        arrays = match_inputs(dict(enumerate(as_arrays(inputs))), program.inputs(), "torch.compile")
        return tuple(_tensor(array) for array in run(program, arrays, machine))

    return call


def _check_inputs(examples: Sequence[Any]) -> None:
    import torch

    for example in examples:
        if not isinstance(example, torch.Tensor):
            raise SfumatoError("torch.compile: only fixed shapes are supported: pass dynamic=False")
        if torch.is_grad_enabled() and example.requires_grad:
            raise SfumatoError("torch.compile: only inference is supported: call the model under torch.no_grad()")


def _tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    """Return the tensor of an array; torch takes bfloat16 by its bits."""
    import torch

    array = np.ascontiguousarray(array).reshape(array.shape)
    if DType.of_numpy(array.dtype) == DType.bf16:
        return torch.as_tensor(array.view(np.int16)).view(torch.bfloat16)
    return torch.as_tensor(array)
