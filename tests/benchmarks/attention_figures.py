"""Attention beside what has been published: one row a figure, with the command that repeats it.

prefill      fp16, head dimension 128, one head, on `ascend910b2`: microseconds beside a measured FlashAttention kernel
             of that chip and its vendor's library
utilisation  the same with 32 heads at 16384: useful FLOPs a second as a part of the cube cores' peak
speedup      fused against standard attention (FastAttention, arXiv 2410.16663, reports up to 10.7)
causal       causal against full attention: what the tiling-mask saves; half is the least
traffic      bytes between the cores and GM or L2, and bytes that HBM gives and takes, against Q + K + V + O
decode       one query a head, groups of four heads a key head: the part of HBM's bandwidth that the keys and values
             use (CloudMatrix384, arXiv 2506.12708, reports 84.1 % for memory-bound attention)
latent       absorbed multi-head latent attention, 128 heads of 1 or 2 queries on 24 latents of 576, whose first 512 are
             the values, bf16: the part of the cube cores' peak that useful FLOPs use (AMLA, arXiv 2509.25224, reports
             86.8 % of a peak at 1.8 GHz, and 66.7 % for FlashMLA on an H800), and what bounds it

Times are simulated, launches included; no values are computed. `ascend910c` is one die. `--only` selects rows by a part of
their names, which is how a row's command repeats it; `--all` adds sizes that take minutes.
"""

from __future__ import annotations

import argparse
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from compiler.compile import Request, compile_model
from compiler.options import CompileOptions
from runtime.machine.description import load
from runtime.profile.summary import summarize
from runtime.timing.result import Timeline
from runtime.timing.simulator import simulate

MEASURED_US = {1024: "20.96 (library 58.46)", 4096: "88.90 (library 118.30)", 16384: "909.06 (library 1118.46)"}
"""Queries and keys -> microseconds on a 910B2, one head of 128, fp16; the vendor's library kernel in parentheses."""


@dataclass(frozen=True)
class Attention:
    """An attention: heads of keys (all batches), queries, keys, depth, queries that share a head of keys.

    The values of a ``latent`` one are the first so many columns of its keys.
    """

    heads: int
    queries: int
    keys: int
    depth: int = 128
    group: int = 1
    causal: bool = False
    dtype: str = "f16"
    latent: int = 0
    algorithm: str = "auto"
    target: str = "ascend910c"

    def text(self) -> str:
        """The module that attends, at the phase `graph`."""
        q, k, v, o = (
            f"tensor<{self.heads}x{group}x{rows}x{width}x{self.dtype}>"
            for group, rows, width in (
                (self.group, self.queries, self.depth),
                (1, self.keys, self.depth),
                (1, self.keys, self.width),
                (self.group, self.queries, self.width),
            )
        )
        stops = f"array<i64: {self.heads}, 1, {self.keys}, {self.width}>"
        bounds = f"starts = array<i64: 0, 0, 0, 0>, stops = {stops}, steps = array<i64: 1, 1, 1, 1>"
        values = f"  %v = graph.slice %k <{{{bounds}}}> : ({k}) -> {v}\n" if self.latent else ""
        parameters = f"%q: {q}, %k: {k}" + ("" if self.latent else f", %v: {v}")
        band = ", upper = 0 : i64" if self.causal else ""
        return (
            f'builtin.module attributes {{sfumato.target = "{self.target}", sfumato.phase = "graph"}} {{\n'
            f"func.func public @main({parameters}) -> {o} {{\n{values}"
            f"  %o = attn.attention %q, %k, %v <{{scale = {self.depth**-0.5} : f64{band}}}> : ({q}, {k}, {v}) -> {o}\n"
            f"  func.return %o : {o}\n}}\n}}\n"
        )

    def timeline(self) -> Timeline:
        """Compile and time it."""
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory) / "attention.mlir"
            source.write_text(self.text())
            options = CompileOptions(target=self.target, attention=self.algorithm)
            program = compile_model(Request(source, options, start="graph")).program
        assert program is not None
        return simulate(program, load(self.target))

    @property
    def width(self) -> int:
        """Columns of the values."""
        return self.latent or self.depth

    @property
    def flops(self) -> int:
        """Useful floating-point operations: a multiplication and an addition for each element of both products."""
        products = self.heads * self.group * self.queries * self.keys * (self.depth + self.width)
        return 2 * products // (2 if self.causal else 1)

    @property
    def bytes(self) -> int:
        """Bytes of Q, K, V and O."""
        return 2 * 2 * self.heads * self.depth * (self.group * self.queries + self.keys)


@dataclass(frozen=True)
class Figure:
    """A row: its name, how it is found (as text), what was published; `slow` ones need `--all`."""

    name: str
    measure: Callable[[], str]
    published: str
    slow: bool = False


def microseconds(timeline: Timeline) -> float:
    """Microseconds of a whole run."""
    return timeline.machine.time_us(timeline.cycles)


