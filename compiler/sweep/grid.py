"""The points of a sweep: `--set` axes, each a key and its values, and every combination of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any, cast

from compiler.options import CompileOptions
from dialects.errors import SfumatoError
from runtime.machine.description import load
from runtime.machine.settings import join_target, split_target

OPTION_KEYS = ("target", "precision", "quantize", "attention")
"""Keys of an axis that are compile options; all others are keys of the machine description."""

MOST_POINTS = 100_000
"""More points than this are taken for a slip in a range."""


@dataclass(frozen=True)
class Axis:
    """What varies: a key and the values it takes."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Point:
    """One point: the value of each axis (none of them: the base point), and the options that compile it."""

    settings: tuple[tuple[str, str], ...]
    options: CompileOptions


def parse_axis(text: str) -> Axis:
    """Read `KEY=V1,V2,...`, where a value may also be a range `FIRST:LAST:STEP` with both ends."""
    key, equals, values = text.partition("=")
    items = [item for part in values.split(",") for item in _expand(part, text)]
    if not (equals and key and all(items)):
        raise SfumatoError(f"--set {text}: expected KEY=VALUE,VALUE,... such as l1_kib=256,512 or aic=8:24:8")
    return Axis(key, tuple(dict.fromkeys(items)))


def _expand(part: str, text: str) -> list[str]:
    if part.count(":") != 2:
        return [part]
    try:
        first, last, step = (Decimal(one) for one in part.split(":"))
    except InvalidOperation:
        return [part]  # a target with settings has colons too
    if not (step > 0 and first <= last and all(one.is_finite() for one in (first, last, step))):
        raise SfumatoError(f"--set {text}: a range is FIRST:LAST:STEP with FIRST <= LAST and STEP > 0, got {part}")
    count = int((last - first) / step) + 1
    if count > MOST_POINTS:
        raise SfumatoError(f"--set {text}: the range {part} has {count} values; {MOST_POINTS} are the most")
    return [f"{(first + step * number).normalize():f}" for number in range(count)]


def points_of(axes: Sequence[Axis], options: CompileOptions) -> list[Point]:
    """Return the base point and every combination of the axes' values, the last axis varying fastest.

    Keys and values that do not exist, and machines that cannot be, raise `SfumatoError` before anything is compiled.
    """
    keys = [axis.key for axis in axes]
    if len(set(keys)) < len(keys):
        raise SfumatoError(f"--set names a key twice: {', '.join(keys)}")
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MOST_POINTS:
        raise SfumatoError(f"the grid has {count} points; {MOST_POINTS} are the most")
    points = [_point((), options)]
    for values in product(*(axis.values for axis in axes)):
        points.append(_point(tuple(zip(keys, values, strict=True)), options))
    return points


def _point(settings: tuple[tuple[str, str], ...], options: CompileOptions) -> Point:
    chosen = {key: value for key, value in settings if key in OPTION_KEYS}
    machine = [(key, value) for key, value in settings if key not in OPTION_KEYS]
    made = replace(options, **cast(Any, chosen))
    base, given = split_target(made.target)
    kept = [(key, value) for key, value in given if key not in dict(machine)]
    made = replace(made, target=join_target(base, (*kept, *machine)))
    made.check()
    load(made.target)
    return Point(settings, made)
