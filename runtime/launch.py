"""Runs a program on both simulators: the functional one for the values, the timing one for the cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.compare import TOLERANCES, Comparison, compare, cosine
from runtime.machine.description import Machine, load
from runtime.program import Program

if TYPE_CHECKING:
    from runtime.functional.overflow import OverflowWatch

Array = npt.NDArray[Any]

QUANTIZED_COSINE = 0.999
"""A quantised program agrees with its reference when the cosine of each output with it is at least this."""


@dataclass(frozen=True)
class RunResult:
    """The values of a run and what it cost; ``setup_cycles`` are spent once, when the program is loaded. ``notes`` are
    what the sanitizer found that is no fault, ``overflows`` watched the results if that was asked for."""

    outputs: list[Array]
    cycles: float
    time_us: float
    setup_cycles: float = 0.0
    notes: tuple[str, ...] = ()
    overflows: OverflowWatch | None = None

    def json(self, comparisons: Sequence[Comparison], ok: bool) -> dict[str, Any]:
        """Return the report that ``run --json`` prints."""
        report: dict[str, Any] = {
            "ok": ok,
            "outputs": [one.json() for one in comparisons],
            "cycles": self.cycles,
            "time_us": self.time_us,
            "setup_cycles": self.setup_cycles,
            "notes": list(self.notes),
        }
        if self.overflows is not None:
            first = self.overflows.first
            report["overflow"] = None if first is None else first.json()
        return report


def machine_of(program: Program) -> Machine:
    """Return the machine a program was compiled for; its memory must hold the program's buffers."""
    machine = load(program.target)
    if program.gm_bytes > machine.memory.gm_bytes:
        raise SfumatoError(
            f"the program needs {program.gm_bytes} bytes of global memory, "
            f"{program.target} has {machine.memory.gm_bytes}"
        )
    return machine


def run(program: Program, inputs: Sequence[Array], sanitize: bool = False, report_overflow: bool = False) -> RunResult:
    """Compute a program's outputs from its positional inputs and count its cycles.

    ``inputs`` have the types and shapes of ``program.inputs()``. With ``sanitize`` every ordering hazard is an error,
    with ``report_overflow`` the first result that exceeds its float format is remembered.
    """
    from runtime.functional.interpreter import run as run_functional
    from runtime.functional.overflow import OverflowWatch
    from runtime.sanitizer.launch import Sanitizer
    from runtime.timing.simulator import simulate

    machine = machine_of(program)
    if program.external_keys:
        raise SfumatoError("the program's weights are outside of its file; name the model with --weights X.pt2")
    sanitizer = Sanitizer()
    observe = sanitizer.launch if sanitize else None
    overflows = OverflowWatch() if report_overflow else None
    outputs = run_functional(program, inputs, machine, sanitize=sanitize, observe=observe, overflows=overflows)
    timeline = simulate(program, machine)
    setup_cycles = 0.0 if timeline.setup is None else timeline.setup.cycles
    time_us = machine.time_us(timeline.cycles)
    return RunResult(outputs, timeline.cycles, time_us, setup_cycles, tuple(sanitizer.notes), overflows)


def working_type(program: Program, output: Array) -> str:
    """Return the coarsest float type that took part: of the output, the weights and inputs, and the precision
    compiled for.

    A tolerance is the one of this type: an f32 output computed from bf16 weights is as good as bf16.
    """
    name = DType.of_numpy(output.dtype).name
    if name not in TOLERANCES:
        return name
    precisions = {"fp16": "f16", "bf16": "bf16", "hf32": "f16"}  # hf32 keeps a bit more than f16
    names = [name, precisions.get(str(program.metadata.get("precision")), name)]
    names += [buffer.dtype for buffer in program.buffers if buffer.kind in ("weight", "input")]
    return max((one for one in names if one in TOLERANCES), key=lambda one: (TOLERANCES[one], one))


def check_outputs(
    program: Program,
    outputs: Sequence[Array],
    expected: Sequence[Array],
    absolute: float | None = None,
    relative: float | None = None,
) -> tuple[list[Comparison], bool]:
    """Compare outputs with expected ones; returns the comparisons and whether all agree.

    Without ``absolute`` and ``relative``: the table of tolerances, or the cosine for a quantised program.
    """
    comparisons = [
        compare(actual, wanted, absolute, relative, working_type(program, actual))
        for actual, wanted in zip(outputs, expected, strict=True)
    ]
    if absolute is None and relative is None and program.metadata.get("quantize", "none") != "none":
        return comparisons, all(cosine(a, e) >= QUANTIZED_COSINE for a, e in zip(outputs, expected, strict=True))
    return comparisons, all(one.ok for one in comparisons)


def as_arrays(values: Sequence[object]) -> list[Array]:
    """Return arrays of array-likes (numpy arrays, numbers, torch tensors on the CPU, bfloat16 included)."""
    return [_as_array(value) for value in values]


def _as_array(value: Any) -> Array:
    if isinstance(value, np.ndarray):
        return cast(Array, value)
    if type(value).__module__.split(".")[0] == "torch":
        # torch cannot give bfloat16 to numpy; its bits it can. Nothing of torch is imported here.
        tensor = value.detach().cpu().contiguous()
        if str(tensor.dtype) == "torch.bfloat16":
            bits: Array = tensor.view(dtype=_int16_of(tensor)).numpy()
            return bits.view(DType.bf16.numpy)
        return tensor.numpy()
    return np.asarray(value)


def _int16_of(tensor: Any) -> Any:
    return tensor.new_zeros(0).short().dtype
