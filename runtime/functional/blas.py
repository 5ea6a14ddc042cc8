"""Keeps numpy's matrix multiplication on one thread while a program runs.

Tiles are far too small to be worth sharing out: on a busy machine OpenBLAS's threads cost many times what they save.
And the order of its sums may depend on the number of threads, while a simulated result must not.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

_NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")
"""How builds of OpenBLAS spell the functions that get and set the number of threads."""


@cache
def _thread_control() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Find the functions in the OpenBLAS that a numpy wheel carries; None with any other BLAS."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(path))
            for name in _NAMES:
                if hasattr(library, name.format("set")):
                    return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


@contextmanager
def single_threaded_blas() -> Generator[None, None, None]:
    """Run the body with one BLAS thread, then restore the number; without OpenBLAS the body just runs."""
    control = _thread_control()
    if control is None:
        yield
        return
    get, put = control
    before = get()
    put(1)
    try:
        yield
    finally:
        put(before)
