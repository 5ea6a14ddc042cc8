"""Sfumato compiles exported PyTorch models for a simulated cube/vector NPU: values equal to PyTorch's, and cycles.

import sfumato

program = sfumato.compile("model.pt2", target="ascend910b3")   # or the result of torch.export.export
outputs = program.run(x)                                        # numpy arrays
profile = program.profile()                                     # the fields of `sfumato profile --json`
program.save("model.sfu")
program = sfumato.load("model.sfu")
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from compiler.compile import Compilation, Request, compile_model
from compiler.options import CompileOptions
from dialects.errors import SfumatoError
from runtime import launch
from runtime.program import Program as _Program
from runtime.tensor_file import match_inputs

__all__ = ["Program", "SfumatoError", "compile", "load"]


@dataclass(frozen=True)
class Program:
    """A compiled model. ``compilation`` is the compiler's report, ``None`` for a program that was loaded."""

    compiled: _Program
    compilation: Compilation | None = None
    _files: list[Any] = field(default_factory=list[Any], repr=False)

    def run(self, *inputs: object, sanitize: bool = False) -> list[npt.NDArray[Any]]:
        """Compute the outputs from positional inputs: numpy arrays or torch tensors of the exported types and shapes.

        With ``sanitize`` an access that no flag orders is an error. Bad inputs raise ``SfumatoError``.
        """
        arrays = dict(enumerate(launch.as_arrays(inputs)))
        return launch.run(self.compiled, match_inputs(arrays, self.compiled.inputs(), "run"), sanitize).outputs

    def profile(self, trace: str | Path | None = None) -> dict[str, Any]:
        """Time the program without computing values; ``trace`` names a Chrome/Perfetto trace to write."""
        from runtime.profile.report import profile_json
        from runtime.profile.trace import write
        from runtime.timing.simulator import simulate

        timeline = simulate(self.compiled, launch.machine_of(self.compiled), record_trace=trace is not None)
        if trace is not None:
            write(trace, timeline)
        return profile_json(timeline)

    def save(self, path: str | Path, external_weights: bool = False) -> None:
        """Write a ``.sfu`` file; with ``external_weights`` the weights stay in the exported model."""
        self.compiled.save(path, external_weights)


def compile(
    model: object,
    *,
    target: str = CompileOptions.target,
    precision: str = CompileOptions.precision,
    quantize: str = CompileOptions.quantize,
    attention: str = CompileOptions.attention,
    dump_ir: str | Path | None = None,
) -> Program:
    """Compile the path of a ``.pt2`` archive or a ``torch.export.ExportedProgram``; options as ``sfumato compile``
    has them."""
    options = CompileOptions(target=target, precision=precision, quantize=quantize, attention=attention)
    files: list[Any] = []
    if isinstance(model, (str, Path)):
        path = Path(model)
    else:
        path = _save_exported(model, files)
    compilation = compile_model(Request(path, options, dump_directory=None if dump_ir is None else Path(dump_ir)))
    assert compilation.program is not None
    return Program(compilation.program, compilation, files)


def _save_exported(model: object, files: list[Any]) -> Path:
    """Write an exported program to a temporary archive, which lives as long as ``files``: weights are used in place."""
    if type(model).__name__ != "ExportedProgram":
        raise SfumatoError(f"compile takes a .pt2 path or a torch.export.ExportedProgram, not a {type(model).__name__}")
    import torch

    directory = tempfile.TemporaryDirectory(prefix="sfumato-")
    files.append(directory)
    path = Path(directory.name) / "model.pt2"
    torch.export.save(model, path)  # pyright: ignore[reportArgumentType]  (checked by name: torch is no dependency)
    return path


def load(path: str | Path) -> Program:
    """Load a ``.sfu`` file; a damaged one raises ``SfumatoError``."""
    return Program(_Program.load(path))
