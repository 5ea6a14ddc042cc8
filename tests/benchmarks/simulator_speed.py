"""Simulated instructions a second, for each class of instruction: the functional and the timing simulator.

Each class is a loop over one instruction in a kernel of a single core; scalar instructions and flags are counted with the loop
that they are in. The size that an instruction works on is in its name.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

from measuring import parse_options, rerun_line, run

TRIPS = 4000

VECTOR = "count=2048, mask=64, dst_blk=1, {blocks}, dst_rep=8, {repeats}, type=f32"
ONE = VECTOR.format(blocks="src_blk=1", repeats="src_rep=8")
TWO = VECTOR.format(blocks="src0_blk=1, src1_blk=1", repeats="src0_rep=8, src1_rep=8")

BODIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "scalar add": ("vector", ("add rd=r3, a=r2, b=7",) * 4),
    "set_flag + wait_flag": ("vector", ("set_flag src=V, dst=MTE3, id=0", "wait_flag src=V, dst=MTE3, id=0")),
    "vadd f32 2048": ("vector", (f"vadd dst=[16384], src0=[0], src1=[8192], {TWO}",)),
    "vexp f32 2048": ("vector", (f"vexp dst=[16384], src=[0], {ONE}",)),
    "vcadd f32 2048": (
        "vector",
        ("vcadd dst=[16384], src=[0], count=2048, mask=64, dst_rep=1, src_blk=1, src_rep=8, type=f32",),
    ),
    "copy_gm_ub 16 KiB": (
        "vector",
        ("copy_gm_ub dst=[0], src=[r0], bursts=16, burst_bytes=1024, src_stride=1024, dst_stride=1024",),
    ),
    "copy_ub_gm 16 KiB": (
        "vector",
        (
            "copy_ub_gm dst=[r1], src=[0], bursts=16, burst_bytes=1024, src_stride=1024, dst_stride=1024, atomic=none, type=f32",
        ),
    ),
    "nd2nz f16 64x64": ("cube", ("nd2nz dst=[0], src=[r0], rows=64, cols=64, src_stride=256, dst_rows=64, type=f16",)),
    "load_l0a f16 64x64": ("cube", ("load_l0a dst=[0], src=[0], m=64, k=64, src_rows=64, transpose=0, type=f16",)),
    "mmad f16 64x64x64": (
        "cube",
        (
            "mmad dst=[0], a=[0], b=[0], m=64, n=64, k=64, init=1, bias=[0], use_bias=0, type=f16, acc=f32, mode=none, unit_flag=0",
        ),
    ),
    "mmad f32 128x128x64": (
        "cube",
        (
            "mmad dst=[0], a=[0], b=[0], m=128, n=128, k=64, init=1, bias=[0], use_bias=0, type=f32, acc=f32, mode=none, unit_flag=0",
        ),
    ),
    "fixpipe f32 64x64": (
        "cube",
        (
            "fixpipe dst=[r1], src=[0], m=64, n=64, src_rows=64, dst_stride=256, quant=none, relu=0, atomic=none, scale=0, "
            "acc=f32, type=f32, unit_flag=0",
        ),
    ),
}
"""Class -> the core that executes it and the body of its loop."""


def kernel(core: str, body: Sequence[str]) -> str:
    """Return the assembly of a kernel that repeats ``body``; r0 and r1 are the addresses of its arguments."""
    lines = [
        f".kernel loop kind={core} blocks=1 target=ascend910b3",
        ".arg x f32 [4096] in",
        ".arg y f32 [4096] out",
        f".{core}",
        "arg rd=r0, index=0",
        "arg rd=r1, index=1",
        f"loop rd=r2, lower=0, upper={TRIPS}, step=1",
        *body,
        "end",
    ]
    return "\n".join(lines) + "\n"


def measure() -> dict[str, tuple[float, float]]:
    """Return class -> instructions a second of the functional and of the timing simulator, in this process."""
    import numpy as np

    from compiler.emit.assembled import program_of
    from dialects.isa.assembly import parse_kernel
    from runtime.functional.interpreter import run as compute
    from runtime.machine.description import load
    from runtime.timing.simulator import simulate

    machine = load("ascend910b3")
    inputs = [np.ones(4096, np.float32)]
    rates: dict[str, tuple[float, float]] = {}
    for name, (core, body) in BODIES.items():
        program = program_of(parse_kernel(kernel(core, body), name), name)
        start = time.process_time()
        compute(program, inputs, machine)
        middle = time.process_time()
        simulate(program, machine)
        end = time.process_time()
        count = TRIPS * len(body)
        rates[name] = (count / (middle - start), count / (end - middle))
    return rates


def main() -> None:
    if sys.argv[1:] == ["--measure"]:
        print(json.dumps(measure()))
        return
    options = parse_options(__doc__, repeat=2)
    results = [
        [json.loads(run(checkout, (__file__, "--measure")).output) for _ in range(options.repeat)]
        for checkout in options.checkouts
    ]
    best = [{name: [max(one[name][side] for one in runs) for side in (0, 1)] for name in BODIES} for runs in results]
    print(f"{'thousand instructions a second':<34} {'functional':>12} {'timing':>12}")
    for name in BODIES:
        line = f"{name:<34} {best[0][name][0] / 1e3:>12.1f} {best[0][name][1] / 1e3:>12.1f}"
        for theirs in best[1:]:
            ratios = [ours / other for ours, other in zip(best[0][name], theirs[name], strict=True)]
            line += f"   ours/theirs: {ratios[0]:.2f} {ratios[1]:.2f}"
        print(line)
    rerun_line(__file__)


if __name__ == "__main__":
    main()
