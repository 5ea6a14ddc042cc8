"""The timing core compiled by numba, for programs long enough to repay loading it.

The functions are those that run interpreted (`runtime.timing.hot`), compiled together. Numba keeps the machine code on
disk, in a folder named after the sources it was made from: its own check looks at one file only.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import platformdirs

from runtime.timing import records
from runtime.timing.hot import HOT
from runtime.timing.records import Real, Whole


def _plain(value: int) -> int:
    return value


@cache
def cache_folder() -> Path:
    """Where the machine code of these sources, made by this version of numba, is kept."""
    digest = hashlib.sha256(version("numba").encode())
    for name in sorted(HOT):
        digest.update(inspect.getsource(HOT[name]).encode())
    digest.update(inspect.getsource(records).encode())
    return Path(platformdirs.user_cache_dir("sfumato")) / f"timing-{digest.hexdigest()[:16]}"


def is_cached() -> bool:
    """Whether the machine code is on disk, so that using it costs loading only."""
    return cache_folder().is_dir()


@cache
def compiled_run() -> Callable[[Whole, Real], bool]:
    """Return `engine.run` compiled; the first call in a process loads numba (and compiles, if nothing is cached)."""
    import numba

    settings: Any = numba.config  # pyright: ignore
    settings.CACHE_DIR = str(cache_folder())
    together: dict[str, Any] = {}
    for name, function in HOT.items():
        plain = _plain if name == "wrapped" else FunctionType(function.__code__, {**function.__globals__}, name)
        together[name] = cast(Any, numba).njit(plain, cache=True, error_model="numpy")
    for dispatcher in together.values():
        dispatcher.py_func.__globals__.update(
            {name: other for name, other in together.items() if name in dispatcher.py_func.__globals__}
        )
    return together["run"]
