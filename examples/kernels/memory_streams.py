"""Kernels that only move data: loads and stores one after the other, to see what paths, ports, L2 and HBM give.

They are made to be timed. What they load is not used and what they store was never computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from assembly_writer import CoreProgram, Number, Parameter, kernel_text
from buffer_ring import Ring
from kernel_output import assemble

from runtime.machine.description import Machine
from runtime.timing.result import LaunchUse
from runtime.timing.simulator import simulate


@dataclass(frozen=True)
class Stream:
    """What the cores of a ``kind`` move: ``passes`` over a working set, a ``piece`` at a time, dealt out by turns.

    Loads and stores have a working set each, of the same size.
    """

    kind: str
    cores: int
    working_set: int
    passes: int = 1
    piece: int = 65536
    loads: bool = True
    stores: bool = False


def run_stream(stream: Stream, machine: Machine) -> LaunchUse:
    """Simulate a stream, L2 being empty at the start."""
    timeline = simulate(assemble(stream_text(stream, machine), "stream.s"), machine)
    return timeline.launches[0].use


def stream_text(stream: Stream, machine: Machine) -> str:
    """Return the assembly of a stream; a load and a store of a piece are issued by turns and run at the same time."""
    program = CoreProgram(stream.kind)
    loaded, stored = program.argument(0), program.argument(1)
    user = "MTE1" if stream.kind == "cube" else "V"
    loading, storing = Ring(program, "MTE2", user, 2), Ring(program, user, _store_queue(stream), 2, 2)
    block, blocks = program.read("block_idx"), program.read("block_num")
    pieces = stream.working_set // stream.piece
    with program.loop(0, stream.passes), program.loop(block, pieces, blocks) as piece:
        offset = piece * stream.piece
        if stream.loads:
            _load(program, stream, loaded + offset, loading.acquire() * stream.piece)
            loading.fill()
            loading.take()
            loading.release()
        if stream.stores:
            storing.acquire()
            storing.fill()
            storing.take()
            _store(program, stream, stored + offset)
            storing.release()
    loading.drain()
    storing.drain()
    parameters = [Parameter("x", "i8", (stream.working_set,), "in"), Parameter("y", "i8", (stream.working_set,), "out")]
    return kernel_text("stream", machine.name, stream.cores, parameters, [program], f"{stream}")


def _store_queue(stream: Stream) -> str:
    return "FIX" if stream.kind == "cube" else "MTE3"


def _load(program: CoreProgram, stream: Stream, source: Number, target: Number) -> None:
    """Load a piece into L1 or UB."""
    name = "copy_gm_l1" if stream.kind == "cube" else "copy_gm_ub"
    program.emit(name, dst=target, src=source, bursts=1, burst_bytes=stream.piece, src_stride=0, dst_stride=0)


def _store(program: CoreProgram, stream: Stream, target: Number) -> None:
    """Store a piece: a matrix of 128 rows from L0C, or as many bytes from UB."""
    if stream.kind == "cube":
        columns = stream.piece // (128 * 4)
        shape = {"m": 128, "n": columns, "src_rows": 128, "dst_stride": columns * 4, "relu": 0, "scale": 0}
        kinds = {"quant": "none", "atomic": "none", "acc": "f32", "type": "f32"}
        program.emit("fixpipe", dst=target, src=0, **shape, **kinds)
        return
    whole = {"bursts": 1, "burst_bytes": stream.piece, "src_stride": 0, "dst_stride": 0}
    program.emit("copy_ub_gm", dst=target, src=2 * stream.piece, atomic="none", type="i8", **whole)
