"""Accesses to local memory of one pipe, and whether a later one must wait for an earlier one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, OpResult, SSAValue

from dialects.kernel.queue import AllocTensorOp, DequeOp
from dialects.kernel.structure import InitBufferOp, SliceOp
from passes.analysis.affine_index import Affine, affine, combine
from passes.analysis.footprint import EVERYTHING, Extent, Use, overlap
from passes.analysis.index_range import IndexRanges

_MANY_TRIPS = 1024
"""Loops of more trips than this are not checked trip by trip."""


@dataclass(frozen=True)
class Access:
    """What one instruction touches of a buffer or of one turn of a queue.

    The bytes start at ``constant`` plus the terms (value, coefficient). ``shift`` is set on an access of an earlier
    iteration of the loop ``carrier``: the same terms then stand ``shift`` bytes further on each of up to ``trips``
    later iterations.
    """

    root: SSAValue
    constant: int
    terms: frozenset[tuple[SSAValue, int]]
    extent: Extent
    writes: bool
    carrier: Operation | None = None
    shift: int = 0
    trips: int | None = None


def access_of(use: Use) -> Access:
    """The access of a tensor operand, traced back through slices."""
    tensor, offset = use.tensor, Affine(0, {})
    while isinstance(tensor, OpResult) and isinstance(tensor.op, SliceOp):
        op = tensor.op
        offset = combine(offset, Affine(op.offset.value.data, {}), 1)
        if op.dynamic is not None:
            offset = combine(offset, affine(op.dynamic), 1)
        tensor = op.tensor
    return Access(tensor, offset.constant, frozenset(offset.terms.items()), use.extent, use.writes)


def conflicts(earlier: Access, later: Access) -> bool:
    """Whether ``later`` must not run before ``earlier`` is complete."""
    if not earlier.writes and not later.writes:
        return False
    if earlier.root is not later.root:
        return _share_memory(earlier.root, later.root)
    if earlier.extent == EVERYTHING and not earlier.constant and not earlier.terms:
        return True
    if earlier.terms != later.terms:
        return True
    distance = later.constant - earlier.constant
    if earlier.carrier is None:
        return overlap(earlier.extent, later.extent, distance)
    if earlier.trips is None or earlier.trips > _MANY_TRIPS:
        return not _moves_past(earlier, later, distance)
    return any(
        overlap(earlier.extent, later.extent, distance + trip * earlier.shift) for trip in range(1, earlier.trips + 1)
    )


def _moves_past(earlier: Access, later: Access, distance: int) -> bool:
    """Whether from the next iteration on the later access lies wholly behind (or before) the earlier one."""
    one, other = earlier.extent, later.extent
    if one.width is None or other.width is None:
        return False
    step = distance + earlier.shift
    if earlier.shift > 0:
        return step >= (one.pieces - 1) * one.stride + one.width
    return earlier.shift < 0 and step <= -((other.pieces - 1) * other.stride + other.width)


def _share_memory(a: SSAValue, b: SSAValue) -> bool:
    """Whether two different roots may have common bytes: buffers by their addresses, turns of queues never.

    Turns of one queue are either different slots or ordered by the queue's flags.
    """
    owners = (a.owner, b.owner)
    if any(isinstance(owner, AllocTensorOp | DequeOp) for owner in owners):
        return False
    first, second = owners
    if not isinstance(first, InitBufferOp) or not isinstance(second, InitBufferOp):
        return True
    if first.address is None or second.address is None:
        return True
    low, other = first.address.value.data, second.address.value.data
    return low < other + second.bytes.value.data and other < low + first.bytes.value.data


def _inside(value: SSAValue, loop: scf.ForOp) -> bool:
    block = value.owner if isinstance(value.owner, Block) else value.owner.parent
    while block is not None:
        parent = block.parent_op()
        if parent is loop:
            return True
        block = None if parent is None else parent.parent
    return False


def _dies_with(access: Access, loop: scf.ForOp) -> bool:
    """Whether the access is to a turn of a queue that begins and ends within an iteration."""
    return isinstance(access.root.owner, AllocTensorOp | DequeOp) and _inside(access.root, loop)


def _somewhere(access: Access) -> Access:
    return replace(access, constant=0, terms=frozenset(), extent=EVERYTHING, carrier=None, shift=0, trips=None)


def after_loop(access: Access, loop: scf.ForOp) -> Access | None:
    """An access of a loop's body as the code after the loop sees it; None when it cannot matter there."""
    if _dies_with(access, loop):
        return None
    if access.carrier is loop or any(_inside(value, loop) for value, _ in access.terms):
        return _somewhere(access)
    return access


def in_next_iteration(access: Access, loop: scf.ForOp, ranges: IndexRanges) -> Access | None:
    """An access of a loop's body as later iterations see it; None when it cannot matter there."""
    if access.carrier is loop:
        return access
    if _dies_with(access, loop):
        return None
    counter = loop.body.block.args[0]
    inner = {value: c for value, c in access.terms if _inside(value, loop)}
    if not inner:
        return access
    step = ranges.of(loop.step)
    if set(inner) != {counter} or access.carrier is not None or step.low is None or step.low != step.high:
        return _somewhere(access)
    bounds = ranges.of(counter)
    trips = None
    if bounds.low is not None and bounds.high is not None:
        trips = max((bounds.high - bounds.low) // step.low, 0)
    return replace(access, carrier=loop, shift=inner[counter] * step.low, trips=trips)
