"""`--precision`: weights in another type than the exported model's, and products of f32 rounded to HF32."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato
from runtime.compare import TOLERANCES

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def tied(export_model: Callable[..., Path]) -> Path:
    """An embedding that is also the weight of the last product: looked up in f32, multiplied in the narrow type."""
    import torch

    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(53, 24)
            self.inner = torch.nn.Linear(24, 24)

        def forward(self, tokens: Any) -> Any:
            x = self.embedding(tokens)
            return torch.nn.functional.linear(torch.tanh(x) + torch.relu(self.inner(x)), self.embedding.weight)

    torch.manual_seed(1)
    return export_model("tied", Tied().eval(), (torch.randint(0, 53, (3, 7)),))


def test_the_programs_weights(tied: Path, sfumato_command: Command, tmp_path: Path) -> None:
    program = sfumato.compile(tied, target="tiny", precision="fp16")
    held = {buffer.key: buffer for buffer in program.compiled.buffers if buffer.kind == "weight"}
    assert sorted((one.dtype, one.shape) for one in held.values()) == [
        ("f16", (24, 24)), ("f16", (53, 24)), ("f32", (24,)), ("f32", (53, 24)),
    ]  # fmt: skip
    program.save(tmp_path / "p.sfu")
    stored = sfumato.load(tmp_path / "p.sfu").compiled.weights
    for key, buffer in held.items():
        model = program.compiled.weights[key]
        assert model.dtype == np.float32
        np.testing.assert_array_equal(stored[key], model.astype(np.float16) if buffer.dtype == "f16" else model)


@pytest.mark.parametrize("target", ["tiny", "ascend910b3"])
@pytest.mark.parametrize("precision", ["fp16", "bf16", "hf32", "fp32", "keep"])
def test_every_precision_agrees(
    tied: Path, sfumato_command: Command, tmp_path: Path, precision: str, target: str
) -> None:
    tensors, options = tied.with_suffix(".npz"), ("--target", target, "--precision", precision)
    checked = sfumato_command(
        "check", tied, tensors, *options, "--sanitize", "--json", "-", "--outputs", tmp_path / "a.npz"
    )
    assert checked.code == 0, checked.err
    wanted = TOLERANCES[{"fp16": "f16", "bf16": "bf16", "hf32": "f16"}.get(precision, "f32")]
    error = json.loads(checked.out)["outputs"][0]["max_rel_err"]
    assert error <= wanted
    assert precision in ("keep", "fp32") or error > 1e-6, "rounding leaves a trace"


@pytest.mark.parametrize("external", [False, True])
def test_saved_programs_compute_the_same(tied: Path, sfumato_command: Command, tmp_path: Path, external: bool) -> None:
    tensors, file = tied.with_suffix(".npz"), tmp_path / "p.sfu"
    [expected] = sfumato.compile(tied, target="tiny", precision="bf16").run(np.load(tensors)["in0"])
    words = ("compile", tied, "-o", file, "--target", "tiny", "--precision", "bf16")
    made = sfumato_command(*words, *(["--external-weights"] if external else []))
    assert made.code == 0, made.err
    weights = ("--weights", tied) if external else ()
    run = sfumato_command("run", file, "--inputs", tensors, *weights, "--outputs", tmp_path / "y.npz")
    assert run.code == 0, run.err
    np.testing.assert_array_equal(np.load(tmp_path / "y.npz")["out0"], expected)


def test_other_weights_are_refused(
    tied: Path, export_model: Callable[..., Path], sfumato_command: Command, tmp_path: Path
) -> None:
    """A model of the same shape whose weights differ by less than the narrow type shows."""
    import torch

    model = torch.export.load(tied).module()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1 + 2.0**-20)
    other = export_model("other", model, (torch.zeros((3, 7), dtype=torch.int64),))
    file = tmp_path / "p.sfu"
    options = ("--target", "tiny", "--precision", "bf16", "--external-weights")
    assert sfumato_command("compile", tied, "-o", file, *options).code == 0
    run = sfumato_command("run", file, "--inputs", tied.with_suffix(".npz"), "--weights", other)
    assert run.code == 1
    assert "hash mismatch" in run.err


def rounded(values: np.ndarray) -> np.ndarray:
    """HF32: twelve significant bits, half to even."""
    fraction, exponent = np.frexp(values.astype(np.float64))
    return np.ldexp(np.rint(fraction * 2.0**12), exponent - 12)


def test_hf32_rounds_the_operands_of_products(export_model: Callable[..., Path]) -> None:
    import torch

    torch.manual_seed(2)
    layer, x = torch.nn.Linear(300, 37), torch.randn(19, 300)
    path = export_model("linear", layer, (x,))
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    expected = rounded(x.numpy()) @ rounded(weight).T + bias
    program = sfumato.compile(path, precision="hf32")
    [found] = program.run(x)
    exact = x.numpy().astype(np.float64) @ weight.T + bias
    assert np.abs(found - expected).max() <= TOLERANCES["f32"] * np.abs(expected).max()
    assert np.abs(expected - exact).max() > 2 * TOLERANCES["f32"] * np.abs(exact).max(), "the test can tell them apart"
