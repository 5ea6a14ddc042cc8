"""List the machine descriptions that programs can be compiled for."""

from __future__ import annotations

import argparse

from compiler.cli.output import add_json, write_json
from compiler.diagnostics import EXIT_OK
from runtime.machine.description import Machine, load, names

_KIB = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato targets``."""
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the table."""
    machines = [load(name) for name in names()]
    write_json(arguments.json, {machine.name: _facts(machine) for machine in machines})
    if arguments.json != "-":
        print(_table(machines))
    return EXIT_OK


def _facts(machine: Machine) -> dict[str, object]:
    return {
        "summary": machine.summary,
        "clock_mhz": machine.clock_mhz,
        "cube_cores": machine.cube_cores,
        "vector_cores": machine.vector_cores,
        "l1_bytes": machine.l1_bytes,
        "l0a_bytes": machine.l0a_bytes,
        "l0b_bytes": machine.l0b_bytes,
        "l0c_bytes": machine.l0c_bytes,
        "ub_bytes": machine.ub_bytes,
        "gm_bytes": machine.memory.gm_bytes,
        "l2_bytes": machine.memory.l2_bytes,
        "hbm_gb_per_s": machine.memory.hbm_gb_per_s,
    }


def _table(machines: list[Machine]) -> str:
    heads = (
        "target",
        "MHz",
        "cube",
        "vector",
        "L1 KiB",
        "L0A/L0B/L0C KiB",
        "UB KiB",
        "GM GiB",
        "HBM GB/s",
        "what it is",
    )
    rows = [
        (
            one.name,
            f"{one.clock_mhz:g}",
            str(one.cube_cores),
            str(one.vector_cores),
            f"{one.l1_bytes / _KIB:g}",
            "/".join(f"{size / _KIB:g}" for size in (one.l0a_bytes, one.l0b_bytes, one.l0c_bytes)),
            f"{one.ub_bytes / _KIB:g}",
            f"{one.memory.gm_bytes / _KIB**3:g}",
            f"{one.memory.hbm_gb_per_s:g}",
            one.summary,
        )
        for one in machines
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in (heads, *rows))
