"""Breaks a program in every way, one at a time, and prints what was noticed: ``python mutation.py P.sfu [--every 7]``.

Each flag, barrier and cross-core flag is deleted, swapped with its neighbours and retargeted; each address is moved. A
mutation that is wrong by the definition of order (or by running it in other orders, with --schedules) and that the
sanitizer does not report is MISSED; a report of something that is not wrong is FALSE: both must be 0. Exit code 1
otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from dialects.dtypes import DType
from runtime.mutation.mutants import mutations
from runtime.mutation.trial import judge, outcome
from runtime.program import Program
from runtime.tensor_file import load_tensors, match_inputs

OUTCOMES = ("refused", "reported", "value", "equivalent", "unreached", "MISSED", "FALSE")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="+", metavar="P.sfu")
    parser.add_argument("--inputs", metavar="X.npz", help="inputs (default: random ones)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every N-th mutation")
    parser.add_argument("--schedules", action="store_true", help="also run every mutant in other orders (slower)")
    parser.add_argument("--list", default="MISSED,FALSE", help="outcomes whose mutations are listed one by one")
    options = parser.parse_args()
    bad = 0
    for path in options.program:
        bad += report(Path(path), options)
    return 1 if bad else 0


def report(path: Path, options: argparse.Namespace) -> int:
    program = Program.load(path)
    inputs = random_inputs(program)
    if options.inputs:
        wanted = program.inputs()
        inputs = match_inputs(load_tensors(options.inputs, "in", wanted), wanted, options.inputs)
    sound = judge(program, inputs, options.schedules)
    if sound.disordered or sound.reported or sound.outputs is None:
        print(f"{path}: the program itself is at fault: {sound.refused or sound.reported or sound.faults}")
        return 1
    table: dict[tuple[str, str], Counter[str]] = {}
    listed: list[str] = []
    for number, mutation in enumerate(mutations(program)):
        if number % options.every:
            continue
        result = outcome(program, mutation, sound, judge(mutation.apply(program), inputs, options.schedules))
        table.setdefault(
            (mutation.mnemonic if not mutation.moves_an_address else "address", mutation.action), Counter()
        )[result] += 1
        if result in options.list.split(","):
            kernel = program.kernels[mutation.kernel].name
            listed.append(
                f"  {result}: {kernel} {mutation.core} {mutation.index} {mutation.mnemonic}: {mutation.action} {mutation.detail}"
            )
    print(f"{path}")
    print(f"  {'what':<12}{'mutation':<12}" + "".join(f"{name:>11}" for name in OUTCOMES))
    total: Counter[str] = Counter()
    for (mnemonic, action), counts in table.items():
        total += counts
        print(f"  {mnemonic:<12}{action:<12}" + "".join(f"{counts[name]:>11}" for name in OUTCOMES))
    print(f"  {'total':<24}" + "".join(f"{total[name]:>11}" for name in OUTCOMES))
    print("\n".join(listed))
    return total["MISSED"] + total["FALSE"]


def random_inputs(program: Program) -> list[np.ndarray]:
    """Return inputs of the program's types: normal floats, small integers."""
    random = np.random.default_rng(0)
    arrays: list[np.ndarray] = []
    for buffer in program.inputs():
        dtype = DType.parse(buffer.dtype)
        values = random.standard_normal(buffer.shape) if dtype.is_float else random.integers(0, 2, buffer.shape)
        arrays.append(values.astype(dtype.numpy))
    return arrays


if __name__ == "__main__":
    sys.exit(main())
