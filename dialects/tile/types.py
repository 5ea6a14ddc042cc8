"""Types of the tile level: a tile in a named memory space, and a channel between the two kinds of core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, IntAttr, StringAttr
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

LAYOUTS: dict[str, str] = {"gm": "nd", "ub": "nd", "l1": "nz", "l0a": "zz", "l0b": "zn", "l0c": "nz"}
"""The layout that each memory space holds on this chip (fractal layouts are named outer-inner)."""


@irdl_attr_definition
class TileType(ParametrizedAttribute, TypeAttribute):
    """A matrix tile of a static largest extent in one memory space.

    The extent that is really valid (tails) is carried by the operations, not by the type. A dimension of size 1 in a
    tile that meets larger ones is broadcast. The layout follows from the space and is printed for the reader.

    ```mlir
    !tile.tile<16x96xf32, ub, nd>
    ```
    """

    name = "tile.tile"
    shape: ArrayAttr[IntAttr]
    element_type: Attribute
    space: StringAttr

    @staticmethod
    def make(rows: int, cols: int, element_type: Attribute, space: str) -> TileType:
        """Return the tile type of ``rows`` x ``cols`` elements in ``space``."""
        return TileType(ArrayAttr((IntAttr(rows), IntAttr(cols))), element_type, StringAttr(space))

    @property
    def rows(self) -> int:
        """The largest number of rows."""
        return self.shape.data[0].data

    @property
    def cols(self) -> int:
        """The largest number of columns."""
        return self.shape.data[1].data

    def with_element(self, element_type: Attribute) -> TileType:
        """Return this type with another element type."""
        return TileType(self.shape, element_type, self.space)

    def verify(self) -> None:
        """Two dimensions of at least one element, a known space."""
        if len(self.shape.data) != 2 or any(size.data < 1 for size in self.shape.data):
            raise VerifyException("a tile has two dimensions of at least one element")
        if self.space.data not in LAYOUTS:
            raise VerifyException(f"unknown memory space '{self.space.data}', expected one of {', '.join(LAYOUTS)}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<16x96xf32, ub, nd>``."""
        with parser.in_angle_brackets():
            shape, element_type = parser.parse_ranked_shape()
            parser.parse_punctuation(",")
            space = parser.parse_identifier()
            parser.parse_punctuation(",")
            layout = parser.parse_identifier()
            if LAYOUTS.get(space) != layout:
                parser.raise_error(f"space '{space}' holds layout '{LAYOUTS.get(space)}', not '{layout}'")
        return ArrayAttr([IntAttr(size) for size in shape]), element_type, StringAttr(space)

    def print_parameters(self, printer: Printer) -> None:
        """Print ``<16x96xf32, ub, nd>``."""
        with printer.in_angle_brackets():
            printer.print_string(f"{self.rows}x{self.cols}x")
            printer.print_attribute(self.element_type)
            printer.print_string(f", {self.space.data}, {LAYOUTS[self.space.data]}")


def is_in_ub(tile: SSAValue) -> bool:
    """Whether a tile lies in UB, where the vector core computes."""
    return cast("TileType", tile.type).space.data == "ub"


def is_in_l0c(tile: SSAValue) -> bool:
    """Whether a tile lies in L0C, where the cube core accumulates."""
    return cast("TileType", tile.type).space.data == "l0c"


@irdl_attr_definition
class ChannelType(ParametrizedAttribute, TypeAttribute):
    """A ring of slots that hands tiles from one kind of core to the other.

    ```mlir
    !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    ```
    """

    name = "tile.channel"
    slot: TileType
