"""Runs passes one by one and watches them: dumps, seconds, operation counts, and a reproducer when one fails."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.printer import Printer
from xdsl.utils.arg_spec import parse_spec

from compiler.diagnostics import CompilerBug, fault_message, verification_message
from compiler.options import CompileOptions
from compiler.pipelines import Phase, pass_specs
from dialects.errors import SfumatoError
from passes import PASSES, load_pass
from passes.base import SfumatoPass
from passes.remarks import Remark, collected
from runtime.atomic_file import write_text

PHASE_ATTRIBUTE = "sfumato.phase"


@dataclass
class Report:
    """What a compilation cost and made: per phase its seconds and the operations left, and the dump it ended with; what
    passes remarked."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])
    ops: dict[str, int] = field(default_factory=dict[str, int])
    dumps: dict[str, str] = field(default_factory=dict[str, str])
    remarks: list[Remark] = field(default_factory=list[Remark])


@dataclass
class Instrument:
    """Applies phases to a module.

    ``make_module`` makes the module that the phases start from; it is called again only when a pass fails, to print
    the module as it was before that pass (a compilation is deterministic, so nothing needs to be copied on the way).
    """

    make_module: Callable[[Context], ModuleOp]
    options: CompileOptions
    dump_directory: Path | None = None
    verify_each: bool = False
    report: Report = field(default_factory=Report)
    progress: Callable[[str], None] = lambda _: None
    _files: int = 0

    def run(self, context: Context, module: ModuleOp, phases: tuple[Phase, ...]) -> None:
        """Apply ``phases`` in order; every pass leaves a dump, and so does a phase without passes."""
        done: list[str] = []
        with collected() as remarks:
            for phase in phases:
                with self._timed(phase.name):
                    self._run_phase(context, module, phase, phases, done)
        self.report.remarks += remarks

    def _run_phase(
        self, context: Context, module: ModuleOp, phase: Phase, phases: tuple[Phase, ...], done: list[str]
    ) -> None:
        specs = pass_specs(phase, self.options)
        for position, spec in enumerate(specs):
            self.progress(f"{phase.name}: {spec}")
            self._apply(context, module, spec, phases, done)
            done.append(spec)
            if position < len(specs) - 1:
                self._dump(module, parse_spec(spec).name)
        module.attributes[PHASE_ATTRIBUTE] = StringAttr(phase.name)
        self.report.ops[phase.name] = count_ops(module)
        path = self._dump(module, parse_spec(specs[-1]).name if specs else phase.name)
        if path is not None:
            self.report.dumps[phase.name] = str(path)

    def _apply(self, context: Context, module: ModuleOp, spec: str, phases: tuple[Phase, ...], done: list[str]) -> None:
        one = make_pass(spec)
        try:
            one.apply(context, module)
        except Exception as error:
            if fault_message(error) is not None:
                raise
            raise CompilerBug(one.name, self._reproducer(spec, phases, len(done)), error) from error
        if not self.verify_each:
            return
        try:
            module.verify()
        except Exception as error:
            wrong = SfumatoError(verification_message(module, error))
            raise CompilerBug(one.name, self._reproducer(spec, phases, len(done)), wrong) from error

    def _reproducer(self, failed: str, phases: tuple[Phase, ...], count: int) -> Path | None:
        """Write the module as it was before the failed pass, with the command that repeats the failure."""
        specs = [(phase, spec) for phase in phases for spec in pass_specs(phase, self.options)]
        try:
            text = self._replay(specs, count)
        except Exception as error:
            text = f"// the module before the pass cannot be printed: {type(error).__name__}: {error}\n"
        name = f"sfumato-reproducer-{parse_spec(failed).name}.mlir"
        rest = ",".join(spec for _, spec in specs[count:])
        for directory in (self.dump_directory, Path.cwd(), Path(tempfile.gettempdir())):
            if directory is None:
                continue
            path = directory / name
            try:
                write_text(path, f"// Repeat the failure with:  sfumato-opt {path} -p '{rest}'\n{text}")
            except OSError:
                continue
            return path
        return None

    def _replay(self, specs: list[tuple[Phase, str]], count: int) -> str:
        from compiler.universe import make_context

        context = make_context()
        module = self.make_module(context)
        for position, (phase, spec) in enumerate(specs[:count]):
            make_pass(spec).apply(context, module)
            if specs[position + 1][0] is not phase:
                module.attributes[PHASE_ATTRIBUTE] = StringAttr(phase.name)
        return print_module(module)

    def _dump(self, module: ModuleOp, name: str) -> Path | None:
        if self.dump_directory is None:
            return None
        path = self.dump_directory / f"{self._files:02}-{name}.mlir"
        self._files += 1
        write_text(path, print_module(module))
        return path

    @contextmanager
    def _timed(self, phase: str) -> Generator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.report.seconds[phase] = self.report.seconds.get(phase, 0.0) + time.perf_counter() - start


def make_pass(spec: str) -> SfumatoPass:
    """Return the pass that a ``name{option=value}`` text names."""
    parsed = parse_spec(spec)
    if parsed.name not in PASSES:
        raise SfumatoError(f"there is no pass '{parsed.name}'")
    return load_pass(parsed.name).from_spec(parsed)


def print_module(module: ModuleOp) -> str:
    """Return a module's text with source locations, from which a compilation can go on exactly as it would have."""
    stream = StringIO()
    Printer(stream, print_debuginfo=True).print_op(module)
    stream.write("\n")
    return stream.getvalue()


def count_ops(module: Operation) -> int:
    """Return how many operations a module holds, itself not counted."""
    count = 0
    open_ops = [module]
    while open_ops:  # a walk with generators costs a compilation more than many a pass
        for region in open_ops.pop().regions:
            for block in region.blocks:
                op = block.first_op
                while op is not None:
                    count += 1
                    if op.regions:
                        open_ops.append(op)
                    op = op.next_op
    return count
