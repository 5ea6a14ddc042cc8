"""What simulating costs: matrix products, a layer and all of GPT-2 124M with values, Llama-3.2-1B without.

Targets of user CPU, with the compiled timing core in numba's cache: products of 512 (1 s) and 1024 (2 s), values and
cycles; of 4096, cycles only (3 s); a GPT-2 layer (3 s) and GPT-2 (20 s), sequence 128, values and cycles; Llama-3.2-1B,
sequence 512, cycles only (20 s, 1 GiB); and a million simulated instructions a second without replay. ``compiling`` is
what the first run of an installation pays on top.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from exported_models import exported
from measuring import HERE, Options, best_runs, parse_options, report, rerun_line, run

SFUMATO = ("-m", "compiler.cli.main")


def throughput(path: str, cached: bool) -> dict[str, float]:
    """Instructions a second of the compiled core alone, every launch simulated; and the seconds of its first use."""
    import sfumato
    from runtime.machine.description import load
    from runtime.timing import compiled
    from runtime.timing.simulator import simulate

    if not cached:
        compiled.cache_folder = lambda: Path(tempfile.mkdtemp())
    program = sfumato.load(path).compiled
    machine = load(program.target)
    start = time.process_time()
    simulate(program, machine, interpreted_steps=0)
    first = time.process_time() - start
    start = time.process_time()
    timeline = simulate(program, machine, interpreted_steps=0, replay=False)
    seconds = time.process_time() - start
    executed = sum(used.executed for launch in timeline.launches for used in launch.use.cores.values())
    return {"first": first, "executed": executed, "rate": executed / seconds}


def product(options: Options, folder: str, size: int) -> str:
    """Write the program of an f16 matrix product, and its inputs; return the program's path."""
    import numpy as np

    path = f"{folder}/gemm{size}.sfu"
    sizes = ("-m", str(size), "-n", str(size), "-k", str(size))
    run(HERE, (str(HERE / "examples" / "kernels" / "gemm.py"), *sizes, "-o", path))
    random = np.random.default_rng(0)
    inputs = {f"in{number}": random.standard_normal((size, size), np.float32).astype(np.float16) for number in (0, 1)}
    np.savez(f"{folder}/gemm{size}.npz", **inputs)
    return path


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(throughput(sys.argv[2], sys.argv[3] == "cached")))
        return
    options = parse_options(__doc__, repeat=2)
    with tempfile.TemporaryDirectory() as folder:
        for size in (512, 1024):
            path = product(options, folder, size)
            inputs = ("--inputs", f"{folder}/gemm{size}.npz")
            report(options, f"gemm {size} values and cycles", best_runs(options, (*SFUMATO, "run", path, *inputs)))
        path = product(options, folder, 4096)
        report(options, "gemm 4096 cycles", best_runs(options, (*SFUMATO, "profile", path)))
        for name in ("gpt2layer-weights", "gpt2-weights"):
            model = exported(name, options.models)
            command = (*SFUMATO, "check", str(model), str(model.with_suffix(".npz")))
            report(options, f"{name} values and cycles", best_runs(options, command))
        model = exported("llama", options.models, sequence=512)
        program = f"{folder}/llama.sfu"
        run(HERE, (*SFUMATO, "compile", str(model), "-o", program, "--external-weights"))
        report(options, "llama 512 cycles", best_runs(options, (*SFUMATO, "profile", program)))
        for cached in ("cached", "cold"):
            found = json.loads(run(HERE, (__file__, "--measure", path, cached)).output)
            rate = f"{found['rate'] / 1e6:.2f} million instructions a second of {found['executed']:,}"
            print(f"timing core, {cached:<6} {rate}, first use {found['first']:.1f} s")
    rerun_line(__file__)


if __name__ == "__main__":
    main()
