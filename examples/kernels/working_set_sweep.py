"""Print how much of a working set is still in L2 when it is loaded again, for sets around the cache's size.

All cube cores load the set over and over; how the hit rate falls tells how large the cache is and how it replaces.

  python examples/kernels/working_set_sweep.py --target ascend910b1 --mb 60 80 100 120 140 160 180 200
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from memory_streams import Stream, run_stream

from runtime.machine.description import Machine, load
from runtime.profile.table import table

SIZES = (60, 80, 100, 120, 140, 160, 180, 200)
PIECE = 65536


def reload(machine: Machine, megabytes: int, passes: int) -> tuple[float, float]:
    """Return the share of L2 hits and the gigabytes a second of all passes after the first."""
    working_set = megabytes * 1_000_000 // PIECE * PIECE
    once, often = (run_stream(Stream("cube", machine.cube_cores, working_set, count), machine) for count in (1, passes))
    loaded = working_set * (passes - 1)
    missed = often.missed_bytes - once.missed_bytes
    return 1 - missed / loaded, loaded / machine.time_us(often.cycles - once.cycles) / 1e3


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="ascend910b1", help="machine description (default: %(default)s)")
    parser.add_argument(
        "--mb", type=int, nargs="+", default=SIZES, help="sizes of the set in 10^6 bytes (default: 60 to 200)"
    )
    parser.add_argument("--passes", type=int, default=4, help="passes over the set (default: %(default)s)")
    options = parser.parse_args(arguments)
    machine = load(options.target)
    lines: list[list[str]] = []
    for megabytes in options.mb:
        hits, rate = reload(machine, megabytes, max(2, options.passes))
        lines.append([str(megabytes), f"{hits:.1%}", f"{rate:.0f}"])
    print(table(["set, MB", "L2 hits", "GB/s"], lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
