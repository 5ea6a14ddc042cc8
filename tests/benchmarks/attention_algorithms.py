"""Simulated time of whole models by attention algorithm, and with values to compare with, the errors.

usage: attention_algorithms.py [--precision P] [--target T] MODEL ...

MODEL is an exported X.pt2, or gpt2 or llama: GPT-2 124M and Llama-3.2-1B, exported here with 128 tokens and without weights
(PyTorch is needed for that). With X.npz beside X.pt2 (inputs and expected outputs) the model is run as well. PASA computes in
f16: for f32 models it needs --precision fp16.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from exported_models import MODELS, exported

import sfumato
from compiler.options import ATTENTIONS, PRECISIONS
from dialects.errors import SfumatoError
from runtime import launch
from runtime.tensor_file import load_tensors, match_expected, match_inputs

FOLDER = Path("bench-output")


def row(path: Path, algorithm: str, precision: str, target: str) -> str:
    """What one algorithm costs: time, cycles, and the largest error relative to the largest expected element."""
    try:
        program = sfumato.compile(path, attention=algorithm, precision=precision, target=target)
        profile = program.profile()
    except SfumatoError as error:
        return str(error).splitlines()[-1].strip()
    attention = sum(one["time_us"] for one in profile["kernels"] if "attention" in one["name"])
    text = f"{profile['time_us']:>12,.1f} us {profile['cycles']:>14,.0f} cycles, attention {attention:>10,.1f} us"
    tensors = path.with_suffix(".npz")
    if not tensors.exists():
        return text
    compiled = program.compiled
    inputs = match_inputs(load_tensors(tensors, "in", compiled.inputs()), compiled.inputs(), str(tensors))
    wanted = match_expected(load_tensors(tensors, "out", compiled.outputs()), compiled.outputs(), str(tensors))
    comparisons, agrees = launch.check_outputs(compiled, launch.run(compiled, inputs).outputs, wanted)
    worst = max(one.max_rel_err for one in comparisons)
    return f"{text}, error {worst:.2e}, {'agrees' if agrees else 'DIFFERS'}"


def main() -> None:
    """Print a table for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--precision", choices=PRECISIONS, default="keep")
    parser.add_argument("--target", default="ascend910b3")
    arguments = parser.parse_args()
    for model in arguments.models:
        path = exported(model, FOLDER) if model in MODELS else Path(model)
        print(f"{path.stem}, {arguments.target}, precision {arguments.precision}")
        for algorithm in (name for name in ATTENTIONS if name != "auto"):
            print(f"  {algorithm:<9} {row(path, algorithm, arguments.precision, arguments.target)}", flush=True)


if __name__ == "__main__":
    main()
