"""Settings: changes to a machine description, written `key=value` behind its name: `ascend910b3:l1_kib=256,aic=24`.

A key is a dotted key of the description (`memory.hbm_gb_per_s`), its last part where only one key ends so
(`hbm_gb_per_s`), or a short name. A value is a number or a name, or a factor of the description's value (`x2`, `x0.5`).
Dotted keys change exactly one figure. Short names change a design: the vector cores follow `aic` and `aiv_per_aic`
unless they are set as well; `*_kib`, `*_mib` and `*_gib` are the `*_bytes` keys in larger units.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args, get_origin, get_type_hints

from dialects.errors import SfumatoError

SHORT_NAMES = {
    "aic": "cube_cores",
    "aiv": "vector_cores",
    "aiv_per_aic": "vector_per_cube",
    "hbm_bytes": "memory.gm_bytes",
}
"""Short name -> dotted key."""

UNITS = {"_kib": 1024, "_mib": 1024**2, "_gib": 1024**3}
"""Ending of a short name -> bytes that its unit has."""

_FOLLOWED_BY_VECTOR_CORES = ("aic", "aiv_per_aic")
_NOT_SET = ("name", "summary")
_OPTIONAL_ENTRIES = {"paths": ("l0c_ub", "ub_l1")}
"""Entries that a table need not have."""


@dataclass(frozen=True)
class Key:
    """A key of a description: its dotted name, its type, and its value (`None`: left out, the default holds)."""

    name: str
    kind: Any
    value: Any


def split_target(target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Split `NAME:key=value,...` into the name or path of a description and its settings."""
    base, colon, text = target.rpartition(":")
    if not colon or "=" not in text:
        return target, ()
    settings: list[tuple[str, str]] = []
    for one in text.split(","):
        key, equals, value = one.partition("=")
        if not (equals and key and value):
            raise SfumatoError(f"target '{target}': expected key=value between commas, got '{one}'")
        settings.append((key, value))
    return base, tuple(settings)


def join_target(base: str, settings: Sequence[tuple[str, str]]) -> str:
    """Return the target that `split_target` splits so."""
    return f"{base}:{','.join(f'{key}={value}' for key, value in settings)}" if settings else base


def keys_of(kind: type[Any], table: Mapping[str, Any], prefix: str = "") -> Iterator[Key]:
    """The keys that a description of dataclass `kind` has, those included that `table` leaves out."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if prefix or field.name not in _NOT_SET:
            yield from _keys_below(hints[field.name], table.get(field.name), prefix + field.name)


def _keys_below(kind: Any, value: Any, name: str) -> Iterator[Key]:
    if dataclasses.is_dataclass(kind):
        yield from keys_of(cast(type[Any], kind), cast(Mapping[str, Any], value or {}), f"{name}.")
    elif get_origin(kind) is dict:
        entries = cast(dict[str, Any], value or {})
        for entry in dict.fromkeys([*entries, *_OPTIONAL_ENTRIES.get(name, ())]):
            yield from _keys_below(get_args(kind)[1], entries.get(entry), f"{name}.{entry}")
    else:
        yield Key(name, kind, value)


def find_key(text: str, keys: Mapping[str, Key], where: str) -> tuple[Key, int]:
    """Return the key that `text` names and how many of its units one of the setting's is; unknown: `SfumatoError`."""
    for ending, unit in UNITS.items():
        if text.endswith(ending):
            found = _named(f"{text.removesuffix(ending)}_bytes", keys)
            if len(found) == 1:
                return found[0], unit
    found = _named(text, keys)
    if len(found) == 1:
        return found[0], 1
    if found:
        raise SfumatoError(f"{where}: key '{text}' could be {' or '.join(key.name for key in found)}")
    raise SfumatoError(f"{where}: {_unknown(text, keys)}")


def _named(text: str, keys: Mapping[str, Key]) -> list[Key]:
    text = SHORT_NAMES.get(text, text)
    if text in keys:
        return [keys[text]]
    return [key for name, key in keys.items() if name.endswith(f".{text}")]


def _unknown(text: str, keys: Mapping[str, Key]) -> str:
    """Say what was not found, what it may have meant, and what there is beside it."""
    short = [*SHORT_NAMES, *(f"{name[:-6]}_kib" for name in keys if name.endswith("_bytes") and "." not in name)]
    short = [name for name in [*short, "l2_mib", "hbm_gib"] if name != "hbm_bytes"]
    names = {name.rpartition(".")[2]: name for name in keys} | {name: name for name in (*keys, *short)}
    near = list(dict.fromkeys(names[one] for one in difflib.get_close_matches(text, names, n=3, cutoff=0.6)))
    group = text.rpartition(".")[0]
    inside = [name for name in keys if name.startswith(f"{group}.")] if group else []
    groups = sorted({f"{name.partition('.')[0]}.*" for name in keys if "." in name})
    listed = inside or [*short, *(name for name in keys if "." not in name), *groups]
    meant = f", did you mean {' or '.join(near)}?" if near else ""
    return f"unknown key '{text}'{meant} (there are {', '.join(listed)})"


def apply_settings(
    kind: type[Any], table: Mapping[str, Any], settings: Sequence[tuple[str, str]], where: str
) -> dict[str, Any]:
    """Return `table` with the settings put in. Faulty ones raise `SfumatoError`; the values' ranges are not checked."""
    keys = {key.name: key for key in keys_of(kind, table)}
    values: dict[str, Any] = {}
    for text, value in settings:
        key, unit = find_key(text, keys, where)
        if key.name in values:
            raise SfumatoError(f"{where}: '{text}' sets {key.name} a second time")
        values[key.name] = _value(key, unit, text, value, where)
    if any(text in _FOLLOWED_BY_VECTOR_CORES for text, _ in settings) and "vector_cores" not in values:
        whole = {**table, **values}
        values["vector_cores"] = whole["cube_cores"] * whole["vector_per_cube"]
    result: dict[str, Any] = dict(table)
    for name, value in values.items():
        _put(result, name.split("."), value)
    return result


def _value(key: Key, unit: int, text: str, value: str, where: str) -> Any:
    factor = value.startswith("x")
    number = _number(value.removeprefix("x"))
    listed = isinstance(key.value, list)
    if key.kind is str and not listed:
        return value
    if number is None or (listed and not factor):
        wanted = "a factor such as x2" if listed else "a number, or a factor such as x2"
        raise SfumatoError(f"{where}: '{text}' must be {wanted}, got '{value}'")
    if not factor:
        return _in_kind(key, number * unit, text, value, where)
    if key.value is None:
        raise SfumatoError(f"{where}: '{text}' has no value that could be multiplied; set it to a number")
    if listed:
        return [one * number for one in cast(list[float], key.value)]
    return _in_kind(key, key.value * number, text, value, where)


def _in_kind(key: Key, number: float, text: str, value: str, where: str) -> Any:
    """Return a number in the type of its key."""
    if key.kind is not int:
        return number
    if number != int(number):
        raise SfumatoError(f"{where}: '{text}={value}' makes {key.name} {number}, which must be a whole number")
    return int(number)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _put(table: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a value in nested tables; every table on the way is copied, since others may share it."""
    if len(path) == 1:
        table[path[0]] = value
        return
    inner = dict(cast(Mapping[str, Any], table.get(path[0], {})))
    table[path[0]] = inner
    _put(inner, path[1:], value)
