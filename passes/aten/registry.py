"""The table of handlers: overload name -> the function that writes the call in graph ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeAlias, TypeVar

from xdsl.ir import SSAValue

from passes.aten.call import Call

Handler: TypeAlias = Callable[[Call], "SSAValue | Sequence[SSAValue]"]
"""Builds a call's meaning with ``call.build`` and returns its results: a value, or as many as the call has."""

Function = TypeVar("Function", bound=Handler)

_HANDLERS: dict[str, Handler] = {}


def handles(*overloads: str) -> Callable[[Function], Function]:
    """Register the decorated function for ``name`` (overload ``default``) or ``name.overload``, without ``aten.``."""

    def register(function: Function) -> Function:
        for overload in overloads:
            add_handler(overload, function)
        return function

    return register


def add_handler(overload: str, handler: Handler) -> None:
    """Register ``handler`` for one overload; a second handler for it is a mistake."""
    name = f"aten.{overload}" if "." in overload else f"aten.{overload}.default"
    if name in _HANDLERS:
        raise ValueError(f"{name} has two handlers")
    _HANDLERS[name] = handler


@cache
def handlers() -> dict[str, Handler]:
    """Return every handler; importing the families registers them."""
    families = import_module("passes.aten.families")
    for module in iter_modules(families.__path__):
        import_module(f"passes.aten.families.{module.name}")
    return _HANDLERS
