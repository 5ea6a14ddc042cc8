"""``sfumato-opt``: xDSL's optimiser driver with our dialects and passes, and messages in place of tracebacks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute
from xdsl.passes import ModulePass, PassPipeline
from xdsl.utils.diagnostic import Diagnostic
from xdsl.utils.exceptions import ArgSpecParseError, PassFailedException, VerifyException
from xdsl.xdsl_opt_main import xDSLOptMain

from compiler.diagnostics import CompilerBug, fault_message, first_line, guarded, verification_message
from compiler.universe import UNIVERSE
from dialects.errors import SfumatoError
from passes.remarks import collected


class SfumatoOptMain(xDSLOptMain):
    """The driver: parse, run the passes of ``-p``, verify in between, print."""

    version_format = "sfumato-opt, on xDSL {xdsl_version}"

    def register_all_dialects(self) -> None:
        """Register every installed dialect, and ours even where the package is not installed."""
        super().register_all_dialects()
        known = set(self.ctx.registered_dialect_names)
        for name, factory in UNIVERSE.all_dialects.items():
            if name not in known:
                self.ctx.register_dialect(name, factory)

    def register_all_passes(self) -> None:
        """Register every installed pass, and ours even where the package is not installed."""
        super().register_all_passes()
        for name, factory in UNIVERSE.all_passes.items():
            self.available_passes[name] = factory

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        """Add ``--remarks``."""
        super().register_all_arguments(arg_parser)
        arg_parser.add_argument("--remarks", action="store_true", help="print what passes remark to standard error")

    def setup_pipeline(self) -> None:
        """Read ``-p``; a pass or an option that does not exist is the user's error, said in one line."""
        try:
            super().setup_pipeline()
        except (Exception, ArgSpecParseError) as error:  # xDSL derives the latter from BaseException
            message = fault_message(error) or str(error)
            raise SfumatoError(f"-p {self.args.passes!r}: {message}") from error
        self.pipeline = PassPipeline(tuple(_Guarded(one) for one in self.pipeline.passes), self.pipeline.callback)

    def prepare_input(self):
        """Open the input; an unknown file extension is the user's error."""
        try:
            return super().prepare_input()
        except ValueError as error:
            raise SfumatoError(f"{self.args.input_file}: {error}; only .mlir files are read") from error

    def parse_chunk(self, chunk: IO[bytes], file_extension: str, start_offset: int = 0) -> ModuleOp | None:
        """Parse one module; a name or a number that only xDSL's classes refuse is the user's error as well."""
        try:
            return super().parse_chunk(chunk, file_extension, start_offset)
        except UnicodeDecodeError:
            raise
        except ValueError as error:
            raise SfumatoError(f"{self.args.input_file or '<stdin>'}: does not parse: {first_line(error)}") from error

    def apply_passes(self, prog: ModuleOp) -> None:
        """Run the pipeline; faults of the input become diagnostics, which ``--verify-diagnostics`` prints."""
        try:
            with collected() as remarks:
                super().apply_passes(prog)
            for remark in remarks if self.args.remarks else ():
                print(remark, file=sys.stderr)
        except SfumatoError as error:
            raise PassFailedException(str(error)) from error
        except VerifyException as error:
            if self.args.verify_diagnostics:
                raise
            raise SfumatoError(verification_message(prog, error)) from error


class _Guarded(ModulePass):
    """A pass whose unexpected exceptions name it."""

    def __init__(self, inner: ModulePass) -> None:
        object.__setattr__(self, "inner", inner)
        object.__setattr__(self, "name", inner.name)

    inner: ModulePass

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the wrapped pass."""
        try:
            self.inner.apply(ctx, op)
        except Exception as error:
            if fault_message(error) is not None:
                raise
            raise CompilerBug(self.inner.name, None, error) from error


def run(arguments: Sequence[str]) -> int:
    """Run ``sfumato-opt`` with ``arguments`` in this process and return its exit code."""
    post_init, colored = Attribute.__post_init__, Diagnostic.colored
    try:
        return guarded("sfumato-opt", lambda: _run(arguments))
    finally:
        # xDSL switches these for the whole process (--disable-verify, --syntax-highlight); tests share one process.
        Attribute.__post_init__ = post_init
        Diagnostic.colored = colored


def _run(arguments: Sequence[str]) -> int:
    SfumatoOptMain("Run passes over a file of IR.", list(arguments)).run()
    return 0


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
