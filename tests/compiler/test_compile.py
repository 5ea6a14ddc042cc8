import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

import passes
from compiler.compile import Request, compile_model
from compiler.diagnostics import CompilerBug
from compiler.options import CompileOptions
from compiler.pipelines import PHASE_NAMES
from compiler.universe import make_context
from dialects.errors import SfumatoError
from passes.base import SfumatoPass
from runtime.compare import TOLERANCES, compare

TINY = CompileOptions(target="tiny")


@pytest.fixture(scope="module")
def model(export_model: Callable[..., Path]) -> Path:
    """Two equal layers of odd sizes, a constant, and a result that is also the input of more."""
    import torch

    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = torch.nn.Linear(19, 37)
            self.down = torch.nn.Linear(37, 19)

        def forward(self, x: Any) -> Any:
            y = self.down(torch.relu(self.up(x)) * 0.5)
            return x + y / (1 + y.abs()).sqrt()

    torch.manual_seed(0)
    return export_model("layers", torch.nn.Sequential(Layer(), Layer(), Layer()), (torch.randn(5, 19),))


def test_values_and_report(model: Path, sfumato_command: Callable[..., Any], tmp_path: Path) -> None:
    finished = sfumato_command(
        "check",
        model,
        model.with_suffix(".npz"),
        "--target",
        "tiny",
        "--json",
        "-",
        "--sanitize",
        "--outputs",
        tmp_path / "y.npz",
    )
    assert finished.code == 0, finished.err
    report = json.loads(finished.out)
    assert report["ok"] is True
    assert report["outputs"][0]["elements"] == 95
    assert report["outputs"][0]["max_rel_err"] <= TOLERANCES["f32"]
    assert report["layers"] == {"found": 3, "distinct": 1}
    assert {*PHASE_NAMES, "total"} <= report["seconds"].keys()
    assert list(report["ops"]) == list(PHASE_NAMES)
    assert report["cycles"] > 0
    assert report["peak_gm_bytes"] > 0
    assert report["buffers"] >= report["values"] > 0
    written = np.load(tmp_path / "y.npz")["out0"]
    expected = np.load(model.with_suffix(".npz"))["out0"]
    assert compare(written, expected).ok


@pytest.fixture(scope="module")
def dumped(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, str]]:
    """The program of an uninterrupted compilation, and the dump of every phase's end."""
    directory = tmp_path_factory.mktemp("dumps")
    compiled = compile_model(Request(model, TINY, dump_directory=directory))
    assert compiled.program is not None
    compiled.program.save(directory / "whole.sfu")
    return (directory / "whole.sfu").read_bytes(), compiled.report.dumps


@pytest.mark.parametrize("phase", PHASE_NAMES)
def test_resuming_gives_the_same_bytes(
    model: Path, dumped: tuple[bytes, dict[str, str]], phase: str, tmp_path: Path
) -> None:
    whole, dumps = dumped
    resumed = compile_model(Request(Path(dumps[phase]), start=phase, weights=model))
    assert resumed.program is not None
    resumed.program.save(tmp_path / "resumed.sfu")
    assert (tmp_path / "resumed.sfu").read_bytes() == whole


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("func.func private @f()", "'func.func' does not belong in a module of the isa level"),
        (
            '"isa.buffer"() <{sym_name = "x", bytes = 4 : i64, kind = "input", index = 0 : i64, type = tensor<1xf32>}>'
            " : () -> ()",
            "buffer @x has no address",
        ),
    ],
)
def test_a_dump_that_is_no_program(
    body: str, message: str, sfumato_command: Callable[..., Any], tmp_path: Path
) -> None:
    dump = tmp_path / "x.mlir"
    dump.write_text(f'module attributes {{sfumato.phase = "isa", sfumato.target = "tiny"}} {{\n{body}\n}}\n')
    finished = sfumato_command("compile", dump, "--from", "isa", "-o", tmp_path / "x.sfu")
    assert finished.code == 1
    assert message in finished.err


def test_kernels_are_written_as_ascendc(model: Path, sfumato_command: Callable[..., Any], tmp_path: Path) -> None:
    text = tmp_path / "k.cpp"
    finished = sfumato_command("compile", model, "--target", "tiny", "--to", "kernel", "-o", text)
    assert finished.code == 0, finished.err
    assert text.read_text().startswith("// kernel ")
    assert "Mmad<" in text.read_text()


def test_dumps_are_numbered_and_parse(dumped: tuple[bytes, dict[str, str]]) -> None:
    directory = Path(dumped[1]["import"]).parent
    files = sorted(directory.glob("*.mlir"))
    assert [int(path.name[:2]) for path in files] == list(range(len(files)))
    assert files[0].name == "00-import.mlir"
    for path in files:
        Parser(make_context(), path.read_text(), str(path)).parse_module().verify()


def test_same_input_same_program(model: Path, dumped: tuple[bytes, dict[str, str]], tmp_path: Path) -> None:
    compiled = compile_model(Request(model, TINY))
    assert compiled.program is not None
    compiled.program.save(tmp_path / "again.sfu")
    assert (tmp_path / "again.sfu").read_bytes() == dumped[0]


