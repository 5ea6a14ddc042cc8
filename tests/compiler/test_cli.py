import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compiler.cli.main import COMMANDS
from passes import PASSES

KERNEL = """\
.kernel double kind=vector blocks=1 target=tiny
.arg x f32 [128] in
.arg y f32 [128] out
.vector
  arg rd=r0, index=0
  arg rd=r1, index=1
  copy_gm_ub dst=[0], src=[r0], bursts=1, burst_bytes=512, src_stride=512, dst_stride=512
  set_flag src=MTE2, dst=V, id=0
  wait_flag src=MTE2, dst=V, id=0
  vadd dst=[1024], src0=[0], src1=[0], count=128, mask=64, dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8, type=f32
  set_flag src=V, dst=MTE3, id=0
  wait_flag src=V, dst=MTE3, id=0
  copy_ub_gm dst=[r1], src=[1024], bursts=1, burst_bytes=512, src_stride=512, dst_stride=512, atomic=none, type=f32
"""

Command = Callable[..., Any]


@pytest.fixture
def assembled(sfumato_command: Command, tmp_path: Path) -> Path:
    (tmp_path / "k.asm").write_text(KERNEL)
    finished = sfumato_command("asm", tmp_path / "k.asm", "-o", tmp_path / "k.sfu")
    assert finished.code == 0, finished.err
    np.savez(tmp_path / "x.npz", in0=np.arange(128, dtype=np.float32), out0=2 * np.arange(128, dtype=np.float32))
    return tmp_path / "k.sfu"


def test_hand_written_kernel_runs(assembled: Path, sfumato_command: Command) -> None:
    tensors = assembled.with_name("x.npz")
    finished = sfumato_command(
        "run", assembled, "--inputs", tensors, "--expected", tensors, "--sanitize", "--json", "-"
    )
    assert finished.code == 0, finished.err
    report = json.loads(finished.out)
    assert report["outputs"] == [{"max_abs_err": 0.0, "max_rel_err": 0.0, "mismatches": 0, "elements": 128}]


def test_overflow_report(assembled: Path, sfumato_command: Command) -> None:
    """The kernel doubles its input: 3e38 is too much for f32. Without the option the report has no such field."""
    command = ("run", assembled, "--inputs", assembled.with_name("large.npz"), "--report-overflow")
    values = np.ones(128, np.float32)
    np.savez(assembled.with_name("large.npz"), in0=values)
    assert "overflow: none\n" in sfumato_command(*command).out
    assert json.loads(sfumato_command(*command, "--json", "-").out)["overflow"] is None
    assert "overflow" not in json.loads(sfumato_command(*command[:-1], "--json", "-").out)
    values[5] = -3e38
    np.savez(assembled.with_name("large.npz"), in0=values)
    assert "overflow: -3e+38 and -3e+38 gave -inf in f32\n" in sfumato_command(*command).out
    report = json.loads(sfumato_command(*command, "--json", "-").out)["overflow"]
    assert report["result"] == "-inf"
    assert report["kernel"] == "double"
    assert report["text"].startswith("vadd dst=[1024]")


def test_trace(assembled: Path, sfumato_command: Command) -> None:
    trace = assembled.with_name("t.json")
    assert sfumato_command("profile", assembled, "--trace", trace).code == 0
    assert json.loads(trace.read_text())["traceEvents"]


def test_csv(assembled: Path, sfumato_command: Command) -> None:
    folder = assembled.with_name("csv")
    assert sfumato_command("profile", assembled, "--csv", folder).code == 0
    assert {path.name for path in folder.iterdir()} == {"op_summary.csv", "op_statistic.csv"}


