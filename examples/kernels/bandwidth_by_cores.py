"""Print the bandwidth that 1, 2, 4 ... all cube cores load with together: from HBM, and from L2.

A core alone is bound by its own path; many are bound by what L2 or HBM give all of them.

  python examples/kernels/bandwidth_by_cores.py --target ascend910b1
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from memory_streams import Stream, run_stream

from runtime.machine.description import Machine, load
from runtime.profile.table import table

MIB = 1 << 20
PASSES = 9
"""Passes over a set that stays in L2; the first one, which fills it, is timed apart and taken off."""


def rates(machine: Machine, cores: int, working_set: int) -> tuple[float, float]:
    """Return the gigabytes a second loaded from HBM and from L2."""
    once, often = (run_stream(Stream("cube", cores, working_set, passes), machine) for passes in (1, PASSES))
    cold = machine.time_us(once.cycles)
    warm = machine.time_us(often.cycles) - cold
    return working_set / cold / 1e3, working_set * (PASSES - 1) / warm / 1e3


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="ascend910b1", help="machine description (default: %(default)s)")
    parser.add_argument(
        "--mib", type=int, default=48, help="MiB that are loaded; must fit into L2 (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    machine = load(options.target)
    counts = sorted({*(1 << power for power in range(machine.cube_cores.bit_length())), machine.cube_cores})
    lines: list[list[str]] = []
    for cores in counts:
        cold, warm = rates(machine, cores, options.mib * MIB)
        lines.append([str(cores), f"{cold:.0f}", f"{cold / cores:.0f}", f"{warm:.0f}", f"{warm / cores:.0f}"])
    print(table(["cores", "HBM, GB/s", "a core", "L2, GB/s", "a core"], lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
