import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.encoding import WORD
from dialects.isa.origin import NO_ORIGINS, LocalBuffer, Origins
from runtime.program import Argument, Buffer, Kernel, Launch, Program


def make_program(weights: dict[str, np.ndarray]) -> Program:
    code = np.zeros(3, WORD)
    code["opcode"] = [1, 2, 3]
    kernel = Kernel(
        "k", "vector", 2, [Argument("x", "f32", (4,), "in"), Argument("y", "f32", (4,), "out")], vector=code
    )
    kernel.vector_sources, kernel.vector_source_of = ["model.py:3"], np.array([0, -1, 0], np.int32)
    kernel.vector_origins = Origins(("kernel.add(q)",), (0, -1, 0), (LocalBuffer("q", "ub", 64, 256, 2),))
    kernel.source = ["model.py:3"]
    buffers = [Buffer("x", 16, "input", "f32", (4,), 512, 0), Buffer("y", 16, "output", "f32", (4,), 1024, 0)]
    for key, array in weights.items():
        dtype = DType.of_numpy(array.dtype).name
        buffers.append(Buffer(key, array.size * array.itemsize, "weight", dtype, array.shape, 4096, None, key))
    launches = [Launch(0, ((0, 0), (1, 0)))]
    buffers.append(Buffer("p", 16, "prepared", "f32", (4,), 2048))
    setup = [Launch(0, ((0, 0), (len(buffers) - 1, 0)))]
    return Program("tiny", [kernel], buffers, launches, {"values": 2}, weights, setup=setup)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "p.sfu"
    make_program({"w": np.arange(12, dtype=np.float32).reshape(3, 4)}).save(path)
    return path


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Apply ``change`` to the header of a program file, other members kept."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["program.json"])
    change(header)
    members["program.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_round_trip(saved: Path) -> None:
    expected, loaded = make_program({"w": np.arange(12, dtype=np.float32).reshape(3, 4)}), Program.load(saved)
    assert loaded.buffers == expected.buffers
    assert loaded.launches == expected.launches
    assert loaded.setup == expected.setup != []
    assert (loaded.target, loaded.metadata) == ("tiny", {"values": 2})
    kernel, wanted = loaded.kernels[0], expected.kernels[0]
    assert kernel.cube is None
    assert kernel.vector is not None
    assert kernel.vector.tobytes() == wanted.vector.tobytes()
    assert kernel.vector_source_of.tolist() == [0, -1, 0]
    assert kernel.origins("vector") == wanted.origins("vector") != NO_ORIGINS
    assert (kernel.arguments, kernel.source) == (wanted.arguments, ["model.py:3"])
    assert np.array_equal(loaded.weights["w"], np.arange(12, dtype=np.float32).reshape(3, 4))


def test_same_program_same_bytes(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.sfu"
    Program.load(saved).save(again)
    assert again.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(4, 6).T,
        np.arange(24, dtype=np.float32).reshape(4, 6)[::-1, ::2],
        np.broadcast_to(np.float16(3.5), (1000, 50)),
        np.broadcast_to(np.arange(5, dtype=np.int64)[:, None], (5, 7)),
        np.arange(9).astype(ml_dtypes.bfloat16).reshape(3, 3)[1:, 1:],
        np.array(7, np.int32),
        np.zeros((0, 3), np.float32),
        np.array([True, False]),
    ],
    ids=["transposed", "reversed", "scalar", "column", "inner", "rank 0", "empty", "bool"],
)
def test_weights_of_any_strides(array: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "p.sfu"
    make_program({"w": array}).save(path)
    loaded = Program.load(path).weights["w"]
    assert loaded.dtype == array.dtype
    assert loaded.shape == array.shape
    assert np.array_equal(loaded, array)
    assert not loaded.flags.writeable


def test_repeated_bytes_are_stored_once(tmp_path: Path) -> None:
    wide = np.broadcast_to(np.float32(1), (4096, 4096))
    tied = np.arange(1 << 16, dtype=np.float32)
    make_program({"wide": wide, "a": tied, "b": tied.reshape(256, 256).T}).save(tmp_path / "p.sfu")
    assert (tmp_path / "p.sfu").stat().st_size < tied.nbytes + 8192
    loaded = Program.load(tmp_path / "p.sfu")
    assert np.array_equal(loaded.weights["b"], tied.reshape(256, 256).T)


def test_members_are_aligned(saved: Path) -> None:
    address = Program.load(saved).weights["w"].__array_interface__["data"][0]
    assert address % 64 == 0


def test_external_weights(tmp_path: Path) -> None:
    weights = {"w": np.arange(12, dtype=np.float32).reshape(3, 4)}
    path = tmp_path / "p.sfu"
    make_program(weights).save(path, external_weights=True)
    program = Program.load(path)
    with pytest.raises(SfumatoError, match="--weights"):
        program.contents(program.buffers[2])
    with pytest.raises(SfumatoError, match="hash"):
        program.supply_weights({"w": weights["w"] + 1}, "other.pt2")
    with pytest.raises(SfumatoError, match="no weight 'w'"):
        program.supply_weights({}, "other.pt2")
    with pytest.raises(SfumatoError, match="another type or shape"):
        program.supply_weights({"w": weights["w"].T}, "other.pt2")
    program.supply_weights(weights, "model.pt2")
    assert np.array_equal(program.contents(program.buffers[2]), weights["w"])


def test_failed_save_leaves_the_old_file(saved: Path) -> None:
    before = saved.read_bytes()
    program = make_program({"w": np.zeros(3, np.float32)})
    program.weights = {}
    with pytest.raises(SfumatoError, match="the data of weight 'w'"):
        program.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["p.sfu"]


@pytest.mark.parametrize("keep", [0, 10, 300, -30])
def test_truncated(saved: Path, keep: int) -> None:
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(SfumatoError, match=r"not a \.sfu program file"):
        Program.load(saved)


def huge_weight(header: dict[str, Any]) -> None:
    header["arrays"]["w"]["shape"] = [1 << 40, 4]
    header["buffers"][2].update(shape=[1 << 40, 4], bytes=1 << 44)


CORRUPTIONS: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("format", lambda h: h.update(format="other"), "its format is 'other'"),
    ("newer", lambda h: h.update(version=99), "made by another version of Sfumato .* 99, .*: compile the model again"),
    ("older", lambda h: h.update(version=1), "made by another version of Sfumato .* 1, .*: compile the model again"),
    ("no kernels", lambda h: h.pop("kernels"), "field 'kernels' is missing"),
    ("kind", lambda h: h["kernels"][0].update(kind="gpu"), "'kind' is not one of cube, vector, mix"),
    ("kernel name", lambda h: h["kernels"][0].update(name="k\x1b[2J"), r"'k\\x1b\[2J' is not a name in a program file"),
    ("argument name", lambda h: h["kernels"][0]["arguments"][0].update(name="x\n"), r"'x\\n' is not a name"),
    ("buffer name", lambda h: h["buffers"][0].update(name="a b"), "'a b' is not a name"),
    ("no name", lambda h: h["buffers"][0].update(name=""), "'' is not a name"),
    ("blocks", lambda h: h["kernels"][0].update(blocks=0), "'blocks' is not an integer from 1"),
    ("core", lambda h: h["kernels"][0].update(cores={"gpu": {"sources": []}}), "there is no core 'gpu'"),
    ("no code", lambda h: h["kernels"][0].update(cores={}), "has no code"),
    ("missing member", lambda h: h["kernels"][0].update(cores={"cube": {"sources": []}}), "'code/0.cube' is missing"),
    ("sources", lambda h: h["kernels"][0]["cores"]["vector"].update(sources=[]), "do not fit the code"),
    ("origin", lambda h: h["kernels"][0]["cores"]["vector"].update(ops=[]), "an origin is not among the 0 operations"),
    ("op text", lambda h: h["kernels"][0]["cores"]["vector"].update(ops=["\x1b[2J"]), "is no operation's text"),
    ("local buffer", lambda h: h["kernels"][0]["cores"]["vector"]["buffers"][0].pop("space"), "'space' is missing"),
    ("dtype", lambda h: h["buffers"][0].update(dtype="f7"), "unknown element type 'f7'"),
    ("small buffer", lambda h: h["buffers"][0].update(bytes=3), "has 3 bytes, its f32 tensor of shape"),
    ("negative address", lambda h: h["buffers"][0].update(address=-1), "'address' is not an integer from 0"),
    ("launch kernel", lambda h: h["launches"][0].update(kernel=1), "'kernel' is not an integer from 0 to 0"),
    ("launch buffer", lambda h: h["launches"][0].update(arguments=[[9, 0], [1, 0]]), "is not a place in a buffer"),
    ("launch offset", lambda h: h["launches"][0].update(arguments=[[0, 99], [1, 0]]), "is not a place in a buffer"),
    ("no setup", lambda h: h.pop("setup"), "field 'setup' is missing"),
    ("setup buffer", lambda h: h["setup"][0].update(arguments=[[9, 0], [1, 0]]), "is not a place in a buffer"),
    ("launch count", lambda h: h["launches"][0].update(arguments=[[0, 0]]), "has 1 arguments, the kernel takes 2"),
    (
        "launches",
        lambda h: h.update(launches=[{}] * 1_000_000),
        "1,000,001 launches, where a program has at most 1,000,000",
    ),
    ("no data", lambda h: h["arrays"].pop("w"), "the data of weight w is missing"),
    ("array shape", lambda h: h["arrays"]["w"].update(shape=[2, 4]), r"weight w is f32 \[2, 4\]"),
    ("array reach", lambda h: h["arrays"]["w"].update(offset=8), "reaches bytes 8 to 56 of 48"),
    ("array strides", lambda h: h["arrays"]["w"].update(strides=[4]), "2 sizes but 1 strides"),
    ("negative reach", lambda h: h["arrays"]["w"].update(strides=[-16, 4]), "reaches bytes -32"),
    ("huge", huge_weight, "reaches bytes 0"),
    ("not an object", lambda h: h.update(kernels=[7]), "expected a JSON object, found int"),
]


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in CORRUPTIONS], ids=[case[0] for case in CORRUPTIONS]
)
def test_corrupt_header(saved: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    rewrite(saved, change)
    with pytest.raises(SfumatoError, match=message):
        Program.load(saved)


@pytest.mark.parametrize("shape", [[1] * 70 + [3, 4], [1 << 61, 0, 1 << 61]], ids=["rank", "size"])
def test_arrays_that_numpy_cannot_hold(saved: Path, shape: list[int]) -> None:
    def change(header: dict[str, Any]) -> None:
        header["arrays"]["w"].update(shape=shape, strides=[4] * len(shape))
        header["buffers"][2].update(shape=shape)

    rewrite(saved, change)
    program = Program.load(saved)
    with pytest.raises(SfumatoError, match="array 'w' cannot be read"):
        program.contents(program.buffers[2])


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a\\..\\evil"])
def test_escaping_member(saved: Path, name: str) -> None:
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(SfumatoError, match="escapes the file"):
        Program.load(saved)


def test_compressed_member(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("data/9", bytes(100000), zipfile.ZIP_DEFLATED)
    with pytest.raises(SfumatoError, match="is compressed"):
        Program.load(saved)


def test_odd_code_size(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["code/0.vector"] += b"x"
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(SfumatoError, match="not a multiple of 64"):
        Program.load(saved)
