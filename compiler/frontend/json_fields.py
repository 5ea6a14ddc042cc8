"""Checked access to parsed JSON: a value of another kind than expected is named, never passed on."""

from __future__ import annotations

import math
from typing import Any, cast


class MalformedError(Exception):
    """A JSON value is not what the schema says; the reader of the file adds where it is."""


def field(record: object, key: str) -> object:
    """Return the value of ``key`` in a JSON object."""
    mapping = as_object(record)
    if key not in mapping:
        raise MalformedError(f"'{key}' is missing")
    return mapping[key]


def as_object(value: object) -> dict[str, object]:
    """Return ``value`` as a JSON object."""
    if not isinstance(value, dict):
        raise MalformedError(f"an object was expected, found {_brief(value)}")
    return cast("dict[str, object]", value)


def as_list(value: object) -> list[object]:
    """Return ``value`` as a JSON array."""
    if not isinstance(value, list):
        raise MalformedError(f"a list was expected, found {_brief(value)}")
    return cast("list[object]", value)


def as_text(value: object) -> str:
    """Return ``value`` as a string."""
    if not isinstance(value, str):
        raise MalformedError(f"a string was expected, found {_brief(value)}")
    return value


def as_int(value: object) -> int:
    """Return ``value`` as an integer of 64 bits (``true`` is none)."""
    if type(value) is not int or not -(2**63) <= value < 2**64:
        raise MalformedError(f"an integer was expected, found {_brief(value)}")
    return value


def as_bool(value: object) -> bool:
    """Return ``value`` as a truth value."""
    if not isinstance(value, bool):
        raise MalformedError(f"true or false was expected, found {_brief(value)}")
    return value


_SPECIAL = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def as_float(value: object) -> float:
    """Return ``value`` as a float; torch writes infinities and nan as strings."""
    if isinstance(value, str) and value in _SPECIAL:
        return _SPECIAL[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(f"a number was expected, found {_brief(value)}")
    try:
        return float(value)
    except OverflowError:
        raise MalformedError(f"the number {_brief(value)} is too large") from None


def as_union(value: object) -> tuple[str, object]:
    """Return kind and value of a tagged union, written as an object with one key such as ``{"as_int": 3}``."""
    mapping = as_object(value)
    if len(mapping) != 1:
        raise MalformedError(f"an object with one key was expected, found {_brief(mapping)}")
    return next(iter(mapping.items()))


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
