"""Runs the FileCheck files inside pytest, and the one table of fixtures that tests share.

Every ``*.mlir`` and ``*.test`` file under ``tests/filecheck`` is an ordinary lit test. Starting a process for each would cost minutes, so
its ``RUN`` lines are executed here: the console scripts and ``filecheck`` are called as functions, pipes are byte strings.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)  # the same examples in every run
hypothesis.settings.load_profile("repeatable")

RUN_LINE = re.compile(r"^\s*(?://|#)\s*RUN:\s?(.*)$")


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str


def _sfumato_opt(arguments: list[str]) -> int:
    from compiler.cli.opt import run

    return run(arguments)


def _sfumato(arguments: list[str]) -> int:
    from compiler.cli.main import run

    return run(arguments)


def _filecheck(arguments: list[str]) -> int:
    from filecheck.main import main

    main(["filecheck", *arguments])
    return 0


def _cat(arguments: list[str]) -> int:
    for path in arguments:
        sys.stdout.write(Path(path).read_text())
    return 0


def _echo(arguments: list[str]) -> int:
    print(*arguments)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "sfumato-opt": _sfumato_opt,
    "sfumato": _sfumato,
    "filecheck": _filecheck,
    "cat": _cat,
    "echo": _echo,
}


def call(words: list[str], stdin: bytes = b"") -> Finished:
    """Run one command in this process with its standard streams replaced."""
    errors = io.TextIOWrapper(io.BytesIO(), errors="backslashreplace")  # as the interpreter's own
    streams = io.TextIOWrapper(io.BytesIO(stdin)), io.TextIOWrapper(io.BytesIO()), errors
    saved = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = streams
    try:
        code = COMMANDS[words[0]](words[1:])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    finally:
        sys.stdin, sys.stdout, sys.stderr = saved
    texts: list[str] = []
    for stream in streams[1:]:
        with contextlib.suppress(ValueError):
            stream.flush()
        texts.append(stream.buffer.getvalue().decode(errors="replace"))
    return Finished(code, texts[0], texts[1])


def run_line(line: str, path: Path, scratch: Path) -> None:
    """Run one ``RUN`` line: commands joined by ``&&`` and ``|``, ``not``, ``2>&1``, ``> file``; fail as lit would."""
    names = {"%s": str(path), "%S": str(path.parent), "%t": str(scratch / f"{path.name}.tmp")}
    line = re.sub("|".join(names), lambda found: shlex.quote(names[found.group()]), line)
    for pipeline in line.split("&&"):
        words = shlex.split(pipeline)
        stage: list[str] = []
        piped = b""
        errors = ""
        failed: str | None = None
        for word in [*words, "|"]:
            if word != "|":
                stage.append(word)
                continue
            finished, wanted_failure, target = _stage(stage, piped)
            if (finished.code != 0) != wanted_failure:
                failed = failed or f"{shlex.join(stage)}\nexit code {finished.code}"
            if target is None:
                piped = finished.out.encode()
            else:
                target.write_text(finished.out)
                piped = b""
            errors += finished.err
            stage = []
        if failed is not None:
            raise LitFailure(f"RUN: {pipeline.strip()}\n{failed}\n{errors}{piped.decode()}")


def _stage(words: list[str], stdin: bytes) -> tuple[Finished, bool, Path | None]:
    """Run one command of a pipeline; returns what it left, whether it should have failed, where its output goes."""
    wanted_failure = words[0] == "not"
    arguments = words[1:] if wanted_failure else list(words)
    target: Path | None = None
    if ">" in arguments:
        at = arguments.index(">")
        target = Path(arguments[at + 1])
        del arguments[at : at + 2]
    merge = "2>&1" in arguments
    arguments = [word for word in arguments if word != "2>&1"]
    finished = call(arguments, stdin)
    if merge:
        finished = Finished(finished.code, finished.err + finished.out, "")
    return finished, wanted_failure, target


class LitFailure(Exception):
    """A RUN line that did not end as it should."""


class FileCheckItem(pytest.Item):
    """The RUN lines of one file."""

    def runtest(self) -> None:
        lines = run_lines(self.path.read_text())
        if not lines:
            raise LitFailure(f"{self.path} has no RUN line")
        scratch = self.config.cache.mkdir("filecheck")
        for line in lines:
            run_line(line, self.path, scratch)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style=None) -> str:
        if isinstance(excinfo.value, LitFailure):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.path.name


class FileCheckFile(pytest.File):
    """One FileCheck file is one test."""

    def collect(self) -> Iterator[pytest.Item]:
        yield FileCheckItem.from_parent(self, name=self.path.stem)


def run_lines(text: str) -> list[str]:
    """Return the RUN lines of a file with continuation lines joined."""
    found = [match.group(1) for match in map(RUN_LINE.match, text.splitlines()) if match]
    joined: list[str] = []
    continued = False
    for line in found:
        piece = line.rstrip()
        body = piece.removesuffix("\\")
        if continued:
            joined[-1] += " " + body.strip()
        else:
            joined.append(body)
        continued = piece.endswith("\\")
    return joined


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix in (".mlir", ".test") and "filecheck" in file_path.parts and "Output" not in file_path.parts:
        return FileCheckFile.from_parent(parent, path=file_path)
    return None


# The fixture table: every fixture that more than one test file uses.


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator with the same numbers in every run."""
    return np.random.default_rng(20240607)


@pytest.fixture
def sfumato_command() -> Callable[..., Finished]:
    """Call ``sfumato`` in this process: ``sfumato_command("run", path, ...)`` returns its exit code, output and errors."""

    def command(*words: object) -> Finished:
        return call(["sfumato", *map(str, words)])

    return command


@pytest.fixture
def any_command() -> Callable[[list[str]], Finished]:
    """Call one of the console scripts in this process: ``any_command(["sfumato-opt", path])``."""
    return call


@pytest.fixture
def sfumato_opt() -> Callable[..., Finished]:
    """Call ``sfumato-opt`` in this process on a module's text: ``sfumato_opt(text, "-p", "pass")``."""

    def command(text: str, *words: object) -> Finished:
        return call(["sfumato-opt", *map(str, words)], text.encode())

    return command


@pytest.fixture(scope="session")
def export_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Export a torch module: ``export_model(name, module, inputs)`` returns the ``.pt2``; the ``.npz`` lies next to it."""

    def export(name: str, module: object, inputs: tuple[object, ...]) -> Path:
        import torch

        path = tmp_path_factory.mktemp(name) / f"{name}.pt2"
        with torch.no_grad():
            outputs = module(*inputs)
            torch.export.save(torch.export.export(module, inputs, strict=False), path)
        save_npz(path.with_suffix(".npz"), inputs, outputs)
        return path

    return export


def save_npz(path: Path, inputs: tuple[object, ...], outputs: object) -> None:
    """Write positional inputs and outputs of a torch module as the command line's ``.npz`` convention has them."""
    import torch

    leaves = [tensor for tensor in torch.utils._pytree.tree_leaves(outputs) if isinstance(tensor, torch.Tensor)]
    arrays: dict[str, np.ndarray] = {}
    meta: dict[str, list[dict[str, object]]] = {"inputs": [], "outputs": []}
    for prefix, key, tensors in (("in", "inputs", inputs), ("out", "outputs", leaves)):
        for position, tensor in enumerate(tensors):
            meta[key].append({"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)})
            bits = tensor.dtype == torch.bfloat16
            arrays[f"{prefix}{position}"] = tensor.view(torch.int16).numpy().view(np.uint16) if bits else tensor.numpy()
    np.savez(path, meta=np.array(json.dumps(meta)), **arrays)
