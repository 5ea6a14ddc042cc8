"""Stopping after any phase and going on from its dump gives the program of the uninterrupted compile, byte for byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compiler.pipelines import PHASE_NAMES

Command = Callable[..., Any]
OPTIONS = {
    "default": (),
    "standard-attention": ("--attention", "standard"),
    "half-precision": ("--precision", "fp16"),
    "quantized": ("--quantize", "w8a8"),
}


@pytest.fixture(scope="module")
def whole(
    request: pytest.FixtureRequest, transformer: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, tuple[str, ...]]:
    """A tiny GPT-2, a folder with its program and the dump of every pass, and the options it was compiled with."""
    from compiler.cli.main import run

    model, folder, options = transformer("gpt2").path, tmp_path_factory.mktemp("whole"), OPTIONS[request.param]
    words = ["compile", str(model), "-o", str(folder / "whole.sfu"), "--dump-ir", str(folder / "dumps"), *options]
    assert run(words) == 0
    return model, folder, options


@pytest.mark.slow
@pytest.mark.parametrize("whole", list(OPTIONS), indirect=True)
@pytest.mark.parametrize("phase", PHASE_NAMES)
def test_to_and_from(
    whole: tuple[Path, Path, tuple[str, ...]], phase: str, sfumato_command: Command, tmp_path: Path
) -> None:
    model, folder, options = whole
    dumps = tmp_path / "dumps"
    stopped = sfumato_command(
        "compile", model, "--to", phase, "--dump-ir", dumps, "-o", tmp_path / "half.sfu", *options
    )
    assert stopped.code == 0, stopped.err
    last = max(dumps.glob("*.mlir"))
    assert last.read_text() == (folder / "dumps" / last.name).read_text()
    program = tmp_path / "resumed.sfu"
    resumed = sfumato_command("compile", last, "--from", phase, "--weights", model, "-o", program)
    assert resumed.code == 0, resumed.err
    assert program.read_bytes() == (folder / "whole.sfu").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("whole", ["default", "quantized"], indirect=True)
def test_every_dump_parses_in_sfumato_opt(
    whole: tuple[Path, Path, tuple[str, ...]], sfumato_opt: Callable[..., Any], sfumato_command: Command
) -> None:
    dumps = sorted((whole[1] / "dumps").glob("*.mlir"))
    assert len(dumps) > 20
    for dump in dumps:
        text = dump.read_text()
        parsed = sfumato_opt(text, "--print-debuginfo")
        assert parsed.code == 0, f"{dump.name}: {parsed.err}"
        assert parsed.out.strip() == text.strip(), dump.name
