"""The functions of the timing core, which exist once and run in two ways.

Interpreted, they work on lists, which CPython indexes fastest and which cost nothing to start. Compiled by numba, they
work on arrays of the same layout. Both do the same operations on the same numbers in the same order, so that a run may
begin interpreted and go on compiled (`runtime.timing.compiled`) without a change in any result.

A function of the core is marked `@hot`. It may use numbers, records (`runtime.timing.records`) and other hot functions.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import TypeVar, cast

_F = TypeVar("_F", bound=Callable[..., object])

HOT: dict[str, FunctionType] = {}
"""Name -> function, of everything that is compiled together."""


def hot(function: _F) -> _F:
    """Register a function of the timing core; returns it unchanged."""
    plain = cast(FunctionType, function)
    if plain.__name__ in HOT:
        raise ValueError(f"two functions of the timing core are called '{plain.__name__}'")
    HOT[plain.__name__] = plain
    return function


@hot
def wrapped(value: int) -> int:
    """Wrap to 64 bits, as the scalar unit's registers do. (Compiled integers have 64 bits anyway.)"""
    return (value + (1 << 63) & (1 << 64) - 1) - (1 << 63)
