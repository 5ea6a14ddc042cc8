"""Writes a timeline in the Trace Event Format that Chrome (chrome://tracing) and Perfetto read.

A process is a core, its threads are its pipes, in the order in which data pass them; PIPE-S shows which kernel the core
runs. One more process has the launches. Flags are flow events (arrows) from the instruction before the set to the one
after the wait. Times are microseconds, cut to nanoseconds as the viewers do, so that spans of a pipe never overlap. The
events are written as they are made: a trace needs no memory of its own, and a name that ends in `.gz` is compressed.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

from dialects.errors import SfumatoError
from dialects.isa.fields import Pipe
from dialects.kernel import INTRINSICS
from runtime.atomic_file import atomic_output
from runtime.decoding import CoreProgram, decode_kernel
from runtime.profile.spans import PIPE_ORDER, arrows, core_number
from runtime.program import Kernel
from runtime.timing.result import QUEUES, CoreTrace, TimedLaunch, Timeline

LAUNCHES = 0
"""Process number of the launches; cores count from 1."""

_BATCH = 4096
_COMPRESSION = 5


def write(path: str | Path, timeline: Timeline, kernels: Sequence[str] = ()) -> None:
    """Write the trace; the timeline must come from `simulate(..., record_trace=True)`.

    With ``kernels`` only the launches of the kernels of these names are in it.
    """
    try:
        with atomic_output(path) as file:
            if not str(path).endswith(".gz"):
                _write(file, timeline, kernels)
                return
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_COMPRESSION, mtime=0) as packed:
                _write(cast(IO[bytes], packed), timeline, kernels)
    except OSError as error:
        raise SfumatoError(f"cannot write the trace to {path}: {error.strerror}") from error


def _write(file: IO[bytes], timeline: Timeline, kernels: Sequence[str]) -> None:
    data = {"target": timeline.machine.name, "clock_mhz": timeline.machine.clock_mhz, "cycles": timeline.cycles}
    file.write(f'{{"displayTimeUnit":"ns","otherData":{_json(data)},"traceEvents":[\n'.encode())
    batch: list[str] = []
    separator = ""
    for event in _Trace(timeline, kernels).events():
        batch.append(event)
        if len(batch) == _BATCH:
            file.write((separator + ",\n".join(batch)).encode())
            separator = ",\n"
            batch.clear()
    file.write((separator + ",\n".join(batch) if batch else "").encode() + b"\n]}\n")


class _Trace:
    """Makes the events of a timeline, each as JSON."""

    def __init__(self, timeline: Timeline, kernels: Sequence[str]) -> None:
        self._timeline = timeline
        self._nanoseconds = 1000.0 / timeline.machine.clock_mhz
        self._named: set[int] = set()
        self._descriptions: dict[tuple[int, str], list[str]] = {}
        self._flows = 0
        known = {kernel.name for kernel in timeline.program.kernels}
        unknown = sorted(set(kernels) - known)
        if unknown:
            raise SfumatoError(f"the program has no kernel '{unknown[0]}'; it has: {', '.join(sorted(known))}")
        self._kernels = set(kernels) or known

    def events(self) -> Iterator[str]:
        yield from self._process(LAUNCHES, "launches", 0, {0: "kernels"})
        for number, launch in enumerate(self._timeline.launches):
            kernel = self._timeline.program.kernels[launch.kernel]
            if kernel.name not in self._kernels:
                continue
            if not launch.use.trace:
                raise ValueError("the timeline has no trace: simulate with record_trace=True")
            yield from self._launch(number, launch, kernel)
            processes = [self._number(kernel, core) for core in launch.use.trace]
            for core, process in zip(launch.use.trace, processes, strict=True):
                yield from self._core(launch, kernel, core, process)
            for position in range(len(processes)):
                yield from self._flags(launch, processes, position)

    def _time(self, cycles: float) -> int:
        return int(cycles * self._nanoseconds)

    def _slice(self, start: float, end: float) -> str:
        """Start and duration, both whole nanoseconds."""
        first, last = self._time(start), self._time(end)
        return f'"ts":{_us(first)},"dur":{_us(last - first)}'

    def _launch(self, number: int, launch: TimedLaunch, kernel: Kernel) -> Iterator[str]:
        """The launch itself, after what it costs to start it."""
        before = launch.start - launch.launch_cycles
        place = f'"pid":{LAUNCHES},"tid":0'
        yield f'{{"ph":"X","name":"launching","cat":"launch",{place},{self._slice(before, launch.start)}}}'
        arguments = {
            "launch": number,
            "kind": kernel.kind,
            "blocks": kernel.blocks,
            "cycles": round(launch.cycles, 3),
            "gm_read_bytes": launch.use.gm_read_bytes,
            "gm_write_bytes": launch.use.gm_write_bytes,
            "l2_missed_bytes": launch.use.missed_bytes,
            "source": kernel.source,
        }
        times = self._slice(launch.start, launch.start + launch.cycles)
        named = f'"name":{_json(kernel.name)},"cat":"launch","args":{_json(arguments)}'
        yield f'{{"ph":"X",{named},{place},{times}}}'

    def _number(self, kernel: Kernel, core: CoreTrace) -> int:
        """The process of a core: each cube core is followed by its vector cores."""
        each = self._timeline.machine.vector_per_cube
        number = core_number(kernel, core, each)
        if core.kind == "cube":
            return 1 + number * (1 + each)
        return 2 + number // each * (1 + each) + number % each

    def _core(self, launch: TimedLaunch, kernel: Kernel, core: CoreTrace, process: int) -> Iterator[str]:
        if process not in self._named:
            self._named.add(process)
            yield from self._core_process(core.kind, process)
        key = (launch.kernel, core.kind)
        if key not in self._descriptions:
            self._descriptions[key] = _descriptions(decode_kernel(kernel, core.kind))
        described = self._descriptions[key]
        times = self._slice(launch.start, launch.start + launch.use.cycles)
        yield f'{{"ph":"X","name":{_json(kernel.name)},"cat":"kernel","pid":{process},"tid":{int(Pipe.S)},{times}}}'
        for pipe, start, end, index in core.spans.tolist():
            times = self._slice(launch.start + start, launch.start + end)
            cycles = f"{end - start:.2f}"
            yield f'{{"ph":"X",{described[index]}{cycles}}},"pid":{process},"tid":{pipe},{times}}}'

    def _core_process(self, kind: str, process: int) -> Iterator[str]:
        each = self._timeline.machine.vector_per_cube
        group, place = divmod(process - 1, 1 + each)
        name = f"cube core {group}" if kind == "cube" else f"vector core {group * each + place - 1}"
        pipes = [pipe for pipe in PIPE_ORDER if pipe is Pipe.S or pipe in QUEUES[kind]]
        yield from self._process(process, name, process, {int(pipe): f"PIPE-{pipe.name}" for pipe in pipes})

    def _process(self, process: int, name: str, place: int, threads: dict[int, str]) -> Iterator[str]:
        yield _metadata("process_name", process, None, {"name": name})
        yield _metadata("process_sort_index", process, None, {"sort_index": place})
        for order, (thread, thread_name) in enumerate(threads.items()):
            yield _metadata("thread_name", process, thread, {"name": thread_name})
            yield _metadata("thread_sort_index", process, thread, {"sort_index": order})

    def _flags(self, launch: TimedLaunch, processes: Sequence[int], position: int) -> Iterator[str]:
        for arrow in arrows(launch.use.trace, position):
            self._flows += 1
            kind = "cross-core flag" if arrow.cross else "flag"
            name = f"{kind} {arrow.number}: {arrow.source_pipe.name} to {arrow.target_pipe.name}"
            shared = f'"name":"{name}","cat":"flag","id":{self._flows}'
            source = f'"pid":{processes[arrow.source_core]},"tid":{int(arrow.source_pipe)}'
            target = f'"pid":{processes[position]},"tid":{int(arrow.target_pipe)}'
            leaves, arrives = (_us(self._time(launch.start + time)) for time in (arrow.leaves, arrow.arrives))
            yield f'{{"ph":"s",{shared},{source},"ts":{leaves}}}'
            yield f'{{"ph":"f","bp":"e",{shared},{target},"ts":{arrives}}}'


def _descriptions(program: CoreProgram) -> list[str]:
    """For each instruction the constant part of its events, up to the cycles that it took."""
    result: list[str] = []
    for decoded in program.instructions:
        arguments: dict[str, Any] = {"kernel": program.kernel, "instruction": decoded.index, "text": decoded.text()}
        intrinsic = INTRINSICS.get(decoded.mnemonic)
        if intrinsic is not None:
            arguments["op"] = intrinsic.name
        source = program.source(decoded.index)
        if source is not None:
            arguments["source"] = source
        opened = _json(arguments).removesuffix("}")
        result.append(f'"name":"{decoded.mnemonic}","cat":"instruction","args":{opened},"cycles":')
    return result


def _metadata(name: str, process: int, thread: int | None, arguments: dict[str, object]) -> str:
    where = {"pid": process} if thread is None else {"pid": process, "tid": thread}
    return _json({"ph": "M", "name": name, **where, "args": arguments})


def _us(nanoseconds: int) -> str:
    return f"{nanoseconds // 1000}.{nanoseconds % 1000:03}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