def test_external_weights(model: Path, sfumato_command: Callable[..., Any], tmp_path: Path) -> None:
    program, tensors = tmp_path / "p.sfu", model.with_suffix(".npz")
    made = sfumato_command("compile", model, "-o", program, "--target", "tiny", "--external-weights")
    assert made.code == 0, made.err
    refused = sfumato_command("run", program, "--inputs", tensors)
    assert refused.code == 1
    assert "--weights" in refused.err
    run = sfumato_command("run", program, "--inputs", tensors, "--expected", tensors, "--weights", model)
    assert run.code == 0, run.err


def test_profile_reads_no_weights(model: Path, sfumato_command: Callable[..., Any], tmp_path: Path) -> None:
    program = tmp_path / "p.sfu"
    assert sfumato_command("compile", model, "-o", program, "--target", "tiny", "--external-weights").code == 0
    finished = sfumato_command("profile", program, "--json", "-")
    assert finished.code == 0, finished.err
    report = json.loads(finished.out)
    assert report["target"] == "tiny"
    assert report["flops"] == 3 * 2 * (2 * 5 * 19 * 37)


def test_a_different_value_is_exit_code_3(model: Path, sfumato_command: Callable[..., Any], tmp_path: Path) -> None:
    held = dict(np.load(model.with_suffix(".npz")))
    held["out0"][2, 3] += 1
    np.savez(tmp_path / "x.npz", **held)
    finished = sfumato_command("check", model, tmp_path / "x.npz", "--target", "tiny", "--json", "-")
    assert finished.code == 3
    report = json.loads(finished.out)
    assert report["ok"] is False
    assert report["outputs"][0]["mismatches"] == 1
    assert sfumato_command("check", model, tmp_path / "x.npz", "--target", "tiny", "--atol", "2").code == 0


def test_wrong_phase(dumped: tuple[bytes, dict[str, str]]) -> None:
    with pytest.raises(SfumatoError, match="but here phase 'graph' ended"):
        compile_model(Request(Path(dumped[1]["graph"]), start="tile"))


def test_resuming_needs_the_weights(dumped: tuple[bytes, dict[str, str]]) -> None:
    with pytest.raises(SfumatoError, match="--weights"):
        compile_model(Request(Path(dumped[1]["tile"]), start="tile"))


@dataclass(frozen=True)
class Failing(SfumatoPass):
    """Fails as a bug would."""

    name: ClassVar[str] = "graph-cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        next(iter(op.ops)).detach()
        raise IndexError("list index out of range")


def test_a_failing_pass_leaves_a_reproducer(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sfumato_command: Callable[..., Any]
) -> None:
    real = passes.load_pass

    def load(name: str) -> type[SfumatoPass]:
        return Failing if name == "graph-cse" else real(name)

    monkeypatch.setattr("compiler.instrument.load_pass", load)
    monkeypatch.chdir(tmp_path)
    finished = sfumato_command("compile", model, "-o", "p.sfu")
    assert finished.code == 70
    assert "pass graph-cse failed: IndexError: list index out of range" in finished.err
    assert "Traceback" not in finished.err
    reproducer = tmp_path / "sfumato-reproducer-graph-cse.mlir"
    assert str(reproducer) in finished.err
    lines = reproducer.read_text()
    assert "-p 'graph-cse,graph-dce" in lines.splitlines()[0]
    module = Parser(make_context(), lines).parse_module()
    module.verify()
    assert len(list(module.ops)) > 1
    assert not (tmp_path / "p.sfu").exists()


def test_verify_each_names_the_pass(model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Breaking(SfumatoPass):
        """Leaves a function without its end."""

        name: ClassVar[str] = "graph-cse"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            returned = next(iter(op.ops)).regions[0].block.last_op
            assert returned is not None
            returned.detach()

    real = passes.load_pass
    monkeypatch.setattr("compiler.instrument.load_pass", lambda name: Breaking if name == "graph-cse" else real(name))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CompilerBug, match="pass graph-cse failed"):
        compile_model(Request(model, TINY, verify_each=True))


def test_facade(model: Path, tmp_path: Path) -> None:
    import torch

    import sfumato

    tensors = np.load(model.with_suffix(".npz"))
    program = sfumato.compile(model, target="tiny")
    [from_array] = program.run(tensors["in0"])
    [from_tensor] = program.run(torch.from_numpy(tensors["in0"]))
    assert np.array_equal(from_array, from_tensor)
    assert compare(from_array, tensors["out0"]).ok
    program.save(tmp_path / "p.sfu")
    loaded = sfumato.load(tmp_path / "p.sfu")
    assert np.array_equal(loaded.run(tensors["in0"])[0], from_array)
    assert loaded.profile()["cycles"] == program.profile()["cycles"] > 0
    exported = torch.export.load(model)
    assert np.array_equal(sfumato.compile(exported, target="tiny").run(tensors["in0"])[0], from_array)
    with pytest.raises(sfumato.SfumatoError, match="shape"):
        program.run(tensors["in0"][:2])
    with pytest.raises(sfumato.SfumatoError, match="not a Linear"):
        sfumato.compile(torch.nn.Linear(1, 1))


@pytest.mark.parametrize(
    ("option", "value"), [("target", "ascend910b1"), ("precision", "fp16"), ("attention", "flash")]
)
def test_a_dump_is_compiled_on_as_it_was_begun(dumped: tuple[bytes, dict[str, str]], option: str, value: str) -> None:
    request = Request(Path(dumped[1]["graph"]), CompileOptions(**{option: value}), start="graph")
    with pytest.raises(SfumatoError, match=f"for --{option} {value} compile the model again"):
        compile_model(request)
