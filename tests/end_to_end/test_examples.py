"""Every example runs, and shows what its README says."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime.compare import TOLERANCES

EXAMPLES = Path(__file__).parents[2] / "examples"

Command = Callable[..., Any]


@pytest.fixture
def example() -> Callable[[str], Any]:
    """Load an example as a module: ``example("mlp")``."""

    def load(name: str) -> Any:
        spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.slow
def test_sentence_similarity(
    example: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(sys, "argv", ["sentence_similarity.py", "--output", str(tmp_path)])
    demo = example("sentence_similarity")
    assert demo.main() == 0
    printed = capsys.readouterr().out.splitlines()
    for first, second in demo.PAIRS:
        row = next(position for position, line in enumerate(printed) if line.startswith(first))
        pytorch, npu, _ = map(float, printed[row].removeprefix(first).split())
        assert abs(npu - pytorch) <= 2e-6
        assert printed[row + 1].strip() == second
    assert any(line.startswith("ascend910b3 at 1800 MHz") for line in printed)
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(list((tmp_path / "dumps").glob("*.mlir"))) > 20


@pytest.mark.slow
def test_sentence_similarity_notices_a_wrong_embedding(
    example: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(sys, "argv", ["sentence_similarity.py", "--output", str(tmp_path)])
    demo = example("sentence_similarity")
    export = demo.export

    def shifted(path: Path) -> Any:
        inputs, expected = export(path)
        return inputs, expected + np.float32(2e-5)

    monkeypatch.setattr(demo, "export", shifted)
    assert demo.main() == 3


def test_mlp(example: Callable[[str], Any], capsys: pytest.CaptureFixture[str]) -> None:
    example("mlp").main()
    printed = capsys.readouterr().out
    assert float(printed.splitlines()[0].rpartition(" ")[2]) <= TOLERANCES["f32"]
    assert "us on ascend910b3" in printed


def test_axpy(sfumato_command: Command, tmp_path: Path, rng: np.random.Generator) -> None:
    program, tensors = tmp_path / "axpy.sfu", tmp_path / "axpy.npz"
    assert sfumato_command("asm", EXAMPLES / "kernels" / "axpy.s", "-o", program).code == 0
    x, y = rng.standard_normal((2, 5000), np.float32)
    np.savez(tensors, in0=x, in1=y, out0=np.float32(2.5) * x + y)
    finished = sfumato_command("run", program, "--inputs", tensors, "--expected", tensors, "--sanitize")
    assert finished.code == 0, finished.err


def test_axpy_without_a_flag_is_a_race(sfumato_command: Command, tmp_path: Path, rng: np.random.Generator) -> None:
    text = (EXAMPLES / "kernels" / "axpy.s").read_text()
    kept = [line for line in text.splitlines() if "src=V, dst=MTE3" not in line]
    (tmp_path / "race.s").write_text("\n".join(kept) + "\n")
    assert sfumato_command("asm", tmp_path / "race.s", "-o", tmp_path / "race.sfu").code == 0
    x, y = rng.standard_normal((2, 5000), np.float32)
    np.savez(tmp_path / "race.npz", in0=x, in1=y)
    finished = sfumato_command("run", tmp_path / "race.sfu", "--inputs", tmp_path / "race.npz", "--sanitize")
    assert finished.code == 1
    assert "race.s:" in finished.err, finished.err
