"""Errors of attention on PASA's published distributions, by algorithm: RMSE over RMS of the values, against float64.

usage: attention_numerics.py [ROWS COLUMNS]

One head of depth 128, f16; 128 queries and 1280 keys if not said otherwise. `plain` multiplies, takes softmax and
multiplies in f16, each result in memory, and the last column is what overflowed in it first; `published` is the program
of PASA's authors in numpy.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

import sfumato
from compiler.options import ATTENTIONS
from runtime import launch

INPUTS = Path(__file__).parents[1] / "end_to_end" / "attention_numerics.py"


def loaded(path: Path) -> Any:
    """A file of the tests as a module."""
    spec = importlib.util.spec_from_file_location("distributions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(rows: int = 128, columns: int = 1280) -> None:
    """Print the table."""
    numerics = loaded(INPUTS)
    shapes = numerics.sampled("uniform", 0, 1, rows, columns)
    fused, plain = (numerics.exported(module(), shapes) for module in (numerics.Fused, numerics.Plain))
    algorithms = [name for name in ATTENTIONS if name != "auto"]
    programs = {name: sfumato.compile(fused, attention=name) for name in algorithms}
    programs["plain"] = sfumato.compile(plain)
    print(f"{rows} queries, {columns} keys")
    print(f"{'distribution':<12} {'mean':>4} {'Am':>4}", *(f"{name:>9}" for name in (*programs, "published")))
    for distribution, mean, amplitude in numerics.CASES:
        inputs = numerics.sampled(distribution, mean, amplitude, rows, columns)
        results = {name: launch.run(one.compiled, inputs, report_overflow=True) for name, one in programs.items()}
        with np.errstate(all="ignore"):
            outputs = [*(result.outputs[0] for result in results.values()), numerics.published(*inputs)]
        errors = (f"{numerics.relative_error(output, inputs):>9.2e}" for output in outputs)
        watch = results["plain"].overflows
        first = "" if watch is None or watch.first is None else str(watch.first).splitlines()[0]
        print(f"{distribution:<12} {mean:>4} {amplitude:>4}", *errors, first, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
