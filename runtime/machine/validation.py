"""Turn TOML tables into frozen dataclasses, refusing unknown, missing and wrongly typed keys with a clear message."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from dialects.errors import SfumatoError

T = TypeVar("T")


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `over` put in; tables are merged key by key, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merge(cast(dict[str, Any], old), cast(dict[str, Any], value))
        else:
            result[key] = value
    return result


def build(kind: type[T], table: Mapping[str, Any], where: str, prefix: str = "") -> T:
    """Build the dataclass `kind` from `table`; `where` and `prefix` name the place in error messages."""
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(cast(Any, kind))}
    for key in table:
        if key not in fields:
            raise SfumatoError(f"{where}: unknown key '{prefix}{key}'; known keys here: {', '.join(fields)}")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in table:
            values[name] = _convert(hints[name], table[name], where, prefix + name)
        elif field.default is dataclasses.MISSING:
            raise SfumatoError(f"{where}: key '{prefix}{name}' is missing")
    return kind(**values)


def _convert(kind: Any, value: Any, where: str, key: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return build(cast(type[Any], kind), _expect_table(value, where, key), where, f"{key}.")
    if get_origin(kind) is dict:
        element = get_args(kind)[1]
        table = _expect_table(value, where, key)
        return {name: _convert(element, item, where, f"{key}.{name}") for name, item in table.items()}
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise SfumatoError(f"{where}: '{key}' must be a list, got {value!r}")
        element = get_args(kind)[0]
        return tuple(_convert(element, item, where, f"{key}[{i}]") for i, item in enumerate(cast(list[Any], value)))
    accepted = (int, float) if kind is float else (kind,)
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise SfumatoError(f"{where}: '{key}' must be of type {kind.__name__}, got {value!r}")
    return kind(value)


def _expect_table(value: Any, where: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SfumatoError(f"{where}: '{key}' must be a table, got {value!r}")
    return cast(Mapping[str, Any], value)


def check_positive(value: object, where: str, may_be_zero: Collection[str], key: str = "") -> None:
    """Refuse negative numbers anywhere in a dataclass, and zeros except under the names in `may_be_zero`."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            check_positive(getattr(value, field.name), where, may_be_zero, f"{key}.{field.name}".lstrip("."))
    elif isinstance(value, dict):
        for name, item in cast(dict[str, object], value).items():
            check_positive(item, where, may_be_zero, f"{key}.{name}")
    elif isinstance(value, tuple):
        for item in cast(tuple[object, ...], value):
            check_positive(item, where, may_be_zero, key)
    elif isinstance(value, (int, float)):
        zero_is_fine = key.rsplit(".", 1)[-1] in may_be_zero
        if not (value > 0 or (zero_is_fine and value == 0)) or value == float("inf"):
            raise SfumatoError(
                f"{where}: '{key}' must be a finite number {'>= 0' if zero_is_fine else '> 0'}, got {value!r}"
            )
