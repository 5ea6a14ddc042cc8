"""Runs all benchmarks, one after the other; options are passed on to those that measure times.

Several minutes: models are exported first (PyTorch is needed for that alone), 0.5 GB of them are kept in ``bench-output``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("startup", "compile_time", "check_time", "simulation_time", "simulator_speed")


def main() -> None:
    for name in BENCHMARKS:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py")), *sys.argv[1:]], check=True)
    for name in ("generated_kernels", "attention_figures"):
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=True)


if __name__ == "__main__":
    main()
