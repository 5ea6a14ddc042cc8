"""What the IR can say: one file (or folder) a dialect. Loaded lazily by name: start-up pays for what is used."""

from __future__ import annotations

from importlib import import_module

from xdsl.ir import Dialect

DIALECTS: dict[str, str] = {
    "aten": "dialects.aten:Aten",
    "graph": "dialects.graph:Graph",
    "attn": "dialects.attn:Attn",
    "quant": "dialects.quant:Quant",
    "tile": "dialects.tile:Tile",
    "kernel": "dialects.kernel:Kernel",
    "isa": "dialects.isa:Isa",
}
"""Dialect name -> ``module:object``."""


def load_dialect(name: str) -> Dialect:
    """Import and return the dialect registered as ``name``."""
    module, _, attribute = DIALECTS[name].partition(":")
    return getattr(import_module(module), attribute)
