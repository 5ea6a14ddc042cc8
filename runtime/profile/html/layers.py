"""Which layer of the model a launch belongs to, told by the names of the weights that it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from runtime.program import Launch, Program

UNKNOWN = "(no weights)"


def layers(program: Program) -> list[str]:
    """The layer of each launch.

    The numbered module that the weights' names share (`encoder.layer.3`) is the layer; a weight outside of any counts
    by its module. A launch without weights belongs to the layer of the launch before, the first ones to the next.
    """
    keys = [buffer.key for buffer in program.buffers if buffer.kind == "weight" and buffer.key]
    stem = _stem(keys)
    own = [_layer(program, launch, stem) for launch in program.launches]
    first = next((name for name in own if name is not None), UNKNOWN)
    result: list[str] = []
    for name in own:
        result.append(name if name is not None else result[-1] if result else first)
    return result


def _stem(keys: Sequence[str]) -> tuple[str, ...]:
    """The path whose numbered children are alike and hold most of the weights; of nested ones the outer."""
    children: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for key in keys:
        parts = key.split(".")
        for position, part in enumerate(parts):
            if part.isdecimal():
                named = children.setdefault(tuple(parts[:position]), {})
                named.setdefault(part, []).append(".".join(parts[position + 1 :]))
    alike: dict[tuple[str, ...], int] = {}
    for stem, named in children.items():
        shapes = Counter(tuple(sorted(names)) for names in named.values())
        alike[stem] = sum(len(names) * count for names, count in shapes.items() if count > 1)
    return max((stem for stem in alike if alike[stem]), key=lambda stem: (alike[stem], -len(stem)), default=())


def _layer(program: Program, launch: Launch, stem: tuple[str, ...]) -> str | None:
    for number, _ in launch.arguments:
        buffer = program.buffers[number]
        if buffer.kind == "weight" and buffer.key:
            parts = buffer.key.split(".")
            inside = tuple(parts[: len(stem)]) == stem and len(parts) > len(stem) + 1 and stem
            return ".".join(parts[: len(stem) + 1]) if inside else ".".join(parts[:-1]) or buffer.key
    return None
