"""Sfumato compiles exported PyTorch models for a simulated cube/vector NPU: values equal to PyTorch's, and cycles.

import sfumato

program = sfumato.compile("model.pt2", target="ascend910b3")   # or the result of torch.export.export
outputs = program.run(x)                                        # numpy arrays
profile = program.profile()                                     # the fields of `sfumato profile --json`
program.save("model.sfu")
program = sfumato.load("model.sfu")
fast = torch.compile(module, backend="sfumato")                 # for inference: call it under torch.no_grad()
report = sfumato.sweep("model.pt2", {"aic": [20, 24], "l1_kib": [256, 512]})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from compiler.compile import Compilation, Request, compile_model
from compiler.exported import TemporaryArchive, save_exported
from compiler.options import CompileOptions
from dialects.errors import SfumatoError
from runtime import launch
from runtime.program import Program as _Program
from runtime.tensor_file import match_inputs

__all__ = ["Program", "SfumatoError", "compile", "load", "sweep"]


@dataclass(frozen=True)
class Program:
    """A compiled model.

    ``compilation`` is the compiler's report, ``None`` for a program that was loaded. ``archive`` owns the file that
    weights are read from when an ``ExportedProgram`` was compiled, ``None`` when they are in a file of the user's.
    """

    compiled: _Program
    compilation: Compilation | None = None
    archive: TemporaryArchive | None = field(default=None, repr=False)

    def run(self, *inputs: object, sanitize: bool = False) -> list[npt.NDArray[Any]]:
        """Compute the outputs from positional inputs: numpy arrays or torch tensors of the exported types and shapes.

        With ``sanitize`` an access that no flag orders is an error. Bad inputs raise ``SfumatoError``.
        """
        arrays = dict(enumerate(launch.as_arrays(inputs)))
        return launch.run(self.compiled, match_inputs(arrays, self.compiled.inputs(), "run"), sanitize).outputs

    def profile(
        self,
        trace: str | Path | None = None,
        csv: str | Path | None = None,
        report: str | Path | None = None,
        ir: str | Path | None = None,
    ) -> dict[str, Any]:
        """Time the program without computing values; return the fields of `sfumato profile --json`.

        ``trace`` names a Chrome/Perfetto trace to write, ``csv`` a directory for tables with msprof's columns,
        ``report`` an HTML page, which shows the IR of the directory ``ir`` that ``compile(dump_ir=...)`` wrote.
        """
        from runtime.profile.profiling import Outputs, profile
        from runtime.profile.report import profile_json

        return profile_json(profile(self.compiled, Outputs(trace, csv=csv, report=report, ir=ir)))

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
    attention_splits: int = CompileOptions.attention_splits,
    dump_ir: str | Path | None = None,
) -> Program:
    """Compile the path of a ``.pt2`` archive or a ``torch.export.ExportedProgram``; options as ``sfumato compile``
    has them."""
    options = CompileOptions(
        target=target,
        precision=precision,
        quantize=quantize,
        attention=attention,
        attention_splits=attention_splits,
    )
    if isinstance(model, (str, Path)):
        archive, path = None, Path(model)
    else:
        archive = save_exported(model)
        path = archive.path
    compilation = compile_model(Request(path, options, dump_directory=None if dump_ir is None else Path(dump_ir)))
    assert compilation.program is not None
    return Program(compilation.program, compilation, archive)


def load(path: str | Path) -> Program:
    """Load a ``.sfu`` file; a damaged one raises ``SfumatoError``."""
    return Program(_Program.load(path))


def sweep(
    model: str | Path,
    axes: Mapping[str, Iterable[object]],
    *,
    target: str = CompileOptions.target,
    precision: str = CompileOptions.precision,
    quantize: str = CompileOptions.quantize,
    attention: str = CompileOptions.attention,
    jobs: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Compile and time a ``.pt2`` on every combination of the axes' values; returns what ``sfumato sweep --json`` does.

    Points are measured by ``jobs`` processes (default: one a core) or by the workers of a Dask ``scheduler``. Processes
    import the calling script: it needs ``if __name__ == "__main__":``.
    """
    from compiler.sweep.grid import parse_axis, points_of
    from compiler.sweep.report import Sweep
    from compiler.sweep.run import executor_for, run_points

    parsed = tuple(parse_axis(f"{key}={','.join(map(str, values))}") for key, values in axes.items())
    options = CompileOptions(target=target, precision=precision, quantize=quantize, attention=attention)
    points = tuple(points_of(parsed, options))
    with executor_for(jobs, scheduler) as executor:
        outcomes = run_points(Path(model), points, executor)
    return Sweep(Path(model), parsed, points, tuple(outcomes)).json()
