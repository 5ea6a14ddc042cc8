"""Sums of products over named axes, as matrix products."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import SSAValue

from dialects.graph import MatmulOp
from dialects.graph.types import element_of, shape_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.families.diagonals import diagonal_of
from passes.aten.registry import handles

_DOTS = "..."


@dataclass(frozen=True)
class _Named:
    """A tensor whose axes have names, all different."""

    value: SSAValue
    names: tuple[str, ...]


@handles("einsum")
def einsum(call: Call) -> SSAValue:
    """Products of all tensors, from left to right, summed over the axes that the result does not name."""
    build, values = call.build, call.tensors("tensors")
    inputs, arrow, output = call.text("equation").replace(" ", "").partition("->")
    texts = inputs.split(",")
    dots = max(len(shape_of(value)) - _letters(text) for text, value in zip(texts, values, strict=True))
    axes = [
        _names(text, len(shape_of(value)) - _letters(text), dots) for text, value in zip(texts, values, strict=True)
    ]
    result = _names(output if arrow else _implied(texts), dots, dots)
    sizes: dict[str, int] = {}
    for names, value in zip(axes, values, strict=True):
        for name, size in zip(names, shape_of(value), strict=True):
            sizes[name] = size if sizes.get(name, 1) == 1 else sizes[name]
    operands = [_distinct(build, value, names, sizes) for names, value in zip(axes, values, strict=True)]
    left = operands[0]
    for number, right in enumerate(operands[1:], 2):
        needed = {*result, *(name for operand in operands[number:] for name in operand.names)}
        left = _summed(build, left, {*needed, *right.names})
        left = _product(build, left, _summed(build, right, {*needed, *left.names}), needed)
    left = _summed(build, left, result)
    kept = [place for place, name in enumerate(result) if name in left.names]
    value = build.permute(left.value, [left.names.index(result[place]) for place in kept])
    return build.place(build.cast(value, call.result_element), call.result_shape, kept)


def _letters(text: str) -> int:
    return len(text.replace(_DOTS, ""))


def _names(text: str, own: int, dots: int) -> tuple[str, ...]:
    """Return the names of axes; an ellipsis stands for ``own`` axes, the last ones of ``dots``."""
    before, found, after = text.partition(_DOTS)
    between = [f".{place}" for place in range(dots - own, dots)] if found else []
    return (*before, *between, *after)


def _implied(texts: Sequence[str]) -> str:
    """Return the result that an equation without one has: the ellipsis, then what is named once, by alphabet."""
    letters = [letter for text in texts for letter in text.replace(_DOTS, "")]
    dots = _DOTS if any(_DOTS in text for text in texts) else ""
    return dots + "".join(sorted(letter for letter in letters if letters.count(letter) == 1))


def _distinct(build: GraphBuilder, value: SSAValue, names: Sequence[str], sizes: dict[str, int]) -> _Named:
    """Drop axes of one element that a longer one broadcasts, and take the diagonal of axes that share a name."""
    kept = [place for place, name in enumerate(names) if shape_of(value)[place] == sizes[name]]
    value = build.reshape(value, [shape_of(value)[place] for place in kept])
    axes = [names[place] for place in kept]
    while len(set(axes)) < len(axes):
        second = next(place for place, name in enumerate(axes) if name in axes[:place])
        first = axes.index(axes[second])
        value = diagonal_of(build, value, first, second)
        axes = [name for place, name in enumerate(axes) if place not in (first, second)] + [axes[first]]
    return _Named(value, tuple(axes))


def _summed(build: GraphBuilder, operand: _Named, needed: Collection[str]) -> _Named:
    """Sum over the axes that nothing else names."""
    lone = [place for place, name in enumerate(operand.names) if name not in needed]
    value = build.cast(build.reduce(build.widen(operand.value), "add", lone), element_of(operand.value))
    return _Named(value, tuple(name for name in operand.names if name in needed))


def _product(build: GraphBuilder, left: _Named, right: _Named, needed: Collection[str]) -> _Named:
    """Multiply two tensors, summed over the shared axes that are not needed any more."""
    shared = [name for name in left.names if name in right.names]
    batch = [name for name in shared if name in needed]
    summed = [name for name in shared if name not in needed]
    rows = [name for name in left.names if name not in right.names]
    columns = [name for name in right.names if name not in left.names]
    first = _grouped(build, left, batch, rows, summed)
    second = _grouped(build, right, batch, summed, columns)
    names = (*batch, *rows, *columns)
    sizes = {
        name: size
        for operand in (left, right)
        for name, size in zip(operand.names, shape_of(operand.value), strict=True)
    }
    value = build.emit(MatmulOp.make(first, second))
    return _Named(build.reshape(value, [sizes[name] for name in names]), names)


def _grouped(build: GraphBuilder, operand: _Named, *groups: Sequence[str]) -> SSAValue:
    """Arrange axes in groups, each of which becomes one axis."""
    places = [[operand.names.index(name) for name in group] for group in groups]
    shape = shape_of(operand.value)
    value = build.permute(operand.value, [place for group in places for place in group])
    return build.reshape(value, [prod(shape[place] for place in group) for group in places])


@handles("tensordot")
def tensordot(call: Call) -> SSAValue:
    """Products summed over pairs of axes."""
    build, values = call.build, (call.tensor("self"), call.tensor("other"))
    pairs = (call.integers("dims_self"), call.integers("dims_other"))
    summed = [f"+{number}" for number in range(len(pairs[0]))]
    operands: list[_Named] = []
    for value, axes, label in zip(values, pairs, "lr", strict=True):
        names = [f"{label}{axis}" for axis in range(len(shape_of(value)))]
        for name, axis in zip(summed, axes, strict=True):
            names[axis] = name
        operands.append(_Named(value, tuple(names)))
    needed = {name for operand in operands for name in operand.names} - set(summed)
    return build.reshape(_product(build, operands[0], operands[1], needed).value, call.result_shape)
