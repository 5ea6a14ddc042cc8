"""The on-chip buffers of one core: byte-exact arrays with the capacities of the machine description."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from runtime.memory.access import Access, Bits, Bytes, Numbers
from runtime.memory.bounds import local_overflow
from runtime.memory.layout import Layout, accumulators, nd, nz, zz

POISON = 0xFF
"""Every byte of memory that was never written. Floats of it are NaN, integers -1 or the largest value."""


class CubeShape(Protocol):
    """The block of the matrix unit, which fractals are made for, and the layout of its left operand."""

    @property
    def block_m(self) -> int:
        """Rows of the left operand."""
        ...

    @property
    def block_n(self) -> int:
        """Columns of the right operand."""
        ...

    @property
    def l0a_layout(self) -> str:
        """`zz` or `nz`."""
        ...


class Capacities(Protocol):
    """What the functional simulator reads of a machine description."""

    @property
    def cube(self) -> CubeShape:
        """The matrix unit."""
        ...

    @property
    def l1_bytes(self) -> int:
        """Bytes of L1."""
        ...

    @property
    def l0a_bytes(self) -> int:
        """Bytes of L0A."""
        ...

    @property
    def l0b_bytes(self) -> int:
        """Bytes of L0B."""
        ...

    @property
    def l0c_bytes(self) -> int:
        """Bytes of L0C."""
        ...

    @property
    def bt_bytes(self) -> int:
        """Bytes of the bias table."""
        ...

    @property
    def ub_bytes(self) -> int:
        """Bytes of the unified buffer."""
        ...


CUBE_SPACES = ("l1", "l0a", "l0b", "l0c", "bt", "fb")
VECTOR_SPACES = ("ub",)


class Space(Protocol):
    """A memory that accesses resolve in; ``layout`` is how it holds the matrices that the cube unit works on."""

    layout: Layout

    def view(self, access: Access, dtype: npt.DTypeLike, write: bool = False) -> Numbers:
        """Return the elements of ``access`` as a strided array over the memory itself."""
        ...

    def validity(self, access: Access) -> Bits:
        """Return, for each byte of ``access`` (one more dimension), whether it was ever written."""
        ...


class LocalSpace:
    """One on-chip buffer. With ``tracked``, every byte also has a bit that says whether it holds data."""

    def __init__(self, name: str, capacity: int, tracked: bool, layout: Layout) -> None:
        """Make a buffer of ``capacity`` bytes, all of them poison."""
        self.name = name
        self.layout = layout
        self.data: Bytes = np.full(capacity, POISON, np.uint8)
        self.valid: Bits | None = np.zeros(capacity, np.bool_) if tracked else None

    def poison(self) -> None:
        """Forget the contents, as happens between kernels."""
        self.data.fill(POISON)
        if self.valid is not None:
            self.valid.fill(False)

    def view(self, access: Access, dtype: npt.DTypeLike, write: bool = False) -> Numbers:
        """Return the elements of ``access`` as a strided array over the buffer."""
        try:
            return np.ndarray(access.shape, dtype, self.data, access.offset, access.strides)
        except ValueError as error:
            raise local_overflow(access, len(self.data)) from error

    def validity(self, access: Access) -> Bits:
        """Return the validity of each byte of ``access``."""
        assert self.valid is not None, "only the sanitizer asks for validity"
        return byte_view(self.valid, access, access.offset)


def byte_view(array: Any, access: Access, offset: int) -> Bits:
    """Return the bytes of ``access`` in ``array`` (one element a byte) as one more, innermost dimension."""
    return np.ndarray((*access.shape, access.itemsize), array.dtype, array, offset, (*access.strides, 1))


def core_spaces(core: str, machine: Capacities, tracked: bool) -> dict[str, LocalSpace]:
    """Make the buffers of a ``core`` ("cube" or "vector"), by name."""
    names = CUBE_SPACES if core == "cube" else VECTOR_SPACES
    cube = machine.cube
    layouts: dict[str, Layout] = {
        "l0a": partial({"zz": zz, "nz": nz}[cube.l0a_layout], height=cube.block_m),
        "l0b": partial(nz, height=cube.block_n),
        "l0c": partial(accumulators, height=cube.block_m, width=cube.block_n),
    }
    return {
        name: LocalSpace(name, int(getattr(machine, f"{name}_bytes")), tracked, layouts.get(name, nd)) for name in names
    }
