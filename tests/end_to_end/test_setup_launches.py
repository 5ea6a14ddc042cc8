"""What depends on weights only is computed once, when a program is loaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def convolution(export_model: Callable[..., Path]) -> Path:
    """A convolution, whose weight is permuted before it is multiplied, then a linear layer and a table of positions."""
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = torch.nn.Conv2d(3, 13, 3, stride=2, padding=1)
            self.out = torch.nn.Linear(13, 11)

        def forward(self, x: Any) -> Any:
            y = torch.relu(self.patches(x)).flatten(2).transpose(1, 2)
            return self.out(y + torch.arange(y.shape[1], dtype=x.dtype)[None, :, None].cos())

    torch.manual_seed(3)
    return export_model("convolution", Model().eval(), (torch.randn(2, 3, 9, 9),))


@pytest.mark.parametrize("options", [(), ("--precision", "fp16"), ("--quantize", "w8a8")], ids=" ".join)
@pytest.mark.parametrize("target", ["tiny", "ascend910b3"])
def test_values(convolution: Path, sfumato_command: Command, options: tuple[str, ...], target: str) -> None:
    tensors = convolution.with_suffix(".npz")
    words = ("check", convolution, tensors, "--target", target, *options, "--sanitize")
    checked = sfumato_command(*words, "--json", "-")
    assert checked.code == 0, checked.err
    assert json.loads(checked.out)["setup_cycles"] > 0
    assert "; setup, once at loading: " in sfumato_command(*words).err + sfumato_command(*words).out


def test_weights_are_permuted_in_the_setup(convolution: Path, tmp_path: Path) -> None:
    program = sfumato.compile(convolution, target="tiny")
    compiled = program.compiled
    prepared = {number for number, buffer in enumerate(compiled.buffers) if buffer.kind == "prepared"}
    assert prepared
    weights = {number for number, buffer in enumerate(compiled.buffers) if buffer.shape == (13, 3, 3, 3)}
    assert weights
    read_in_setup = {number for launch in compiled.setup for number, _ in launch.arguments}
    read_in_runs = {number for launch in compiled.launches for number, _ in launch.arguments}
    assert weights <= read_in_setup
    assert not weights & read_in_runs
    assert prepared <= read_in_runs
    program.save(tmp_path / "p.sfu")
    loaded = sfumato.load(tmp_path / "p.sfu")
    assert loaded.compiled.setup == compiled.setup
    x = np.load(convolution.with_suffix(".npz"))["in0"]
    for inputs in (x, 2 * x):
        np.testing.assert_array_equal(loaded.run(inputs)[0], program.run(inputs)[0])


def test_profile_counts_the_setup_apart(convolution: Path, sfumato_command: Command, tmp_path: Path) -> None:
    file = tmp_path / "p.sfu"
    assert sfumato_command("compile", convolution, "-o", file, "--target", "tiny", "--external-weights").code == 0
    finished = sfumato_command("profile", file, "--json", "-")
    assert finished.code == 0, finished.err
    profile = json.loads(finished.out)
    assert profile["cycles"] == pytest.approx(sum(kernel["cycles"] for kernel in profile["kernels"]))
    assert profile["setup_cycles"] == pytest.approx(sum(kernel["cycles"] for kernel in profile["setup_kernels"]))
    assert {one["name"] for one in profile["setup_kernels"]}.isdisjoint(one["name"] for one in profile["kernels"])
    assert "setup, once at loading: " in sfumato_command("profile", file).out


def test_a_model_of_weights_only(export_model: Callable[..., Path], sfumato_command: Command) -> None:
    """Its output is prepared, and every run copies it."""
    import torch

    class Table(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Parameter(torch.randn(5, 7))

        def forward(self, x: Any) -> Any:
            return self.table.exp() + 1, x.relu()

    path = export_model("table", Table(), (torch.randn(3),))
    checked = sfumato_command("check", path, path.with_suffix(".npz"), "--target", "tiny", "--sanitize")
    assert checked.code == 0, checked.err
    program = sfumato.compile(path, target="tiny")
    x = np.ones(3, np.float32)
    np.testing.assert_array_equal(program.run(x)[0], program.run(-x)[0])
