"""Cycles of the kernels that the compiler generates, beside those of the hand-written ones of `examples/kernels`.

A product is compared with the best of a few tilings of `gemm.py`, an attention with `flash_attention.py` as it is by default. Both
sides run on the same simulated machine; ratios above 1 say how much the compiler leaves.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from measuring import HERE

from compiler.compile import Request, compile_model
from compiler.options import CompileOptions
from runtime.machine.description import Machine, load
from runtime.program import Program
from runtime.timing.simulator import simulate

PRODUCTS = (
    (512, 2048, 2048),
    (512, 8192, 2048),
    (512, 2048, 8192),
    (1536, 1536, 1536),
    (4096, 4096, 4096),
    (1000, 777, 513),
)
"""Rows, columns and length of the sums."""

ATTENTIONS = ((8, 1024, 64), (8, 1024, 128), (8, 4096, 64), (8, 4096, 128), (2, 16384, 128))
"""Heads, queries and keys, elements of a head."""

BASES = ((128, 256, 64), (256, 128, 64), (128, 128, 128))
"""Tilings of `gemm.py` of which the best counts."""


def product_text(m: int, n: int, k: int, dtype: str) -> str:
    """Return a module that multiplies."""
    a, b, c = f"tensor<{m}x{k}x{dtype}>", f"tensor<{n}x{k}x{dtype}>", f"tensor<{m}x{n}x{dtype}>"
    return (
        f"func.func public @main(%a: {a}, %b: {b}) -> {c} {{\n"
        f"  %c = graph.matmul %a, %b <{{transpose_b}}> : ({a}, {b}) -> {c}\n  func.return %c : {c}\n}}\n"
    )


def attention_text(heads: int, size: int, dim: int, dtype: str) -> str:
    """Return a module that attends."""
    t = f"tensor<1x{heads}x1x{size}x{dim}x{dtype}>"
    return (
        f"func.func public @main(%q: {t}, %k: {t}, %v: {t}) -> {t} {{\n"
        f"  %o = attn.attention %q, %k, %v <{{scale = {dim**-0.5} : f64}}> : ({t}, {t}, {t}) -> {t}\n"
        f"  func.return %o : {t}\n}}\n"
    )


def compiled(text: str, target: str) -> Program:
    """Return the program of a module of the phase `graph`."""
    header = f'builtin.module attributes {{sfumato.target = "{target}", sfumato.phase = "graph"}} {{\n'
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "module.mlir"
        source.write_text(f"{header}{text}}}\n")
        program = compile_model(Request(source, CompileOptions(target=target), start="graph")).program
    assert program is not None
    return program


def cycles(program: Program, machine: Machine) -> int:
    """Return the cycles of a program's launches."""
    return int(simulate(program, machine).cycles)


def by_hand(script: str, arguments: Iterable[str | int], machine: Machine) -> int:
    """Return the cycles of a hand-written kernel."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "kernel.sfu"
        command = [
            sys.executable,
            str(HERE / "examples" / "kernels" / script),
            "--target",
            machine.name,
            "-o",
            str(path),
        ]
        subprocess.run([*command, *map(str, arguments)], check=True)
        return cycles(Program.load(path), machine)


def report(name: str, generated: int, written: Sequence[int]) -> None:
    """Print one comparison with the best of what was written by hand."""
    print(f"{name:<34} {generated:>12,} {min(written):>12,} {generated / min(written):>6.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="ascend910b3", help="machine (default: %(default)s)")
    parser.add_argument("--dtype", default="f16", choices=("f16", "bf16"), help="of all operands and results")
    parser.add_argument("--only", default="", help="part of the name of what to measure")
    options = parser.parse_args()
    machine = load(options.target)
    print(f"{'cycles on ' + machine.name:<34} {'generated':>12} {'by hand':>12} {'ratio':>6}")
    for m, n, k in PRODUCTS:
        name = f"matmul {m} x {n} x {k}"
        if options.only in name:
            made = cycles(compiled(product_text(m, n, k, options.dtype), options.target), machine)
            sizes = ("-m", m, "-n", n, "-k", k, "--dtype", options.dtype, "--base")
            report(name, made, [by_hand("gemm.py", (*sizes, *base), machine) for base in BASES])
    for heads, size, dim in ATTENTIONS:
        name = f"attention {heads} x {size} x {dim}"
        if options.only in name:
            made = cycles(compiled(attention_text(heads, size, dim, options.dtype), options.target), machine)
            sizes = ("--heads", heads, "--queries", size, "--keys", size, "--head-dim", dim, "--dtype", options.dtype)
            report(name, made, [by_hand("flash_attention.py", sizes, machine)])


if __name__ == "__main__":
    main()
