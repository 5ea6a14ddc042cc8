"""One point of a sweep: compile, time, sum up. Runs in the workers; what goes in and out is plain data."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compiler.compile import Request, compile_model
from compiler.diagnostics import fault_message, first_line, raised_at
from compiler.options import CompileOptions

_ONE_AT_A_TIME = threading.Lock()
"""A cluster's worker may have several threads; the compiler is for one."""


@dataclass(frozen=True)
class Outcome:
    """What a point costs, in core cycles and microseconds, or why it could not be measured.

    `cube_utilization` is of the chip's peak; `bound` is what most of the time was spent in kernels bound by. `error`
    says why there are no figures; `is_bug` tells that it is Sfumato's fault, not the point's.
    """

    cycles: float = 0.0
    time_us: float = 0.0
    cube_utilization: float = 0.0
    bound: str = ""
    launch_cycles: float = 0.0
    hbm_bytes: int = 0
    error: str | None = None
    is_bug: bool = False

    def json(self) -> dict[str, Any]:
        """Return the fields; those without a figure are `None`."""
        fields = asdict(self)
        del fields["is_bug"]
        return fields if self.error is None else {**dict.fromkeys(fields), "error": self.error}


def measure(model: str, options: CompileOptions) -> Outcome:
    """Compile the exported model at path `model` and time it; failures become the outcome's `error`."""
    try:
        with _ONE_AT_A_TIME:
            return _measured(Path(model), options)
    except Exception as error:
        message = fault_message(error)
        if message is not None:
            return Outcome(error=message)
        return Outcome(error=f"{type(error).__name__}: {first_line(error)}, raised at {raised_at(error)}", is_bug=True)


def _measured(model: Path, options: CompileOptions) -> Outcome:
    from runtime.launch import machine_of
    from runtime.profile.report import profile_json
    from runtime.timing.simulator import simulate

    program = compile_model(Request(model, options)).program
    assert program is not None
    profile = profile_json(simulate(program, machine_of(program)))
    return Outcome(
        cycles=profile["cycles"],
        time_us=profile["time_us"],
        cube_utilization=profile["cube_utilization"],
        bound=_bound(profile["kernels"]),
        launch_cycles=profile["launch_cycles"],
        hbm_bytes=profile["hbm_bytes"],
    )


def _bound(kernels: list[dict[str, Any]]) -> str:
    """Return the bound of the kernels that take most of the time."""
    cycles: dict[str, float] = {}
    for kernel in kernels:
        cycles[kernel["bound"]] = cycles.get(kernel["bound"], 0.0) + kernel["cycles"]
    return max(cycles, key=lambda bound: cycles[bound], default="")
