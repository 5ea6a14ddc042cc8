"""The table of handlers: overload name -> the function that writes the call in graph ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeAlias, TypeVar

from xdsl.ir import SSAValue

from passes.aten.call import Call
from passes.aten.complex_call import ComplexCall

Handler: TypeAlias = Callable[[Call], "SSAValue | Sequence[SSAValue]"]
"""Builds a call's meaning with ``call.build`` and returns its results: a value, or as many as the call has."""

ComplexHandler: TypeAlias = Callable[[ComplexCall], Sequence[SSAValue]]
"""Builds a call that takes or gives complex numbers and returns the parts of its results, one after the other."""

Function = TypeVar("Function", bound=Handler)
ComplexFunction = TypeVar("ComplexFunction", bound=ComplexHandler)

_HANDLERS: dict[str, Handler] = {}
_COMPLEX_HANDLERS: dict[str, ComplexHandler] = {}


def handles(*overloads: str) -> Callable[[Function], Function]:
    """Register the decorated function for ``name`` (overload ``default``) or ``name.overload``.

    Names are without ``aten.``; operators of other libraries are ``library::name``.
    """

    def register(function: Function) -> Function:
        for overload in overloads:
            add_handler(overload, function)
        return function

    return register


def add_handler(overload: str, handler: Handler) -> None:
    """Register ``handler`` for one overload; a second handler for it is a mistake."""
    name = _full_name(overload)
    if name in _HANDLERS:
        raise ValueError(f"{name} has two handlers")
    _HANDLERS[name] = handler


def handles_complex(*overloads: str) -> Callable[[ComplexFunction], ComplexFunction]:
    """Register the decorated function for calls of these overloads that take or give complex numbers."""

    def register(function: ComplexFunction) -> ComplexFunction:
        for name in map(_full_name, overloads):
            if name in _COMPLEX_HANDLERS:
                raise ValueError(f"{name} has two handlers of complex numbers")
            _COMPLEX_HANDLERS[name] = function
        return function

    return register


def _full_name(overload: str) -> str:
    library, _, operator = overload.rpartition("::")
    return f"{library or 'aten'}.{operator}" + ("" if "." in operator else ".default")


@cache
def handlers() -> dict[str, Handler]:
    """Return every handler; importing the families registers them."""
    _register_families()
    return _HANDLERS


@cache
def complex_handlers() -> dict[str, ComplexHandler]:
    """Return every handler of complex numbers."""
    _register_families()
    return _COMPLEX_HANDLERS


def _register_families() -> None:
    families = import_module("passes.aten.families")
    for module in iter_modules(families.__path__):
        import_module(f"passes.aten.families.{module.name}")