def test_asm_and_disasm_are_inverse(assembled: Path, sfumato_command: Command) -> None:
    assert sfumato_command("disasm", assembled).out == KERNEL


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("vadd", "vmagic", "vmagic"),
        ("r1, index=1", "r1, index=", "k.asm:6"),
        ("blocks=1", "blocks=99", "99 blocks"),
        ("target=tiny", "target=moon", "unknown target 'moon'"),
        ("mask=64", "mask=65", "mask"),
        ("[128] out", "[128] inout", "inout is not supported yet"),
    ],
)
def test_bad_assembly(sfumato_command: Command, tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "k.asm").write_text(KERNEL.replace(old, new))
    finished = sfumato_command("asm", tmp_path / "k.asm", "-o", tmp_path / "k.sfu")
    assert finished.code == 1
    assert message in finished.err
    assert "Traceback" not in finished.err
    assert not (tmp_path / "k.sfu").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "usage: sfumato"),
        (("fly",), 2, "invalid choice: 'fly'"),
        (("run",), 2, "the following arguments are required"),
        (("run", "{tmp}/none.sfu", "--inputs", "x"), 1, "none.sfu: no such file"),
        (("run", "{npz}", "--inputs", "{npz}"), 1, "not a .sfu program file"),
        (("run", "{sfu}", "--inputs", "{sfu}"), 1, "input in0 (f32 [128]) is missing"),
        (("run", "{sfu}", "--inputs", "{asm}"), 1, "not an .npz"),
        (("run", "{sfu}", "--inputs", "{npz}", "--atol", "-1"), 2, "is not a number from 0 up"),
        (("run", "{sfu}", "--inputs", "{npz}", "--outputs", "{tmp}/no/y.npz"), 1, "{tmp}/no/y.npz: no such file"),
        (("run", "{sfu}", "--inputs", "{npz}", "--expected", "{tmp}/none.npz"), 1, "none.npz: no such file"),
        (("compile", "{npz}", "-o", "{tmp}/p.sfu"), 1, "not an exported program"),
        (("compile", "{asm}", "-o", "{tmp}/p.sfu"), 1, "not a complete .pt2 archive"),
        (("compile", "{tmp}/d.mlir", "-o", "{tmp}/p.sfu"), 1, "a dump goes on with --from PHASE"),
        (("compile", "{tmp}/none.pt2", "-o", "{tmp}/p.sfu"), 1, "no such file"),
        (("compile", "{npz}"), 2, "-o P.sfu is needed"),
        (("compile", "{npz}", "--to", "graph", "--json", "-"), 2, "the IR needs a file: -o FILE"),
        (("compile", "{npz}", "-o", "{tmp}/p.cpp"), 1, "p.cpp: kernels are written as C++ with --to kernel"),
        (("compile", "{npz}", "-o", "p", "--target", "moon"), 1, "unknown target 'moon'"),
        (("compile", "{npz}", "-o", "p", "--quantize", "hif8"), 1, "not supported yet"),
        (("compile", "{npz}", "-o", "p", "--bind", "s0"), 1, "expected NAME=SIZE"),
        (("compile", "{npz}", "-o", "p", "--from", "tile"), 1, "not a text file"),
        (("compile", "{asm}", "-o", "p", "--from", "tile"), 1, "k.asm:1"),
        (("profile", "{sfu}", "--ir", "dumps"), 1, "--ir goes with --report"),
        (("disasm", "{sfu}", "--kernel", "triple"), 1, "there is no kernel 'triple', only double"),
        (("explain", "graph.matmull"), 1, "did you mean graph.matmul"),
        (("ops", "no_such_operator"), 1, "no supported operator has 'no_such_operator' in its name"),
        (("export", "nowhere", "-o", "x.pt2"), 1, "expected MODULE:FACTORY"),
        (("export", "no_such_module_here:make", "-o", "x.pt2"), 1, "there is no module 'no_such_module_here'"),
    ],
)
def test_faults(assembled: Path, sfumato_command: Command, words: tuple[str, ...], code: int, message: str) -> None:
    tmp = assembled.parent
    names = {"tmp": tmp, "sfu": assembled, "npz": tmp / "x.npz", "asm": tmp / "k.asm"}
    finished = sfumato_command(*(word.format(**names) for word in words))
    assert finished.code == code, finished.err
    assert message.format(**names) in finished.err
    assert "Traceback" not in finished.err


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help(command: str, sfumato_command: Command) -> None:
    finished = sfumato_command(command, "--help")
    assert finished.code == 0
    assert f"usage: sfumato {command}" in finished.out


