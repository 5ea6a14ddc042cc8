"""Arrows lead from what completed before a flag was set to what began after it was taken."""

import numpy as np
import pytest

from dialects.isa.fields import Pipe
from runtime.profile.spans import arrows, by_pipe, first_after
from runtime.timing.result import SPAN, WAIT, CoreTrace

SPANS = np.array(
    [
        (Pipe.MTE2, 0, 10, 0), (Pipe.MTE2, 10, 30, 1), (Pipe.M, 32, 40, 2), (Pipe.M, 50, 60, 3), (Pipe.FIX, 61, 70, 4),
    ],
    SPAN,
)  # fmt: skip


def core(kind, *waits):
    return CoreTrace(kind, 0, 0, SPANS, np.array(list(waits), WAIT))


@pytest.mark.parametrize(
    ("set_at", "taken", "leaves", "arrives", "late"),
    [(10, 31, 5, 32, 21), (30, 31, 20, 32, 1), (30, 45, 20, 50, 15), (0, 31, 0, 32, 31), (30, 99, 20, 99, 69)],
)
def test_a_flag_of_the_same_core(set_at, taken, leaves, arrives, late):
    (arrow,) = arrows([core("cube", (0, Pipe.MTE2, Pipe.M, 5, set_at, taken))], 0)
    assert (arrow.leaves, arrow.arrives, arrow.late) == (leaves, arrives, late)
    assert (arrow.source_pipe, arrow.target_pipe, arrow.number, arrow.cross) == (Pipe.MTE2, Pipe.M, 5, False)


@pytest.mark.parametrize(("set_at", "pipe", "leaves"), [(70, Pipe.FIX, 65.5), (45, Pipe.M, 36), (5, Pipe.S, 5)])
def test_a_flag_of_another_core_comes_from_the_pipe_that_completed_last(set_at, pipe, leaves):
    (arrow,) = arrows([core("cube"), core("vector", (0, Pipe.S, Pipe.S, 2, set_at, 300))], 1)
    assert (arrow.source_core, arrow.source_pipe, arrow.leaves) == (0, pipe, leaves)
    assert (arrow.cross, arrow.target_pipe, arrow.arrives) == (True, Pipe.S, 300)


def test_what_begins_first_after_a_time():
    pipes = by_pipe(SPANS)
    assert list(pipes) == [Pipe.MTE2, Pipe.M, Pipe.FIX]
    assert first_after(pipes, 5) == (Pipe.MTE2, 10)
    assert first_after(pipes, 41) == (Pipe.M, 50)
    assert first_after(pipes, 99) == (Pipe.S, 99)
