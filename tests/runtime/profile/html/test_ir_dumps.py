"""IR dumps are cut into top-level operations; each distinct text is kept once, without its locations."""

import pytest

from dialects.errors import SfumatoError
from runtime.profile.html import ir_dumps
from runtime.profile.html.ir_dumps import read_dumps

GRAPH = """\
builtin.module attributes {sfumato.phase = "graph"} {
  func.func public @main(%x: tensor<4xf32> loc(unknown)) -> tensor<4xf32> {
    %0 = graph.add %x, %x : tensor<4xf32> loc("a/model.py":7:0)
    func.return %0 : tensor<4xf32> loc(unknown)
  } loc("a/model.py":3:0)
} loc(unknown)
"""
TILE = """\
builtin.module attributes {sfumato.phase = "tile"} {
  tile.kernel @add_0 {
  ^bb0(%0: tensor<4xf32> loc(unknown)):
    %1 = graph.add %0, %0 : tensor<4xf32> loc("a/model.py":7:0)
  } loc("a/model.py":7:0)
  func.func public @main(%x: tensor<4xf32> loc(unknown)) -> tensor<4xf32> {
    %0 = tile.launch @add_0(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("a/model.py":7:0)
    func.return %0 : tensor<4xf32> loc(unknown)
  } loc("a/model.py":3:0)
} loc(unknown)
"""
ISA = """\
builtin.module attributes {sfumato.phase = "isa"} {
  "isa.kernel"() <{sym_name = "add_0", kind = "vector"}> ({
    isa.barrier pipe=V loc("a/model.py":7:0)
  }) : () -> () loc("a/model.py":7:0)
  "isa.buffer"() <{sym_name = "x"}> : () -> () loc(unknown)
  "isa.launch"() <{kernel = @add_0}> : () -> () loc(unknown)
} loc(unknown)
"""


@pytest.fixture
def dumps(tmp_path):
    # A module names the last phase that has ended, so the first pass of a phase still leaves the one before.
    imported = GRAPH.replace("graph", "import", 1)
    texts = {"00-import": imported, "01-lower": imported, "02-cse": GRAPH, "03-form": TILE, "10-isa": ISA}
    for name, text in texts.items():
        (tmp_path / f"{name}.mlir").write_text(text)
    (tmp_path / "notes.txt").write_text("not a dump")
    return tmp_path


def test_passes_are_in_order_with_their_phases(dumps):
    found = read_dumps(dumps).passes
    assert [(one["name"], one["file"], one["phase"]) for one in found] == [
        ("import", "00-import.mlir", "import"), ("lower", "01-lower.mlir", "graph"), ("cse", "02-cse.mlir", "graph"),
        ("form", "03-form.mlir", "tile"), ("isa", "10-isa.mlir", "isa"),
    ]  # fmt: skip


def test_chunks_are_kept_once_and_named(dumps):
    found = read_dumps(dumps)
    assert [one["chunks"] for one in found.passes] == [[0], [0], [0], [1, 2], [3, 4]]
    assert [(chunk.name, chunk.is_kernel) for chunk in found.chunks] == [
        ("main", False), ("add_0", True), ("main", False), ("add_0", True), ("", False),
    ]  # fmt: skip


def test_locations_are_beside_the_lines(dumps):
    chunk = read_dumps(dumps).chunks[0]
    assert chunk.lines[:2] == (
        "  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {",
        "    %0 = graph.add %x, %x : tensor<4xf32>",
    )
    assert chunk.sources == ("", "a/model.py:7", "", "a/model.py:3")


def test_what_does_not_fit_is_left_out_of_the_cheapest_kernels_first(tmp_path, monkeypatch):
    start, end = TILE.index("  tile.kernel"), TILE.index("  func.func")
    kernels = [TILE[start:end].replace("@add_0", f"@{name}") for name in "abc"]
    (tmp_path / "00-form.mlir").write_text("builtin.module {\n" + "".join(kernels) + "}\n")
    size = sum(map(len, read_dumps(tmp_path).chunks[0].lines))
    monkeypatch.setattr(ir_dumps, "LARGEST", 2 * size)
    page = read_dumps(tmp_path).json({"a": 5.0, "b": 1.0, "c": 9.0})
    assert {chunk["name"]: len(chunk["lines"]) for chunk in page["chunks"]} == {"a": 4, "b": 1, "c": 4}


def test_long_lines_are_cut(tmp_path):
    line = '    %0 = graph.constant dense<"0x' + "00" * 5000 + '"> loc("m.py":1:0)\n'
    (tmp_path / "00-x.mlir").write_text("builtin.module {\n  func.func @main() {\n" + line + "  }\n}\n")
    (chunk,) = read_dumps(tmp_path).chunks
    assert "more characters)" in chunk.lines[1]
    assert len(chunk.lines[1]) < 2 * ir_dumps.LONGEST_LINE
    assert chunk.sources[1] == "m.py:1"


@pytest.mark.parametrize(("name", "message"), [("absent", "cannot read IR dumps"), (".", "has no IR dumps")])
def test_a_directory_without_dumps_is_refused(tmp_path, name, message):
    with pytest.raises(SfumatoError, match=message):
        read_dumps(tmp_path / name)
