"""Where the row of a core, queue or transfer begins in a launch's numbers (`runtime.timing.records`).

Names that end in `_row` are places in `n`, those that end in `_times` or `_rates` places in `x`.
"""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.records import Whole


@hot
def flow_row(n: Whole, q: int) -> int:
    """Transfer of queue `q`."""
    return n[r.FLOW_I] + q * r.FLOW_I_COLUMNS


@hot
def flow_times(n: Whole, q: int) -> int:
    """Transfer of queue `q`."""
    return n[r.FLOW_F] + q * r.FLOW_F_COLUMNS


@hot
def queue_row(n: Whole, q: int) -> int:
    """Queue `q`."""
    return n[r.QUEUE_I] + q * r.QUEUE_I_COLUMNS


@hot
def queue_times(n: Whole, q: int) -> int:
    """Queue `q`."""
    return n[r.QUEUE_F] + q * r.QUEUE_F_COLUMNS


@hot
def core_row(n: Whole, c: int) -> int:
    """Core `c`."""
    return n[r.CORE_I] + c * r.CORE_I_COLUMNS


@hot
def core_times(n: Whole, c: int) -> int:
    """Core `c`."""
    return n[r.CORE_F] + c * r.CORE_F_COLUMNS


@hot
def entry_row(n: Whole, slot: int) -> int:
    """Entry `slot` of the queues."""
    return n[r.RING_I] + slot * r.RING_I_COLUMNS


@hot
def entry_times(n: Whole, slot: int) -> int:
    """Entry `slot` of the queues."""
    return n[r.RING_F] + slot * r.RING_F_COLUMNS


@hot
def code_row(n: Whole, pc: int) -> int:
    """Instruction `pc`."""
    return n[r.CODE] + pc * r.CODE_COLUMNS


@hot
def cost_row(n: Whole, cost: int) -> int:
    """Cost number `cost`."""
    return n[r.COST_I] + cost * r.COST_I_COLUMNS


@hot
def cost_rates(n: Whole, cost: int) -> int:
    """Cost number `cost`."""
    return n[r.COST_F] + cost * r.COST_F_COLUMNS


@hot
def shared_rates(n: Whole, resource: int) -> int:
    """A resource that all cores share."""
    return n[r.SHARED] + resource * r.SHARED_COLUMNS


@hot
def port_rates(n: Whole, q: int) -> int:
    """The port to global memory that queue `q` uses."""
    return n[r.PORTS] + q // r.PIPES * r.SHARED_COLUMNS
