"""What figures of a machine description must be, alone, together, and for the instruction set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialects.errors import SfumatoError
from dialects.isa.sync import CROSS_FLAGS, EVENT_IDS
from dialects.isa.vector import REPEAT_BYTES
from runtime.machine.validation import check_positive

if TYPE_CHECKING:
    from runtime.machine.description import Cube, Machine

_MAY_BE_ZERO = frozenset(
    {
        *("row_cycles", "misaligned_row_cycles", "head_cycles", "bytes_per_cycle"),
        *(
            "cube_cycles",
            "vector_cycles",
            "mix_cycles",
            "read_write_conflict_cycles",
            "load_gm_cycles",
            "load_ub_cycles",
            "handshake_cycles",
        ),
    }
)
_PATHS = (
    *("gm_l1", "gm_l1_nd2nz", "gm_ub", "ub_gm", "l1_gm"),
    *("l1_l0a", "l1_l0b", "l1_bt", "l0c_gm", "l0c_l1"),
)
_OPTIONAL_PATHS = ("l0c_ub", "ub_l1")


def check_machine(machine: Machine, where: str) -> None:
    """Raise `SfumatoError` naming the first figure that is out of range, or does not go with the others."""
    check_positive(machine, where, may_be_zero=_MAY_BE_ZERO)
    _check_curves(machine, where)
    _check_cube(machine.cube, where)
    _check_instruction_set(machine, where)


_BLOCK_ROWS = (8, 16, 32, 64)


def _check_cube(cube: Cube, where: str) -> None:
    for name in ("block_m", "block_n"):
        if getattr(cube, name) not in _BLOCK_ROWS:
            known = ", ".join(map(str, _BLOCK_ROWS))
            raise SfumatoError(
                f"{where}: cube.{name} is {getattr(cube, name)}; fractals of {known} rows can be transposed on the way "
                "to L0, where one's rows and the elements in 32 bytes must divide each other"
            )
    if cube.l0a_layout not in ("zz", "nz"):
        raise SfumatoError(f"{where}: cube.l0a_layout is '{cube.l0a_layout}', expected zz or nz")
    for name in cube.macs_per_cycle:
        if name not in cube.block_k:
            raise SfumatoError(f"{where}: cube.block_k.{name} is missing, and cube.macs_per_cycle has {name}")


def _check_instruction_set(machine: Machine, where: str) -> None:
    """Refuse figures that the encoding of instructions fixes."""
    if machine.vector.repeat_bytes != REPEAT_BYTES:
        raise SfumatoError(
            f"{where}: vector.repeat_bytes is {machine.vector.repeat_bytes}; masks, strides and compare results of the "
            f"instruction set are made for repeats of {REPEAT_BYTES} bytes"
        )
    for name, most in (("event_ids", EVENT_IDS), ("cross_flags", CROSS_FLAGS)):
        if getattr(machine, name) > most:
            raise SfumatoError(f"{where}: {name} is {getattr(machine, name)}; instructions encode {most}")


def _check_curves(machine: Machine, where: str) -> None:
    for name in _PATHS:
        if name not in machine.paths:
            raise SfumatoError(f"{where}: paths.{name} is missing")
    for name, path in machine.paths.items():
        known = (*_PATHS, *_OPTIONAL_PATHS)
        if name not in known:
            raise SfumatoError(f"{where}: paths.{name} is not a data path; known: {', '.join(known)}")
        if path.curve and path.curve not in machine.curves:
            raise SfumatoError(f"{where}: paths.{name}.curve names '{path.curve}', which curves does not have")
        if path.curve and path.bytes_per_cycle:
            raise SfumatoError(f'{where}: paths.{name} has a curve and bytes_per_cycle; the rate needs curve = ""')
        if not path.curve and path.bytes_per_cycle <= 0:
            raise SfumatoError(f"{where}: paths.{name} needs a curve or a positive bytes_per_cycle")
    for name, curve in machine.curves.items():
        if len(curve.bytes) != len(curve.cycles) or len(curve.bytes) < 2:
            raise SfumatoError(f"{where}: curves.{name} needs two or more points, and as many cycles as bytes")
        if list(curve.bytes) != sorted(set(curve.bytes)) or list(curve.cycles) != sorted(curve.cycles):
            raise SfumatoError(f"{where}: curves.{name} must rise: bytes strictly, cycles without a fall")