def test_targets(sfumato_command: Command) -> None:
    listed = json.loads(sfumato_command("targets", "--json", "-").out)
    assert {"ascend910b1", "ascend910b3", "ascend910c", "tiny"} <= listed.keys()
    assert listed["ascend910b3"]["cube_cores"] == 20
    assert "ascend910b3" in sfumato_command("targets").out


def test_ops(sfumato_command: Command) -> None:
    assert "aten.linear.default" in sfumato_command("ops").out.splitlines()
    assert sfumato_command("ops", "polar").out.splitlines() == ["aten.polar.default"]
    assert sfumato_command("ops", "layer_norm").out.splitlines() == [
        "aten.layer_norm.default",
        "aten.native_layer_norm.default",
    ]


@pytest.mark.parametrize("name", list(PASSES))
def test_explain_pass(name: str, sfumato_command: Command) -> None:
    finished = sfumato_command("explain", name)
    assert finished.code == 0, finished.err
    assert finished.out.startswith(f"pass {name}\n")


def test_explain(sfumato_command: Command) -> None:
    assert "isa.vadd dst=[2048]" in sfumato_command("explain", "isa.vadd").out
    assert "precision: str = keep" in sfumato_command("explain", "graph-set-precision").out
    assert "passes:" in sfumato_command("explain", "tile").out.splitlines()
    everything = sfumato_command("explain").out
    assert "graph.matmul" in everything
    assert "isa-plan-gm-memory" in everything


def test_export(sfumato_command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import torch\ndef make():\n    return torch.nn.Linear(3, 2).bfloat16(), (torch.ones(4, 3).bfloat16(),)\n"
    )
    finished = sfumato_command("export", f"{tmp_path / 'mine.py'}:make", "-o", tmp_path / "m.pt2")
    assert finished.code == 0, finished.err
    tensors = np.load(tmp_path / "m.npz")
    assert tensors["out0"].dtype == np.uint16
    assert json.loads(str(tensors["meta"]))["inputs"] == [{"dtype": "bfloat16", "shape": [4, 3]}]
    assert sfumato_command("compile", tmp_path / "m.pt2", "--to", "import").out.startswith("builtin.module")


def test_export_of_a_model_that_fails(sfumato_command: Command, tmp_path: Path) -> None:
    source = tmp_path / "wrong.py"
    source.write_text("import torch\n\ndef make():\n    return torch.nn.Linear(3, 4), (torch.ones(2, 5),)\n")
    finished = sfumato_command("export", f"{source}:make", "-o", str(tmp_path / "x.pt2"))
    assert finished.code == 1
    assert (
        "the model fails on its example inputs: RuntimeError: mat1 and mat2 shapes cannot be multiplied" in finished.err
    )
    assert list(tmp_path.glob("x.*")) == []


@pytest.mark.parametrize("command", ["compile", "check"])
def test_what_a_model_writes_is_told(command: str, sfumato_command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "class Counter(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.register_buffer('count', torch.zeros(4))\n"
        "    def forward(self, x):\n"
        "        self.count.add_(1)\n"
        "        return x + self.count\n"
        "def make():\n    return Counter(), (torch.ones(4),)\n"
    )
    assert sfumato_command("export", f"{tmp_path / 'mine.py'}:make", "-o", tmp_path / "m.pt2").code == 0
    rest = ("-o", tmp_path / "m.sfu") if command == "compile" else (tmp_path / "m.npz",)
    finished = sfumato_command(command, tmp_path / "m.pt2", *rest, "--json", "-", "--target", "tiny")
    assert finished.err.splitlines()[0].startswith("sfumato: note: the model writes count; ")
    assert json.loads(finished.out)["mutations"] == ["count"]
