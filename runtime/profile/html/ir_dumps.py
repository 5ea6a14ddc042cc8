"""The IR after every pass, read from the directory that `compile --dump-ir` wrote.

A dump is cut into its top-level operations, and each distinct one is kept once: a pass changes few of them. Locations
are taken out of the lines and kept beside them, so that they neither hide the text nor count as a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialects.errors import SfumatoError

LARGEST = 32 * 2**20
"""Characters of IR that a page holds; what is beyond is left out, of the kernels that take least time first."""

LONGEST_LINE = 600
"""Characters of a line that are kept: constants may be long."""

_FILE = re.compile(r"(\d+)-(.+)\.mlir")
_NAME = re.compile(r'@([\w$.-]+)|\bsym_name = "((?:[^"\\]|\\.)*)"')
_KERNEL = re.compile(r'\s*"?\w+\.kernel\b')
_LOCATION = re.compile(r' loc\((?:unknown|"((?:[^"\\]|\\.)*)":(\d+):\d+)\)')
_PHASE = re.compile(r'sfumato\.phase = "([\w-]+)"')


@dataclass(frozen=True)
class Chunk:
    """A top-level operation: its symbol ("" for those without a region together), lines, and each line's source."""

    name: str
    is_kernel: bool
    lines: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass
class IrDumps:
    """The passes in their order, each with the positions of its chunks in `chunks`."""

    passes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    chunks: list[Chunk] = field(default_factory=list[Chunk])

    def json(self, kernel_cycles: Mapping[str, float]) -> dict[str, Any]:
        """Return what the page shows; ``kernel_cycles`` say which kernels matter most when not all of it fits."""
        sources: dict[str, int] = {}
        chunks: list[dict[str, Any] | None] = [None] * len(self.chunks)
        room = LARGEST
        for at in sorted(range(len(self.chunks)), key=lambda at: -self._weight(at, kernel_cycles)):
            chunk = self.chunks[at]
            size = sum(map(len, chunk.lines))
            fits = size <= room
            room -= size if fits else 0
            lines = chunk.lines if fits else (f"({len(chunk.lines)} lines, {size:,} characters: see the dump)",)
            chunks[at] = {
                "name": chunk.name,
                "kernel": chunk.is_kernel,
                "lines": lines,
                "sources": [sources.setdefault(source, len(sources)) for source in chunk.sources[: len(lines)]],
            }
        return {"passes": self.passes, "chunks": chunks, "sources": list(sources)}

    def _weight(self, at: int, kernel_cycles: Mapping[str, float]) -> float:
        """How much a chunk matters: what is no kernel most of all."""
        chunk = self.chunks[at]
        return kernel_cycles.get(chunk.name, 0.0) if chunk.is_kernel else float("inf")


def read_dumps(directory: str | Path) -> IrDumps:
    """Read the dumps of a directory; ``SfumatoError`` when there are none."""
    folder = Path(directory)
    try:
        files = sorted((int(match[1]), match[2], path) for path, match in _dump_files(folder))
        texts = [(name, path.name, path.read_text(encoding="utf-8", errors="replace")) for _, name, path in files]
    except OSError as error:
        raise SfumatoError(f"cannot read IR dumps from {directory}: {error.strerror}") from error
    if not texts:
        raise SfumatoError(f"{directory} has no IR dumps (NN-pass.mlir): write them with 'sfumato compile --dump-ir'")
    return _dumps(texts)


def _dump_files(folder: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in folder.iterdir():
        match = _FILE.fullmatch(path.name)
        if match and path.is_file():
            yield path, match


def _dumps(texts: Sequence[tuple[str, str, str]]) -> IrDumps:
    result = IrDumps()
    known: dict[Chunk, int] = {}
    for (name, file, text), phase in zip(texts, _phases([text for _, _, text in texts]), strict=True):
        numbers: list[int] = []
        for chunk in _chunks(text):
            if chunk not in known:
                known[chunk] = len(result.chunks)
                result.chunks.append(chunk)
            numbers.append(known[chunk])
        result.passes.append({"name": name, "file": file, "phase": phase, "chunks": numbers})
    return result


def _phases(texts: Sequence[str]) -> list[str]:
    """The phase of each dump: a module names the last phase that has ended, which a phase's own last dump does."""
    ended = [match[1] if (match := _PHASE.search(text.partition("\n")[0])) else "" for text in texts]
    phases = [""] * len(ended)
    current = ended[-1]
    for at in range(len(ended) - 1, -1, -1):
        if at == 0 or ended[at] != ended[at - 1]:
            current = ended[at]
        phases[at] = current
    return phases


def _chunks(text: str) -> Iterator[Chunk]:
    """The top-level operations of a module, which are the lines indented by two and what is deeper below them."""
    loose: list[str] = []
    body: list[str] = []
    for line in text.splitlines()[1:]:
        if not line.startswith("  "):
            continue
        if line[2] in " }^" and body:
            body.append(line)
            continue
        yield from _finished(body, loose)
        body = [line]
    yield from _finished(body, loose)
    if loose:
        yield _chunk("", loose)


def _finished(body: list[str], loose: list[str]) -> Iterator[Chunk]:
    """A chunk of an operation with a region; one of a single line joins the loose ones."""
    if len(body) > 1:
        match = _NAME.search(body[0])
        yield _chunk(match[1] or match[2] if match else "", body)
    else:
        loose += body


def _chunk(name: str, lines: Sequence[str]) -> Chunk:
    texts, sources = zip(*map(_split, lines), strict=True)
    return Chunk(name, bool(_KERNEL.match(lines[0])), texts, sources)


def _split(line: str) -> tuple[str, str]:
    """A line without its locations, cut if it is long, and the source line of the last of them."""
    source = ""
    for match in _LOCATION.finditer(line):
        source = f"{match[1]}:{match[2]}" if match[1] is not None else ""
    text = _LOCATION.sub("", line)
    if len(text) > LONGEST_LINE:
        text = f"{text[:LONGEST_LINE]} ... ({len(text) - LONGEST_LINE:,} more characters)"
    return text, source
