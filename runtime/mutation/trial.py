"""Tries one mutation: what it changes by independent accounts of order, and what simulator and sanitizer say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError
from runtime.functional.cross_flags import Endpoint
from runtime.functional.interpreter import run
from runtime.machine.description import load
from runtime.memory.gm import GlobalMemory
from runtime.mutation.mutants import Mutation
from runtime.mutation.order import hazards
from runtime.mutation.schedules import Replay, policies
from runtime.mutation.trace import LaunchRecorder, Recorder, Trace
from runtime.program import Program

Array = npt.NDArray[Any]


CONTENTS = ("never written", "out of bounds")
"""What reports say that are about the contents and the limits of buffers, not about order."""


@dataclass(frozen=True)
class Verdict:
    """What a program does.

    ``executed`` are the instructions that ran, scalar ones aside (kernel, core, index). ``refused`` is why it cannot
    run to its end (illegal, out of bounds, a deadlock, misused flags), ``faults`` what is not ordered by definition,
    ``diverging`` whether another schedule gave other results, ``reported`` the sanitizer's message, ``outputs`` the
    results in the simulator's own order.
    """

    executed: frozenset[tuple[str, str, int]]
    refused: str | None
    faults: tuple[str, ...]
    diverging: bool
    reported: str | None
    outputs: list[Array] | None

    def changes_results(self, sound: Verdict) -> bool:
        """Whether the results differ, bit by bit, from those of ``sound``."""
        if self.outputs is None or sound.outputs is None:
            return self.outputs is not sound.outputs
        return any(one.tobytes() != other.tobytes() for one, other in zip(self.outputs, sound.outputs, strict=True))

    @property
    def disordered(self) -> bool:
        """Whether the order of the program is wrong by any account but the sanitizer's."""
        return self.refused is not None or bool(self.faults) or self.diverging


def judge(program: Program, inputs: Sequence[Array], schedules: bool = False) -> Verdict:
    """Run a program with and without the sanitizer; with ``schedules`` also in other orders (an order of magnitude
    slower)."""
    machine = load(program.target)
    recorder = Rescheduler() if schedules else Recorder()
    refused, outputs = None, None
    try:
        outputs = run(program, inputs, machine, observe=recorder.launch)
    except SfumatoError as error:
        refused = str(error)
    faults = [hazard.why for launch in recorder.launches for hazard in hazards(launch)]
    faults += [stray for launch in recorder.launches for trace in launch for stray in trace.stray]
    reported = None
    try:
        run(program, inputs, machine, sanitize=True)
    except SfumatoError as error:
        reported = str(error)
    executed = frozenset(
        (trace.programs[step.core].kernel, trace.programs[step.core].core, step.index)
        for launch in recorder.launches
        for trace in launch
        for step in trace.steps
    )
    diverging = isinstance(recorder, Rescheduler) and recorder.diverging
    return Verdict(executed, refused, tuple(dict.fromkeys(faults)), diverging, reported, outputs)


def outcome(program: Program, mutation: Mutation, sound: Verdict, verdict: Verdict) -> str:
    """Name what became of a mutation of ``program``, from the verdicts on it before (``sound``) and after.

    refused: the program cannot run to its end, and says why. reported: it is wrong, and the sanitizer says so. value:
    only its results are wrong, which a comparison shows. equivalent: nothing changed; unreached: nor could it, as the
    instruction never runs. MISSED and FALSE are failures of the sanitizer: something wrong not reported, something
    reported that is not wrong.
    """
    if verdict.refused is not None:
        return "refused" if verdict.reported is not None else "MISSED"
    if verdict.disordered:
        return "reported" if verdict.reported is not None else "MISSED"
    if verdict.reported is not None:
        return "reported" if any(one in verdict.reported for one in CONTENTS) else "FALSE"
    if verdict.changes_results(sound):
        return "value"
    place = (program.kernels[mutation.kernel].name, mutation.core, mutation.index)
    return "equivalent" if place in sound.executed else "unreached"


class Rescheduler(Recorder):
    """Records a run, and runs each group of cores again in other orders; ``diverging`` says that one gave another
    result."""

    def __init__(self) -> None:
        """Start without divergence."""
        super().__init__()
        self.diverging = False

    def launch(self, kernel: str, gm: GlobalMemory) -> LaunchRecorder:
        """Return the observer of one launch."""
        recorder = _LaunchRescheduler(gm, self)
        self.launches.append(recorder.traces)
        return recorder


class _LaunchRescheduler(LaunchRecorder):
    def __init__(self, gm: GlobalMemory, owner: Rescheduler) -> None:
        super().__init__(gm)
        self._owner = owner
        self._before = self._contents()

    def _contents(self) -> list[Array]:
        return [one.data.copy() if one.data.flags.writeable else np.zeros(0, np.uint8) for one in self.gm.buffers]

    def _restore(self, contents: Sequence[Array]) -> None:
        for buffer, data in zip(self.gm.buffers, contents, strict=True):
            if buffer.data.flags.writeable:
                buffer.data[:] = data

    def group(self, places: Sequence[Endpoint]) -> None:
        """Run the group before again, then start a trace."""
        if self.traces:
            self._replay(self.traces[-1])
        super().group(places)

    def finish(self, left: Sequence[tuple[Endpoint, int, int]]) -> None:
        """Run the last group again."""
        super().finish(left)
        self._replay(self.traces[-1])

    def _replay(self, trace: Trace) -> None:
        """Run a group in every order of ``policies``."""
        after = self._contents()
        for policy in policies():
            self._restore(self._before)
            trace.poison()
            fault = Replay(trace).run(policy)
            same = all(np.array_equal(one, other) for one, other in zip(after, self._contents(), strict=True))
            if fault is not None or not same:
                self._owner.diverging = True
                break
        self._restore(after)
        self._before = after