def prefill() -> Iterator[Figure]:
    for size in (1024, 2048, 4096, 8192, 16384, 32768):
        one = Attention(1, size, size, target="ascend910b2")
        yield Figure(
            f"prefill {size}",
            lambda one=one: f"{microseconds(one.timeline()):.1f} us",
            f"{MEASURED_US[size]} us" if size in MEASURED_US else "-",
            size > 16384,
        )


def part_of_peak(one: Attention, timeline: Timeline) -> float:
    """Useful operations a cycle as a part of what the cube cores can do; the same at any clock."""
    machine = timeline.machine
    return one.flops / (timeline.cycles * 2 * machine.cube.macs_per_cycle[one.dtype] * machine.cube_cores)


def utilisation() -> Iterator[Figure]:
    def measure(one: Attention) -> str:
        return f"{100 * part_of_peak(one, one.timeline()):.1f} %"

    for size, slow in ((4096, False), (16384, True)):
        one = Attention(32, size, size, target="ascend910b2")
        yield Figure(f"utilisation {size}", lambda one=one: measure(one), "-", slow)


def speedup() -> Iterator[Figure]:
    def measure(one: Attention) -> str:
        standard = replace(one, algorithm="standard").timeline()
        return f"{standard.cycles / one.timeline().cycles:.2f}"

    for size in (512, 1024, 2048, 4096, 8192, 16384):
        one = Attention(8, size, size, algorithm="flash")
        yield Figure(f"speedup {size}", lambda one=one: measure(one), "up to 10.7", size > 4096)


def causal() -> Iterator[Figure]:
    def measure(one: Attention) -> str:
        return f"{replace(one, causal=True).timeline().cycles / one.timeline().cycles:.2f}"

    for depth in (64, 128):
        for size in (2048, 4096, 8192):
            one = Attention(8, size, size, depth)
            yield Figure(f"causal {size} x {depth}", lambda one=one: measure(one), "0.5: half the work", size > 4096)


def traffic() -> Iterator[Figure]:
    def measure(one: Attention) -> str:
        uses = [launch.use for launch in one.timeline().launches]
        moved = sum(use.gm_read_bytes + use.gm_write_bytes for use in uses)
        outside = sum(use.missed_bytes + use.written_back_bytes for use in uses)
        return f"{moved / one.bytes:.1f} moved, {outside / one.bytes:.2f} HBM"

    for size in (1024, 4096):
        for algorithm in ("standard", "flash"):
            one = Attention(8, size, size, algorithm=algorithm)
            yield Figure(f"traffic {algorithm} {size}", lambda one=one: measure(one), "1: each byte once")


def decode() -> Iterator[Figure]:
    def measure(one: Attention) -> str:
        timeline = one.timeline()
        rate = one.bytes / microseconds(timeline) / 1e3
        return f"{100 * rate / timeline.machine.memory.hbm_gb_per_s:.1f} % ({microseconds(timeline):.1f} us)"

    for batch in (1, 8, 64):
        for keys in (1024, 8192, 32768):
            one = Attention(8 * batch, 1, keys, group=4)
            yield Figure(f"decode batch {batch} keys {keys}", lambda one=one: measure(one), "84.1 %")


def latent() -> Iterator[Figure]:
    def measure(one: Attention) -> str:
        timeline = one.timeline()
        part, machine = part_of_peak(one, timeline), timeline.machine
        peak = 2e-6 * machine.cube.macs_per_cycle[one.dtype] * machine.cube_cores  # TFLOPS at 1 MHz
        clocks = "/".join(f"{part * peak * mhz:.0f}" for mhz in (machine.clock_mhz, 1800))
        return f"{100 * part:.1f} % ({clocks} TFLOPS, {summarize(timeline)[0].bound})"

    for queries in (1, 2):
        for keys in (4096, 8192, 16384, 65536):
            one = Attention(24, queries, keys, 576, 128, dtype="bf16", latent=512)
            published = "86.8 %" if queries == 2 else "-"
            yield Figure(f"latent {queries} keys {keys}", lambda one=one: measure(one), published, keys > 8192)


FIGURES = (prefill, utilisation, speedup, causal, traffic, decode, latent)
"""What is measured, in order; a new algorithm adds a function that yields its rows."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="part of the name of what to measure")
    parser.add_argument("--all", action="store_true", help="sizes that take minutes too")
    options = parser.parse_args()
    print(f"{'figure':<30} {'simulated':>34} {'published':<26} {'wall':>6}  command")
    for figure in (figure for group in FIGURES for figure in group()):
        if options.only not in figure.name or (figure.slow and not options.all):
            continue
        begin = time.perf_counter()
        found = figure.measure()
        wall = time.perf_counter() - begin
        command = f"python tests/benchmarks/{Path(__file__).name} --only {shlex.quote(figure.name)}"
        if figure.slow:
            command += " --all"
        print(f"{figure.name:<30} {found:>34} {figure.published:<26} {wall:>4.0f} s  {command}", flush=True)


if __name__ == "__main__":
    main()
