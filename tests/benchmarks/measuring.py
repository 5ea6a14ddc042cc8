"""Runs a command in a fresh process and measures it: user CPU seconds, wall seconds, peak anonymous memory.

Anonymous memory (``RssAnon`` of ``/proc/PID/status``, read every few milliseconds) is what a process has made itself; pages
of mapped weights do not count. With ``--against CHECKOUT`` every command runs in this checkout and in that one by turns,
on the same machine in the same minutes, and the ratio of the best runs is printed: absolute times tell little on a machine
that others use as well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
"""This checkout."""

POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Cost:
    """What one run of a command cost, and what it printed."""

    user_seconds: float
    wall_seconds: float
    peak_anonymous_mib: float
    output: str


@dataclass(frozen=True)
class Options:
    """How to measure: repeated runs, this checkout and those it is compared with."""

    repeat: int
    checkouts: tuple[Path, ...]
    models: Path


def parse_options(description: str | None, repeat: int) -> Options:
    """Read the options that all benchmarks share; ``repeat`` is the default number of runs."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--repeat", type=int, default=repeat, help=f"runs of each command (default: {repeat}); the best counts"
    )
    parser.add_argument(
        "--against", type=Path, action="append", default=[], metavar="CHECKOUT", help="another checkout to compare with"
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=HERE / "bench-output",
        help="where exported models are kept (default: %(default)s)",
    )
    found = parser.parse_args()
    return Options(found.repeat, (HERE, *(path.resolve() for path in found.against)), found.models.resolve())


def run(checkout: Path, command: Sequence[str]) -> Cost:
    """Run Python with the arguments ``command``, its modules taken from ``checkout``; raise when it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Compiled modules are part of an installation, so the first run of a checkout must not be charged for them.
    environment |= {
        "PYTHONPATH": str(checkout),
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "sfumato-bench-pycache"),
    }
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command], cwd=checkout, env=environment, stdout=printed, stderr=errors
        )
        peak = 0
        while True:
            finished, status, usage = os.wait4(process.pid, os.WNOHANG)
            if finished:
                break
            peak = max(peak, _anonymous_bytes(process.pid))
            time.sleep(POLL_SECONDS)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        errors.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} in {checkout} ended with {process.returncode}:\n{errors.read()}")
        return Cost(usage.ru_utime, wall, peak / 2**20, printed.read())


def _anonymous_bytes(pid: int) -> int:
    """Return the anonymous memory that a process holds now; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def best_runs(options: Options, command: Sequence[str]) -> list[Cost]:
    """Run a command ``repeat`` times in each checkout by turns; return the cheapest run of each, by user time."""
    runs: list[list[Cost]] = [[] for _ in options.checkouts]
    for _ in range(options.repeat):
        for costs, checkout in zip(runs, options.checkouts, strict=True):
            costs.append(run(checkout, command))
    return [min(costs, key=lambda cost: cost.user_seconds) for costs in runs]


def report(options: Options, label: str, costs: Sequence[Cost]) -> None:
    """Print one line for each checkout, the second and later ones with this checkout's cost as a ratio of theirs."""
    ours = costs[0]
    for checkout, cost in zip(options.checkouts, costs, strict=True):
        ratio = "" if cost is ours else f"   ours/theirs: user {ours.user_seconds / max(cost.user_seconds, 1e-9):.2f}"
        where = "" if len(costs) == 1 else f"  [{checkout}]"
        print(
            f"{label:<34} user {cost.user_seconds:6.2f} s   wall {cost.wall_seconds:6.2f} s   "
            f"anonymous {cost.peak_anonymous_mib:6.0f} MiB{ratio}{where}",
            flush=True,
        )


def rerun_line(script: str) -> None:
    """Print how to repeat the measurement and how to compare two checkouts."""
    name = f"tests/benchmarks/{Path(script).name}"
    print(f"rerun: python {name} [--repeat N] [--against OTHER_CHECKOUT]\n", flush=True)
