"""What a queue waits for: the timing model's reasons, grouped into the few words that a profile shows."""

from __future__ import annotations

from collections.abc import Mapping

WORDS = {
    "data": "data from L2 or HBM, which all cores share",
    "flag": "a flag of another queue of its core",
    "port": "the port to global memory, which the queues of a core share",
    "core": "another core",
    "barrier": "a barrier",
    "issue": "the scalar unit to issue",
    "other": "another reason",
}
"""Category -> what a queue waits for, in words."""

SHORT_OF = {
    "l2 read": "L2's read bandwidth",
    "l2 write": "L2's write bandwidth",
    "l2": "L2's bandwidth",
    "hbm": "HBM bandwidth",
    "fetch": "lines that another core is fetching",
    "port": "the core's port to global memory",
}
"""Reason -> what a transfer that it slows down has too little of."""

_CATEGORY_OF = {
    "l2 read": "data",
    "l2 write": "data",
    "l2": "data",
    "hbm": "data",
    "fetch": "data",  # another core already fetches these lines
    "port": "port",
    "wait cross-core": "core",
    "barrier": "barrier",
    "issue": "issue",
}


def category(reason: str) -> str:
    """Return the category of a reason; one that is unknown is `other`."""
    known = _CATEGORY_OF.get(reason)
    if known is not None:
        return known
    if reason.endswith("queue full"):
        return "issue"
    return "flag" if reason.startswith("wait ") else "other"


def by_category(stalls: Mapping[str, float]) -> dict[str, float]:
    """Sum stalls (reason -> cycles) by category, in the table's order; what does not occur is left out."""
    sums = dict.fromkeys(WORDS, 0.0)
    for reason, cycles in stalls.items():
        sums[category(reason)] += cycles
    return {name: cycles for name, cycles in sums.items() if cycles > 0}
