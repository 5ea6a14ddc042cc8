"""The sets of steps complete before each step, against reachability in a graph of starts and completions (networkx)."""

import networkx as nx
import numpy as np
import pytest

from compiler.emit.assembled import program_of
from dialects.isa.assembly import parse_kernel
from dialects.isa.fields import Pipe
from runtime.functional.interpreter import run
from runtime.launch import machine_of
from runtime.mutation.order import complete_before
from runtime.mutation.trace import NEVER, Recorder

HEAD = ".kernel k kind=vector blocks=2 target=tiny\n.arg x f32 [2048] in\n.arg z f32 [2048] out\n.vector\n"
LOAD = "copy_gm_ub dst=[{0}], src=[r0], bursts=1, burst_bytes=256, src_stride=0, dst_stride=256"
DUP = "vdup dst=[{0}], scalar=0, count=64, mask=64, dst_blk=1, dst_rep=8, type=f32"
STORE = "copy_ub_gm dst=[r1], src=[{0}], bursts=1, burst_bytes=256, src_stride=256, dst_stride=0, atomic=none, type=f32"


def drawn_program(seed):
    """A kernel of random operations and balanced synchronisation; its accesses may well race."""
    random = np.random.default_rng(seed)
    pipes = ["MTE2", "V", "MTE3", "S"]
    lines = [
        "arg rd=r0, index=0",
        "arg rd=r1, index=1",
        "block_idx rd=r2",
        "mul rd=r2, a=r2, b=4096",
        "add rd=r1, a=r1, b=r2",
    ]
    for _ in range(40):
        match random.integers(0, 8):
            case 0 | 1 | 2:
                lines.append((LOAD, DUP, STORE)[random.integers(0, 3)].format(random.integers(0, 8) * 256))
            case 3 | 4:
                source, target = random.choice(pipes, 2, replace=False)
                event = f"src={source}, dst={target}, id={random.integers(0, 2)}"
                lines += [f"set_flag {event}", f"wait_flag {event}"]
            case 5:
                lines.append(f"barrier pipe={random.choice([*pipes, 'ALL'])}")
            case 6:
                lines += [f"cross_set pipe={random.choice(pipes)}, id=0, mode=0", "cross_wait id=0, mode=0"]
            case _:
                lines.append("load_ub rd=r3, src=[0], type=i32")
    return program_of(parse_kernel(HEAD + "\n".join(lines) + "\n", "k.s"), "k.s")


def reachable(steps):
    """Node (n, 0) is the start of step n and (n, 1) its completion; an edge: the one is never after the other."""
    graph = nx.DiGraph()
    for number, step in enumerate(steps):
        graph.add_edge((number, 0), (number, 1))
        if step.issued_after != NEVER:
            graph.add_edge((step.issued_after, 1), (number, 0))
        for taken in step.takes:
            graph.add_edge((taken, 1), (number, 1))
        for other, earlier in enumerate(steps[:number]):
            everything = step.queue == Pipe.ALL
            if earlier.core != step.core or (earlier.queue != step.queue and not everything):
                continue
            if earlier.kind not in ("set", "signal"):  # these wait for the queue, the queue does not wait for them
                graph.add_edge((other, 0), (number, 0))
            if step.kind in ("set", "signal", "barrier"):
                graph.add_edge((other, 1), (number, 0))
            if earlier.kind in ("wait", "barrier", "meet", "load") and not everything:
                graph.add_edge((other, 1), (number, 0))
    return graph


@pytest.mark.parametrize("seed", range(12))
def test_complete_before_is_reachability(seed):
    recorder = Recorder()
    program = drawn_program(seed)
    run(program, [np.zeros(2048, np.float32)], machine_of(program), observe=recorder.launch)
    trace = recorder.launches[0][0]
    closure = nx.transitive_closure_dag(reachable(trace.steps))
    for number, before in enumerate(complete_before(trace.steps)):
        expected = {step for step in range(number) if closure.has_edge((step, 1), (number, 0))}
        assert {step for step in range(number) if before >> step & 1} == expected
