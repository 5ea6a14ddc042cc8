"""Shifts of 32-bit integers by one number for all elements; torch's meaning of distances that are out of range."""

from __future__ import annotations

from passes.graph.expansions.term import Term

BITS = 32


def shift_left(x: Term, distance: int) -> Term:
    """x * 2^distance, wrapped; 0 for distances below 0 or from 32 on."""
    if not 0 <= distance < BITS:
        return x.constant(0)
    return x.apply("shl", distance) if distance else x


def shift_right(x: Term, distance: int) -> Term:
    """floor(x / 2^distance); the sign for distances below 0 or from 31 on."""
    distance = distance if 0 <= distance < BITS else BITS - 1
    return x.apply("shr", distance) if distance else x


def shift_right_logical(x: Term, distance: int) -> Term:
    """x without sign / 2^distance, for 0 < distance < 32."""
    return shift_right(x, distance) & x.constant((1 << (BITS - distance)) - 1)
