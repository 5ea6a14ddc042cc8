"""Which bytes of local memory an intrinsic reads and writes: equal pieces at equal distances, from its tensors on."""

from __future__ import annotations

from typing import NamedTuple

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from dialects.isa.mte import BLOCK
from dialects.isa.vector import MAX_REPEATS, REPEAT_BYTES
from dialects.kernel.intrinsic import Intrinsic
from passes.analysis.index_range import IndexRanges


class Extent(NamedTuple):
    """``pieces`` of ``width`` bytes whose starts are ``stride`` bytes apart; width None: all from the start on."""

    width: int | None
    stride: int = 0
    pieces: int = 1


EVERYTHING = Extent(None)


class Use(NamedTuple):
    """One tensor operand: what of it is touched, and how."""

    tensor: SSAValue
    extent: Extent
    writes: bool


def overlap(a: Extent, b: Extent, distance: int) -> bool:
    """Whether two extents share a byte when ``b`` starts ``distance`` bytes after ``a``."""
    if a.width is None or b.width is None:
        return (a.width is None or distance < _span(a)) and (b.width is None or distance > -_span(b))
    if distance >= _span(a) or distance <= -_span(b):
        return False
    if a.pieces > 1 and b.pieces > 1 and a.stride != b.stride:
        return True
    stride = a.stride if a.pieces > 1 else b.stride
    if stride == 0:
        return True
    # Piece j of b meets piece i of a when -b.width < distance + (j - i) * stride < a.width.
    first = max((-b.width - distance) // stride + 1, -(a.pieces - 1))
    last = min(-((distance - a.width) // stride) - 1, b.pieces - 1)
    return first <= last


def _span(extent: Extent) -> int:
    assert extent.width is not None
    return (extent.pieces - 1) * extent.stride + extent.width


class Footprints:
    """Footprints of the intrinsics of a program; values known only at run time count with their upper bounds."""

    def __init__(self, ranges: IndexRanges) -> None:
        """Bound dynamic fields by ``ranges``."""
        self._ranges = ranges

    def of(self, op: Intrinsic) -> list[Use]:
        """The local tensors that an intrinsic touches."""
        uses: list[Use] = []
        for position, (field, tensor) in enumerate(zip(op.tensor_fields, op.tensors, strict=False)):
            if field.space == "gm":
                continue
            extent = self._extent(op, field.name)
            if extent.pieces == 0 or extent.width == 0:
                continue
            writes = position == 0
            uses.append(Use(tensor, extent, writes))
        return uses

    def _extent(self, op: Intrinsic, field: str) -> Extent:
        integers = {name: self._bound(value) for name, value in op.integers.items()}
        mnemonic = op.instruction.mnemonic
        if op.instruction.queue == "V":
            return _vector_extent(op, mnemonic, field, integers)
        if mnemonic in ("copy_gm_ub", "copy_gm_l1") and field == "dst":
            bytes, bursts = integers["burst_bytes"], integers["bursts"]
            return _pieces(None if bytes is None else -(-bytes // BLOCK) * BLOCK, integers["dst_stride"], bursts)
        if mnemonic == "nd2nz" and field == "dst":
            rows, cols, pitch = integers["rows"], integers["cols"], integers["dst_rows"]
            blocks = None if cols is None else -(-cols * DType[op.options["type"]].size // BLOCK)
            return _pieces(_times(rows, BLOCK), _times(pitch, BLOCK), blocks)
        return EVERYTHING

    def _bound(self, value: int | SSAValue) -> int | None:
        return value if isinstance(value, int) else self._ranges.of(value).high


def _times(value: int | None, factor: int) -> int | None:
    return None if value is None else value * factor


def _pieces(width: int | None, stride: int | None, pieces: int | None) -> Extent:
    if width is None or stride is None or pieces is None:
        return EVERYTHING
    if stride == 0 or pieces <= 1:
        return Extent(width, 0, min(pieces, 1))
    # Touching or overlapping pieces are one.
    return Extent((pieces - 1) * stride + width) if width >= stride else Extent(width, stride, pieces)


def _vector_extent(op: Intrinsic, mnemonic: str, field: str, integers: dict[str, int | None]) -> Extent:
    types = {name: DType[value] for name, value in op.options.items() if name.endswith("type")}
    size = (types.get(f"{field}_type") or types.get("type") or next(iter(types.values()))).size
    widest = max(dtype.size for dtype in types.values())
    if mnemonic == "vtranspose":
        return Extent(256 * size)
    if mnemonic in ("vci", "vgather", "vscatter"):
        scattered = field == ("src" if mnemonic == "vgather" else "dst") and mnemonic != "vci"
        count = integers["count"]
        each = 4 if field == "offsets" else size
        return EVERYTHING if scattered or count is None else Extent(count * each)
    if mnemonic in ("vbrcb", "vsort32"):
        repeats = integers["repeats"]
        repeats = MAX_REPEATS if repeats is None else repeats
        if mnemonic == "vsort32":
            return Extent(repeats * 32 * {"dst": 8, "indices": 4}.get(field, size))
        if field == "src":
            return Extent(repeats * 8 * size)
        return _strided(integers, field, 8, repeats)
    full = REPEAT_BYTES // widest
    mask = integers["mask"]
    mask = full if mask is None else min(mask, full)
    count = integers["count"]
    repeats = MAX_REPEATS if count is None else -(-count // mask)
    elements = mask if count is None else min(mask, count)
    if field == "bits" or (mnemonic in ("vcmp", "vcmps") and field == "dst"):
        return Extent(repeats * (full // 8))
    if field == "dst" and mnemonic.startswith("vc") and f"{field}_blk" not in integers:
        return _reduced(mnemonic, size, integers, repeats)
    blocks = -(-elements * size // BLOCK)
    extent = _strided(integers, field, blocks, repeats)
    if blocks * BLOCK == extent.width and extent.pieces == 1:
        return Extent(elements * size)
    return extent


def _reduced(mnemonic: str, size: int, integers: dict[str, int | None], repeats: int) -> Extent:
    group = 8 if mnemonic.startswith("vcg") else 1 + (integers.get("index") or 0)
    return _pieces(group * size, _times(integers["dst_rep"], group * size), repeats)


def _strided(integers: dict[str, int | None], field: str, blocks: int, repeats: int) -> Extent:
    """Repeats of some blocks, with the operand's block and repeat strides."""
    block, repeat = integers[f"{field}_blk"], integers[f"{field}_rep"]
    if block is None:
        return EVERYTHING
    return _pieces(((blocks - 1) * block + 1) * BLOCK if blocks else 0, _times(repeat, BLOCK), repeats)
