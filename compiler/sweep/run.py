"""Runs the points of a sweep on an executor: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

from compiler.diagnostics import first_line
from compiler.sweep.grid import Point
from compiler.sweep.measure import Outcome, measure
from dialects.errors import SfumatoError

CONNECT_SECONDS = 10
"""How long a scheduler may take to answer."""


@contextmanager
def executor_for(jobs: int | None, scheduler: str | None) -> Generator[Executor]:
    """Give an executor: `jobs` processes here (`None`: one a core), or the Dask workers behind `scheduler`'s address.

    The workers of a cluster need Sfumato installed and the model at the same path.
    """
    if scheduler is None:
        # Forking would copy the threads' locks of whoever calls this; fresh interpreters are safe and start once.
        with ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=get_context("spawn")) as processes:
            yield processes
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise SfumatoError("--scheduler needs Dask: pip install 'sfumato[cluster]'") from error
    try:
        client: Any = cast(Any, Client)(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SfumatoError(f"--scheduler {scheduler}: no Dask scheduler answers there: {error}") from error
    with client:
        yield cast(Executor, client.get_executor(pure=False))


def run_points(
    model: Path,
    points: Sequence[Point],
    executor: Executor,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Outcome]:
    """Measure all points, those with the same options once; `progress` is told how many of how many are done."""
    options = {repr(point.options): point.options for point in points}
    path = str(model.resolve())
    futures = {executor.submit(measure, path, chosen): key for key, chosen in options.items()}
    outcomes: dict[str, Outcome] = {}
    try:
        for future in as_completed(futures):
            outcomes[futures[future]] = _outcome(future)
            progress(len(outcomes), len(futures))
    finally:
        for future in futures:
            future.cancel()
    return [outcomes[repr(point.options)] for point in points]


def _outcome(future: Future[Outcome]) -> Outcome:
    """Return what was measured; `measure` raises nothing, so that an exception is the worker's end."""
    error = future.exception()
    if error is None:
        return future.result()
    return Outcome(error=f"the worker ended ({type(error).__name__}: {first_line(error)}): not enough memory?")
