"""Repeated layers of a program, found on its records before any op is built.

A layer is a run of consecutive nodes that occurs again with the same operators, constants, types and data flow,
whatever weights it takes. Tokens of nodes are compared by numpy over the few distances at which tokens come back, so
that the cost grows with the number of nodes only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compiler.frontend.program import Node, Program, Ref, TensorMeta, Value, operands

MIN_LAYER_NODES = 8
"""Shorter repetitions stay inline: a call would keep their few nodes from fusing with their neighbours."""

_CANDIDATE_PERIODS = 24


@dataclass(frozen=True)
class Layer:
    """A distinct layer in the names of its first occurrence: its nodes, the tensors it takes and those it gives."""

    nodes: tuple[Node, ...]
    parameters: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Occurrence:
    """Nodes ``start`` to ``stop`` of the program, which are ``layer`` with these arguments and results."""

    start: int
    stop: int
    layer: Layer
    arguments: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class _Body:
    """A run of nodes with local numbers for its tensors: equal keys mean the same function of the parameters."""

    start: int
    stop: int
    key: tuple[object, ...]
    parameters: tuple[str, ...]
    defined: tuple[str, ...]


def find_layers(program: Program) -> tuple[Occurrence, ...]:
    """Return the occurrences of repeated layers in the order of the program; they do not overlap."""
    tokens = _tokens(program)
    last_use = _last_uses(program)
    ranges = sorted(_repetitions(tokens, _crossings(program, last_use), 0, len(tokens)))
    groups: dict[tuple[object, ...], list[_Body]] = {}
    for start, stop in ranges:
        body = _body(program, tokens, start, stop)
        groups.setdefault(body.key, []).append(body)
    occurrences = [
        item for bodies in groups.values() if len(bodies) > 1 for item in _outline(program, bodies, last_use)
    ]
    return tuple(sorted(occurrences, key=lambda item: item.start))


def _tokens(program: Program) -> npt.NDArray[np.int64]:
    """One number a node; equal for equal operators, constants and result types."""
    numbers: dict[tuple[object, ...], int] = {}
    tokens = np.empty(len(program.nodes), np.int64)
    for index, node in enumerate(program.nodes):
        arguments = tuple((name, _shape_of(value)) for name, value in node.arguments)
        key = (node.overload, arguments, tuple(_type_key(program.metas[name]) for name in node.outputs))
        tokens[index] = numbers.setdefault(key, len(numbers))
    return tokens


def _shape_of(value: Value) -> object:
    """A hashable form of an argument without the identity of its tensors; tells 1 from 1.0 and True."""
    if isinstance(value, Ref):
        return Ref
    if isinstance(value, tuple):
        return tuple(_shape_of(item) for item in value)
    return type(value), value.hex() if isinstance(value, float) else value


def _type_key(meta: TensorMeta) -> tuple[str, tuple[int, ...]]:
    return meta.element.torch_name, meta.shape


def _last_uses(program: Program) -> dict[str, int]:
    """Index of the last node that takes a tensor; the number of nodes for outputs of the program."""
    last = {name: index for index, node in enumerate(program.nodes) for name in operands(node)}
    last.update(dict.fromkeys(program.outputs, len(program.nodes)))
    return last


def _crossings(program: Program, last_use: dict[str, int]) -> npt.NDArray[np.int64]:
    """How many tensors made by a node are still needed at each boundary in front of a node."""
    change = np.zeros(len(program.nodes) + 2, np.int64)
    for index, node in enumerate(program.nodes):
        for name in node.outputs:
            if (last := last_use.get(name, index)) > index:
                change[index + 1] += 1
                change[last + 1] -= 1
    return np.cumsum(change)


def _repetitions(
    tokens: npt.NDArray[np.int64], crossings: npt.NDArray[np.int64], start: int, stop: int
) -> Iterator[tuple[int, int]]:
    """Yield the ranges of repeated layers: the longest repetition first, then those before and after it."""
    pending = [(start, stop)]
    while pending:
        low, high = pending.pop()
        found = _longest_repetition(tokens[low:high])
        if found is None:
            continue
        first, matched, period = found
        count = matched // period + 1
        freedom = matched % period + 1
        seams = crossings[low + first + period : low + first + period + freedom]
        begin = low + first + int(np.argmin(seams))
        for index in range(count):
            yield begin + index * period, begin + (index + 1) * period
        pending += [(low, begin), (begin + count * period, high)]


def _longest_repetition(tokens: npt.NDArray[np.int64]) -> tuple[int, int, int] | None:
    """Return (first index, matched length, period) of the repetition that saves most nodes.

    ``matched`` tokens from the first on equal those a period later; it is at least one period.
    """
    best: tuple[int, int, int] | None = None
    saved = 0
    for period in _candidate_periods(tokens):
        equal = np.concatenate(([False], tokens[period:] == tokens[:-period], [False]))
        edges = np.flatnonzero(equal[1:] != equal[:-1])
        if not len(edges):
            continue
        begins, lengths = edges[::2], edges[1::2] - edges[::2]
        longest = int(np.argmax(lengths))
        matched = int(lengths[longest])
        gain = matched // period * period
        if gain > saved or (best is not None and gain == saved > 0 and period < best[2]):
            best, saved = (int(begins[longest]), matched, period), gain
    return best


def _candidate_periods(tokens: npt.NDArray[np.int64]) -> list[int]:
    """The distances at which most tokens come back; a token that occurs once a layer comes back after one period."""
    seen: dict[int, int] = {}
    distances: Counter[int] = Counter()
    for index, token in enumerate(tokens.tolist()):
        if token in seen and index - seen[token] >= MIN_LAYER_NODES:
            distances[index - seen[token]] += 1
        seen[token] = index
    return [period for period, _ in distances.most_common(_CANDIDATE_PERIODS)]


def _body(program: Program, tokens: npt.NDArray[np.int64], start: int, stop: int) -> _Body:
    numbers: dict[str, int] = {}
    parameters: list[str] = []
    defined: list[str] = []
    key: list[object] = []
    for index in range(start, stop):
        node = program.nodes[index]
        for name in operands(node):
            if name not in numbers:
                numbers[name] = -1 - len(parameters)
                parameters.append(name)
                key.append(_type_key(program.metas[name]))
            key.append(numbers[name])
        for name in node.outputs:
            numbers[name] = len(defined)
            defined.append(name)
        key.append(int(tokens[index]))
    return _Body(start, stop, tuple(key), tuple(parameters), tuple(defined))


def _outline(program: Program, bodies: Sequence[_Body], last_use: dict[str, int]) -> Iterator[Occurrence]:
    """Yield calls of one layer; its results are what any of the occurrences must hand on."""
    needed = [
        number
        for number in range(len(bodies[0].defined))
        if any(last_use.get(body.defined[number], -1) >= body.stop for body in bodies)
    ]
    first = bodies[0]
    nodes = program.nodes[first.start : first.stop]
    layer = Layer(nodes, first.parameters, tuple(first.defined[number] for number in needed))
    for body in bodies:
        results = tuple(body.defined[number] for number in needed)
        yield Occurrence(body.start, body.stop, layer, body.parameters, results)
