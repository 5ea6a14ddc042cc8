"""Damaged input files: whatever is wrong with them, one message and exit code 1, never a traceback or a bug's code.

Every file is damaged in ways drawn from a fixed seed. What is damaged without harm may work (0) or give other values (3).
"""

import io
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

TOKEN = re.compile(rb'-?\d+(\.\d+)?|"[^"\n]*"|[A-Za-z_]\w+')
NUMBERS = [b"-1", b"0", b"2147483648", b"99999999999999999999", b"1e999", b"NaN", b"null", b"[]", b"{}", b'"x"', b""]

KERNEL = """\
.kernel double kind=vector blocks=1 target=tiny
.arg x f32 [64] in
.arg y f32 [64] out
.vector
  arg rd=r0, index=0
  copy_gm_ub dst=[0], src=[r0], bursts=1, burst_bytes=256, src_stride=256, dst_stride=256
  set_flag src=MTE2, dst=V, id=0
  wait_flag src=MTE2, dst=V, id=0
  vadd dst=[1024], src0=[0], src1=[0], count=64, mask=64, dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8, type=f32
"""


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The bytes with the end cut off, some changed, a piece lost or repeated, or one token become another."""
    data, length = bytearray(content), len(content)
    match rng.randrange(6):
        case 0:
            return content[: rng.randrange(length)]
        case 1:
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(length)] = rng.randrange(256)
        case 2:
            start = rng.randrange(length)
            del data[start : start + rng.randint(1, 40)]
        case 3:
            start, place = rng.randrange(length), rng.randrange(length)
            data[place:place] = data[start : start + rng.randint(1, 60)]
        case _:
            tokens = list(TOKEN.finditer(content))
            if tokens:
                token = rng.choice(tokens)
                data[token.start() : token.end()] = rng.choice([*NUMBERS, rng.choice(tokens).group()])
    return bytes(data)


def damaged_archive(content: bytes, rng: random.Random) -> bytes:
    """A zip file damaged as a whole, or with one member (JSON, if there is any) damaged or missing, checksums right."""
    if rng.random() < 0.3:
        return damaged(content, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        names = [name for name in old.namelist() if name.endswith(".json")] or old.namelist()
        chosen, missing = rng.choice(names), rng.random() < 0.1
        for name in old.namelist():
            data = old.read(name)
            if name == chosen:
                data = damaged(data, rng) if data else data
            if name != chosen or not missing:
                new.writestr(name, data)
    return out.getvalue()


def forget_folder(archive: Path, folder: Path) -> None:
    """Take the folder, another one in each run, out of the source lines: the same seed then does the same damage."""
    with zipfile.ZipFile(archive) as old:
        members = {name: old.read(name).replace(str(folder).encode(), b"model") for name in old.namelist()}
    with zipfile.ZipFile(archive, "w") as new:
        for name, data in members.items():
            new.writestr(zipfile.ZipInfo(name), data)


@dataclass(frozen=True)
class Case:
    """A kind of file and the commands that read it; ``{f}`` is the damaged file, ``{d}`` the folder of the whole ones."""

    whole: str
    commands: tuple[str, ...]
    rounds: int


CASES = [
    Case("m.pt2", ("sfumato compile {f} -o {d}/o.sfu --target tiny",), 100),
    Case("m.npz", ("sfumato run {d}/m.sfu --inputs {f} --expected {f}",), 150),
    Case("m.sfu", ("sfumato disasm {f}", "sfumato profile {f}", "sfumato run {f} --inputs {d}/m.npz"), 100),
    Case("k.s", ("sfumato asm {f} -o {d}/o.sfu",), 150),
    Case("t.toml", ("sfumato compile {d}/m.pt2 -o {d}/o.sfu --target {f}",), 60),
    *(Case(f"{phase}.mlir", ("sfumato-opt {f}",), 40) for phase in ("import", "graph", "dispatch", "tile", "kernel")),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one whole file of each kind."""
    from compiler.cli.main import run

    folder = tmp_path_factory.mktemp("whole")
    (folder / "mine.py").write_text(
        "import torch\n"
        "class Model(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.linear, self.table = torch.nn.Linear(8, 4), torch.nn.Embedding(5, 8)\n"
        "    def forward(self, x, rows):\n"
        "        return torch.softmax(self.linear(x + self.table(rows)), -1), x.sum(0)\n"
        "def make():\n"
        "    torch.manual_seed(0)\n"
        "    return Model(), (torch.randn(3, 8), torch.tensor([1, 2, 4]))\n"
    )
    assert run(["export", f"{folder / 'mine.py'}:make", "-o", str(folder / "m.pt2")]) == 0
    forget_folder(folder / "m.pt2", folder)
    base = ["compile", str(folder / "m.pt2"), "--target", "tiny", "-o"]
    assert run([*base, str(folder / "m.sfu")]) == 0
    for phase in ("import", "graph", "dispatch", "tile", "kernel"):
        assert run([*base, str(folder / f"{phase}.mlir"), "--to", phase]) == 0
    (folder / "k.s").write_text(KERNEL)
    machines = Path(__file__).parents[2] / "runtime" / "machine"
    (folder / "t.toml").write_bytes(next(iter(sorted(machines.rglob("tiny.toml")))).read_bytes())
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.whole)
def test_one_message(case: Case, whole: Path, tmp_path: Path, any_command: Command) -> None:
    rng = random.Random(case.whole)
    content = (whole / case.whole).read_bytes()
    damage = damaged_archive if zipfile.is_zipfile(whole / case.whole) else damaged
    refused = 0
    for turn in range(case.rounds):
        file = tmp_path / f"{turn}.{case.whole}"
        file.write_bytes(damage(content, rng))
        for command in case.commands:
            finished = any_command(command.format(f=file, d=whole).split())
            told = f"{command} of round {turn}: code {finished.code}\n{finished.err}"
            assert finished.code in (0, 1, 3), told
            assert "Traceback" not in finished.err, told
            if finished.code == 1:
                refused += 1
                assert finished.err.startswith((f"{command.split()[0]}: error: ", "sfumato: note: ")), told
                assert finished.err.count(": error: ") == 1, told
        file.unlink()
    assert refused > case.rounds // 4
