"""Conversions as chains of single conversions that the vector unit has, without rounding twice where it matters."""

from __future__ import annotations

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.legality import CASTS
from dialects.isa.mte import BLOCK
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.operations import OperationEmitter, Source
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.kernel.vector_emission.words import emit_wide_copy
from passes.scope import Index, Scope

F32, F16, BF16 = DType.f32, DType.f16, DType.bf16
I64, I32, I16, I8, U8 = DType.i64, DType.i32, DType.i16, DType.i8, DType.u8

VIA: dict[tuple[DType, DType], DType] = {
    (F16, BF16): F32,
    (BF16, F16): F32,
    (F16, I64): F32,
    (BF16, I64): F32,
    (BF16, I16): F32,
    (BF16, I8): F32,
    (BF16, U8): F32,
    (F32, I8): I16,
    (F32, U8): I16,
    (I64, F16): F32,
    (I64, BF16): F32,
    (I64, I16): I32,
    (I64, I8): I32,
    (I64, U8): I32,
    (I32, F16): F32,
    (I32, BF16): F32,
    (I32, I8): I16,
    (I32, U8): I16,
    (I16, I32): F32,
    (I16, I64): F32,
    (I16, BF16): F32,
    (I16, I8): F16,
    (I16, U8): F16,
    **{(source, target): F16 for source in (I8, U8) for target in (F32, BF16, I32, I16, I8, U8)},
    **{(source, I64): F32 for source in (I8, U8)},
}
"""(source, destination) -> the type in between.

f32 to 8-bit integers passes through i16, where the rounding happens, since f16 would round first: 127.99 is 128 there.
"""


def cast_steps(source: DType, destination: DType, rounding: str | None = None) -> list[tuple[DType, str]]:
    """(type, rounding) of each single conversion; empty when the types are equal.

    `rounding` defaults to what torch does: toward zero from floating point to integers, else half to even.
    SfumatoError when there is no chain.
    """
    if source == destination:
        return []
    mode = rounding or ("trunc" if source.is_float and not destination.is_float else "rint")
    steps: list[tuple[DType, str]] = []
    while source != destination:
        following = destination if (source, destination) in CASTS else VIA.get((source, destination))
        if following is None:
            raise SfumatoError(f"the vector unit cannot convert {source.name} to {destination.name}")
        allowed = CASTS.get((source, following))
        if allowed is None:
            steps += cast_steps(source, following, mode)
        else:
            steps.append((following, mode if mode in allowed else allowed[0]))
        source = following
    return steps


class CastEmitter(OperationEmitter):
    """Emits conversions, roundings and copies."""

    def __init__(self, scope: Scope) -> None:
        """Emit into `scope`."""
        super().__init__(scope)
        self.logical_rows: Index = 1
        """Rows of the tile in hand, before a column is rounded up to whole groups."""

    def cast(self, dst: UBTile, source: Source, rounding: str | None, area: Area) -> None:
        """dst = source converted to dst's type."""
        if not isinstance(source, UBTile):
            self.copy(dst, source, area)
            return
        if source.dtype == DType.i64 and dst.extent in ("column", "scalar"):
            self._cast_loaded(dst, source, rounding, area)
            return
        self._cast_steps(dst, source, rounding, area)

    def _cast_loaded(self, dst: UBTile, source: UBTile, rounding: str | None, area: Area) -> None:
        """A loaded i64 column is padded to 4 elements only: the padding to 8 of what it becomes is written first."""
        if source.extent != dst.extent:
            raise SfumatoError("i64 elements do not broadcast: convert them to i32 first")
        scope, group = self.scope, BLOCK // source.dtype.size
        first, mode = cast_steps(source.dtype, dst.dtype, rounding)[0]
        step = dst if first == dst.dtype else self.scratch(dst, first, area)
        self.fill_area(Operand.of(step), 0, area)
        rows = scope.product(scope.quotient(scope.sum(self.logical_rows, group - 1), group), group)
        self._convert(step, source, mode, Area(1, rows, 1, area.max_cols))
        if step is not dst:
            self._cast_steps(dst, step, rounding, area)

    def _cast_steps(self, dst: UBTile, source: UBTile, rounding: str | None, area: Area) -> None:
        steps = cast_steps(source.dtype, dst.dtype, rounding)
        if not steps:
            self.copy(dst, source, area)
        for position, (dtype, mode) in enumerate(steps):
            last = position == len(steps) - 1
            step = dst if last else self.scratch(dst, dtype, area)
            self._convert(step, source, mode, area)
            source = step

    def _convert(self, dst: UBTile, source: UBTile, rounding: str, area: Area) -> None:
        named = {"dst": Operand.of(dst), "src": self.operand(source, dst, area)}
        types = {"src_type": source.dtype.name, "dst_type": dst.dtype.name}
        self.walk(list(named.values()), area, lambda piece: piece.emit("vcast", named, round=rounding, **types))

    def round(self, dst: UBTile, source: Source, rounding: str, area: Area) -> None:
        """dst = source rounded to whole numbers, in its own type."""
        if not isinstance(source, UBTile):
            raise SfumatoError("a number cannot be rounded by the vector unit: fold it")
        wide = dst if dst.dtype == DType.f32 else self.scratch(dst, DType.f32, area)
        if source.dtype != DType.f32:
            self.cast(wide, source, None, area)
            source = wide
        self._convert(wide, source, rounding, area)
        if wide is not dst:
            self.cast(dst, wide, None, area)

    def copy(self, dst: UBTile, source: Source, area: Area) -> None:
        """dst = source, broadcast."""
        if dst.dtype == DType.i64:
            emit_wide_copy(self, dst, source, area)
        elif not isinstance(source, UBTile):
            self.fill_area(Operand.of(dst), source, area)
        elif dst.dtype.size == 1:  # bytes move as the halves that represent them exactly
            halves = self.scratch(dst, DType.f16, area)
            self._convert(halves, source, "none", area)
            self._convert(dst, halves, "none", area)
        else:
            self.apply("vcopy", dst, [source], area)
