"""Print how loads and stores of one core share its port to global memory: each alone, and both at the same time.

A cube core loads with MTE2 into L1 and stores with FIX from L0C, a vector core with MTE2 into UB and MTE3 from UB. Data
stay in L2: every pass after the first.

  python examples/kernels/shared_port.py --target ascend910b1
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from memory_streams import Stream, run_stream

from runtime.machine.description import Machine, load
from runtime.profile.table import table

SET = 1 << 20
PASSES = 9
PIECE = 65536


def rates(machine: Machine, kind: str, *, loads: bool, stores: bool) -> tuple[float, float]:
    """Return the bytes a cycle that a core of a kind loads and stores."""
    streams = (Stream(kind, 1, SET, passes, PIECE, loads, stores) for passes in (1, PASSES))
    once, often = (run_stream(stream, machine) for stream in streams)
    cycles = often.cycles - once.cycles
    read, written = often.gm_read_bytes - once.gm_read_bytes, often.gm_write_bytes - once.gm_write_bytes
    return read / cycles, written / cycles


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="ascend910b1", help="machine description (default: %(default)s)")
    machine = load(parser.parse_args(arguments).target)
    lines: list[list[str]] = []
    for kind, queues in (("cube", "MTE2 and FIX"), ("vector", "MTE2 and MTE3")):
        load_alone, _ = rates(machine, kind, loads=True, stores=False)
        _, store_alone = rates(machine, kind, loads=False, stores=True)
        both = rates(machine, kind, loads=True, stores=True)
        lines.append([f"{kind}, {queues}", *(f"{rate:.1f}" for rate in (load_alone, store_alone, *both, sum(both)))])
    print(
        table(
            ["core", "loads alone, B/cycle", "stores alone", "loads with stores", "stores with loads", "together"],
            lines,
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
