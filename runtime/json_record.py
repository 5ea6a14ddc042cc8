"""Typed reading of JSON that came from outside: every field is checked before it is used."""

from __future__ import annotations

from typing import Any, cast

from dialects.errors import SfumatoError


class Record:
    """A JSON object whose fields are read by type; a missing or mistyped field is a ``SfumatoError`` that names it."""

    def __init__(self, value: object, where: str) -> None:
        """Wrap ``value``, which ``where`` names in messages."""
        if not isinstance(value, dict):
            raise SfumatoError(f"{where}: expected a JSON object, found {type(value).__name__}")
        self._fields = cast(dict[str, Any], value)
        self._where = where

    def _get(self, name: str) -> Any:
        if name not in self._fields:
            raise SfumatoError(f"{self._where}: field '{name}' is missing")
        return self._fields[name]

    def _wrong(self, name: str, expected: str) -> SfumatoError:
        return SfumatoError(f"{self._where}: field '{name}' is not {expected}")

    def has(self, name: str) -> bool:
        """Return whether the field exists and is not null."""
        return self._fields.get(name) is not None

    def keys(self) -> list[str]:
        """Return the names of the fields in the order of the file."""
        return list(self._fields)

    def text(self, name: str, choices: tuple[str, ...] = ()) -> str:
        """Return a string field; with ``choices`` it must be one of them."""
        value = self._get(name)
        if not isinstance(value, str) or (choices and value not in choices):
            raise self._wrong(name, f"one of {', '.join(choices)}" if choices else "a string")
        return value

    def integer(self, name: str, low: int = 0, high: int = 2**62) -> int:
        """Return an integer field within ``low <= value < high``."""
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value < high:
            raise self._wrong(name, f"an integer from {low} to {high - 1}")
        return value

    def integers(self, name: str, low: int = 0, high: int = 2**62) -> tuple[int, ...]:
        """Return a field that is a list of integers, each within ``low <= value < high``."""
        values = self.items(name)
        for value in values:
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value < high:
                raise self._wrong(name, f"a list of integers from {low} to {high - 1}")
        return tuple(cast(list[int], values))

    def texts(self, name: str) -> list[str]:
        """Return a field that is a list of strings."""
        values = self.items(name)
        if not all(isinstance(value, str) for value in values):
            raise self._wrong(name, "a list of strings")
        return cast(list[str], values)

    def items(self, name: str) -> list[object]:
        """Return a field that is a list, its items unchecked."""
        value = self._get(name)
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return cast(list[object], value)

    def record(self, name: str) -> Record:
        """Return a field that is an object."""
        return Record(self._get(name), f"{self._where}: {name}")

    def records(self, name: str) -> list[Record]:
        """Return a field that is a list of objects."""
        return [Record(item, f"{self._where}: {name}[{i}]") for i, item in enumerate(self.items(name))]

    def raw(self, name: str) -> dict[str, Any]:
        """Return a field that is an object as a plain dict."""
        return self.record(name)._fields
