"""The options that ``compile`` and ``check`` share, and how they become a request."""

from __future__ import annotations

import argparse
from pathlib import Path

from compiler.compile import Request
from compiler.options import ATTENTIONS, PRECISIONS, QUANTIZATIONS, CompileOptions, parse_bindings
from compiler.pipelines import PHASE_NAMES

_DEFAULTS = CompileOptions()


def add_compile_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a compilation."""
    add_target_options(parser)
    group = parser.add_argument_group("dumps")
    group.add_argument(
        "--dump-ir", metavar="DIR", help="write the IR after every pass to a numbered file in this folder"
    )
    group.add_argument(
        "--remarks", action="store_true", help="say what passes could not do and why, with the line of the model"
    )
    group.add_argument("--verify-each", action="store_true", help="verify the IR after every pass")


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose what is compiled for."""
    group = parser.add_argument_group("compilation")
    group.add_argument(
        "--target",
        default=_DEFAULTS.target,
        help="machine: a name of 'sfumato targets' or a .toml file; NAME:key=value,... changes figures of it",
    )
    group.add_argument(
        "--precision",
        default=_DEFAULTS.precision,
        choices=PRECISIONS,
        help="number format of floating-point arithmetic; keep: as exported",
    )
    group.add_argument(
        "--quantize", default=_DEFAULTS.quantize, choices=QUANTIZATIONS, help="low-precision scheme of matmuls"
    )
    group.add_argument("--calibration", metavar="C.npz", help="inputs that the quantisation is calibrated with")
    group.add_argument(
        "--attention", default=_DEFAULTS.attention, choices=ATTENTIONS, help="algorithm of fused attention"
    )
    group.add_argument(
        "--attention-splits",
        type=int,
        default=_DEFAULTS.attention_splits,
        metavar="N",
        help="parts that flash attention divides keys into, for cores that rows leave idle; 0: what costs least",
    )
    group.add_argument("--bind", action="append", default=[], metavar="NAME=SIZE", help="size of a symbolic dimension")


def add_phase_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that start late or stop early."""
    group = parser.add_argument_group("phases", f"in order: {', '.join(PHASE_NAMES)}")
    group.add_argument(
        "--from",
        dest="start",
        metavar="PHASE",
        choices=PHASE_NAMES,
        help="the input is the dump written when this phase ended; go on from there",
    )
    group.add_argument(
        "--to", dest="stop", metavar="PHASE", choices=PHASE_NAMES, help="stop when this phase has ended, write its IR"
    )
    group.add_argument("--weights", metavar="X.pt2", help="with --from: the exported model that holds the weights")


def options_of(arguments: argparse.Namespace) -> CompileOptions:
    """Return the compile options that were given."""
    return CompileOptions(
        target=arguments.target,
        precision=arguments.precision,
        quantize=arguments.quantize,
        calibration=arguments.calibration,
        attention=arguments.attention,
        attention_splits=arguments.attention_splits,
        bind=parse_bindings(arguments.bind),
    )


def request_of(arguments: argparse.Namespace, source: str) -> Request:
    """Return the request that parsed options describe."""
    weights = getattr(arguments, "weights", None)
    return Request(
        source=Path(source),
        options=options_of(arguments),
        start=getattr(arguments, "start", None),
        stop=getattr(arguments, "stop", None),
        weights=None if weights is None else Path(weights),
        dump_directory=None if arguments.dump_ir is None else Path(arguments.dump_ir),
        verify_each=arguments.verify_each,
    )
