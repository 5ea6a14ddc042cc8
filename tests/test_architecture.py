"""The rules of the layout, so that no reviewer has to look for them."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from graphlib import TopologicalSorter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.printer import Printer

from compiler.pipelines import PHASES
from compiler.universe import make_context
from dialects import DIALECTS, load_dialect
from passes import PASSES, load_pass
from passes.base import SfumatoPass

ROOT = Path(__file__).parents[1]
PACKAGES = ("compiler", "dialects", "passes", "runtime")
ALLOWED = {
    "dialects": {"dialects"},
    "passes": {"dialects", "passes", "runtime.machine"},
    "runtime": {"dialects", "runtime"},
    "compiler": {"compiler", "dialects", "passes", "runtime"},
}
"""Package -> what it may import of this project. ``runtime.machine`` describes the target: data that both sides read."""
TORCH_USERS = {"compiler/cli/export.py", "compiler/dynamo.py", "compiler/exported.py"}
"""The only files that may import torch, and only inside a function."""
MLIR_BLOCK = re.compile(r"^```mlir\n(.*?)^```", re.MULTILINE | re.DOTALL)


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The dotted names a file imports, and whether at its top level."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) in top


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", list(sources()), ids=relative)
def test_imports_run_one_way(path: Path) -> None:
    allowed = ALLOWED[path.relative_to(ROOT).parts[0]]
    for name, at_top in imports(path):
        package = name.split(".")[0]
        if package in PACKAGES:
            assert any(f"{name}.".startswith(f"{prefix}.") for prefix in allowed), f"must not import {name}"
        if package == "torch":
            assert relative(path) in TORCH_USERS, "must not import torch"
            assert not at_top, "imports torch before it is needed"
        assert package != "tests", "test code is shared through fixtures"


def test_stages_of_passes_do_not_import_each_other_in_circles() -> None:
    graph: dict[str, set[str]] = {}
    for path in sorted((ROOT / "passes").glob("*/**/*.py")):
        stage = path.relative_to(ROOT).parts[1]
        used = {name.split(".")[1] for name, _ in imports(path) if name.startswith("passes.")}
        graph.setdefault(stage, set()).update(used - {stage})
    stages = graph.keys()
    TopologicalSorter({stage: used & stages for stage, used in graph.items()}).prepare()  # raises on a cycle


def test_no_packages_under_tests() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_no_vague_module_names() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    found = [relative(path) for path in sources() if path.stem in vague or path.stem.startswith("new_")]
    assert found == []


@pytest.mark.parametrize("name", list(PASSES))
def test_pass(name: str) -> None:
    loaded = load_pass(name)
    assert issubclass(loaded, SfumatoPass)
    assert is_dataclass(loaded)
    assert loaded.name == name
    assert Path(inspect.getfile(loaded)).stem == name.replace("-", "_")
    own = loaded.__dict__.get("__doc__") or ""
    assert own.strip(), "a pass says what it does and what it requires"
    assert not own.startswith(f"{loaded.__name__}("), "the docstring is the one that dataclass made"
    files = list((ROOT / "tests" / "filecheck" / "passes").rglob(f"{name}.mlir"))
    assert len(files) == 1, f"expected one FileCheck file {name}.mlir"


def test_every_pass_file_is_registered() -> None:
    registered = {target.partition(":")[0] for target in PASSES.values()}
    for path in (ROOT / "passes").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        defines = re.search(r"^class \w+\(SfumatoPass\)", path.read_text(), re.MULTILINE)
        if defines and path.stem != "base":
            assert module in registered, f"{module} defines a pass that passes/__init__.py does not register"


def test_phases_name_registered_passes() -> None:
    used = {spec.split("{")[0] for phase in PHASES for spec in phase.passes}
    assert sorted(used - PASSES.keys()) == []


def operations() -> list[Any]:
    return [operation for dialect in DIALECTS for operation in load_dialect(dialect).operations]


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
def test_operation_example_round_trips(operation: Any) -> None:
    doc = operation.__dict__.get("__doc__") or ""
    cleaned = inspect.cleandoc(doc)
    assert cleaned.splitlines()[:1] not in ([], [""]), "an operation has a one-line summary"
    examples = MLIR_BLOCK.findall(cleaned + "\n")
    assert examples, "an operation has an example in a ```mlir block"
    assert any(operation.name in example for example in examples), "the example shows the operation"
    for example in examples:
        printed = print_module(parse(example))
        assert print_module(parse(printed)) == printed
        for form in ({"print_generic_format": True}, {"print_debuginfo": True}):
            assert print_module(parse(print_module(parse(printed), **form))) == printed


def parse(text: str) -> ModuleOp:
    module = Parser(make_context(), text).parse_module()
    module.verify()
    return module


def print_module(module: ModuleOp, **form: bool) -> str:
    stream = StringIO()
    Printer(stream, **form).print_op(module)
    return stream.getvalue()
