"""The compiler as a library call: an exported model or a dumped module in, a module of some level and a program out."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.parser import Parser

from compiler.diagnostics import first_line, verification_message
from compiler.frontend.archive import Archive
from compiler.instrument import PHASE_ATTRIBUTE, Instrument, Report
from compiler.options import CompileOptions
from compiler.pipelines import PHASE_NAMES, phases_between
from compiler.universe import make_context
from dialects.errors import SfumatoError
from runtime.machine.description import load as load_machine
from runtime.program import Program

OPTION_ATTRIBUTES = {name: f"sfumato.{name}" for name in ("target", "precision", "quantize", "attention")}
"""Option -> the module's attribute that remembers it, so that a dump is compiled on as it was begun."""


@dataclass(frozen=True)
class Compilation:
    """What a compilation made: the module as the last phase left it, the program if that was the ``isa`` phase, the
    costs. ``mutations`` names buffers and inputs that the model writes and the program does not."""

    module: ModuleOp
    program: Program | None
    report: Report
    layers_found: int
    layers_distinct: int
    mutations: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """Return the report that ``compile --json`` prints."""
        program = self.program
        return {
            "seconds": {name: round(seconds, 6) for name, seconds in self.report.seconds.items()},
            "ops": self.report.ops,
            "kernels": 0 if program is None else len(program.kernels),
            "values": 0 if program is None else program.metadata.get("values", 0),
            "buffers": 0 if program is None else len(program.buffers),
            "peak_gm_bytes": 0 if program is None else program.gm_bytes,
            "layers": {"found": self.layers_found, "distinct": self.layers_distinct},
            "dumps": self.report.dumps,
            "mutations": list(self.mutations),
            "remarks": [asdict(remark) for remark in self.report.remarks],
        }


@dataclass(frozen=True)
class Request:
    """What to compile and how far: ``start`` is the phase that a dumped module ended (``None``: ``source`` is a
    ``.pt2``)."""

    source: Path
    options: CompileOptions = field(default_factory=CompileOptions)
    start: str | None = None
    stop: str | None = None
    weights: Path | None = None
    dump_directory: Path | None = None
    verify_each: bool = False


def compile_model(request: Request, progress: Callable[[str], None] = lambda _: None) -> Compilation:
    """Compile as ``request`` says. Faults of the input raise ``SfumatoError``, a failing pass ``CompilerBug``."""
    request.options.check()
    load_machine(request.options.target)
    phases = phases_between(request.start, request.stop)
    with _without_collection():
        begin = time.perf_counter()
        archive = _archive(request)
        if request.dump_directory is not None:
            request.dump_directory.mkdir(parents=True, exist_ok=True)
        mutations: list[str] = []
        make_module = (
            _from_archive(archive, request.options, mutations) if request.start is None else _from_dump(request)
        )
        context = make_context()
        module = make_module(context)
        imported = time.perf_counter() - begin
        found, distinct = _layers(module)
        options = _resumed_options(request, module)
        options.check()
        load_machine(options.target)
        instrument = Instrument(
            make_module,
            options,
            request.dump_directory,
            request.verify_each,
            progress=progress,
        )
        report = instrument.report
        report.seconds["import" if request.start is None else "parse"] = imported
        instrument.run(context, module, phases)
        program = None
        ended = phases[-1].name if phases else request.start
        if ended == PHASE_NAMES[-1]:
            program = _emit(module, archive, report)
        report.seconds["total"] = time.perf_counter() - begin
    return Compilation(module, program, report, found, distinct, tuple(mutations))


def _archive(request: Request) -> Archive | None:
    """Open the exported model that the weights come from, if one is named."""
    path = request.source if request.start is None else request.weights
    if request.start is None and request.source.suffix == ".mlir":
        raise SfumatoError(f"{request.source}: a dump goes on with --from PHASE, the phase after which it was written")
    return None if path is None else Archive.open(path)


def _from_archive(
    archive: Archive | None, options: CompileOptions, mutations: list[str]
) -> Callable[[Context], ModuleOp]:
    """Return what imports ``archive``, and puts what the model writes into ``mutations``."""
    assert archive is not None

    def make(context: Context) -> ModuleOp:
        from compiler.frontend.importer import import_program

        module, imported = import_program(archive)
        mutations[:] = imported.mutations
        for name, attribute in OPTION_ATTRIBUTES.items():
            module.attributes[attribute] = StringAttr(getattr(options, name))
        return module

    return make


def _from_dump(request: Request) -> Callable[[Context], ModuleOp]:
    try:
        text = request.source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SfumatoError(f"{request.source}: not a text file; --from reads a dumped .mlir file") from error

    def make(context: Context) -> ModuleOp:
        try:
            module = Parser(context, text, str(request.source)).parse_module()
        except ValueError as error:  # what xDSL says of names and numbers that its syntax allows and its classes do not
            raise SfumatoError(f"{request.source}: does not parse: {first_line(error)}") from error
        ended = module.attributes.get(PHASE_ATTRIBUTE)
        if not isinstance(ended, StringAttr) or ended.data != request.start:
            said = f"phase '{ended.data}' ended" if isinstance(ended, StringAttr) else "no phase ended"
            raise SfumatoError(
                f"{request.source}: --from {request.start} takes the dump written when that phase ended, "
                f"but here {said}"
            )
        try:
            module.verify()
        except Exception as error:
            raise SfumatoError(f"{request.source}: {verification_message(module, error)}") from error
        return module

    return make


def _resumed_options(request: Request, module: ModuleOp) -> CompileOptions:
    """Return the options to compile on with: a dump remembers what it was made for, and nothing else may be asked."""
    if request.start is None:
        return request.options
    remembered: dict[str, str] = {}
    for name, attribute in OPTION_ATTRIBUTES.items():
        value = module.attributes.get(attribute)
        if not isinstance(value, StringAttr):
            continue
        asked = getattr(request.options, name)
        if asked not in (value.data, getattr(CompileOptions, name)):
            raise SfumatoError(
                f"{request.source}: made with --{name} {value.data}; for --{name} {asked} compile the model again"
            )
        remembered[name] = value.data
    return replace(request.options, **cast(Any, remembered))


def _emit(module: ModuleOp, archive: Archive | None, report: Report) -> Program:
    from compiler.emit.program import ArchiveWeights, emit_program

    begin = time.perf_counter()
    program = emit_program(module, {} if archive is None else ArchiveWeights(archive))
    report.seconds["emit"] = time.perf_counter() - begin
    return program


def _layers(module: ModuleOp) -> tuple[int, int]:
    """Return how many layers are calls of an outlined function, and how many such functions there are."""
    functions = [op for op in module.ops if isinstance(op, func.FuncOp)]
    calls = sum(1 for function in functions for op in function.walk() if isinstance(op, func.CallOp))
    return calls, max(len(functions) - 1, 0)


@contextmanager
def _without_collection() -> Generator[None]:
    """Pause the garbage collector: a compilation makes long-lived objects, which it would scan over and over."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
