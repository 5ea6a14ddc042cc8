"""The pass that leaves only integers that the vector unit computes in, with torch's wrapping written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, i8, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.choose import CastOp, CompareOp, SelectOp
from dialects.graph.operation import integers
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.reduce import ReduceOp
from dialects.graph.types import Tensor, element_of, is_bool, is_float, is_integer, shape_of, tensor
from dialects.graph.words import HighWordOp, JoinWordsOp, LowWordOp
from passes.analysis.support import lacking
from passes.analysis.value_range import ValueRange, ValueRanges, type_range
from passes.base import SfumatoPass
from passes.graph.expansions.shifts import shift_left, shift_right
from passes.graph.expansions.words import BITS, choose
from passes.graph.integers.pointwise import COMPARISONS, computed
from passes.graph.integers.products import factors
from passes.graph.integers.reductions import reduced
from passes.graph.integers.values import Values
from passes.graph.rewriting import defining, rewrite

_NARROW = (DType.i8, DType.u8, DType.i16)


@dataclass(frozen=True)
class GraphLegalizeIntegers(SfumatoPass):
    """Compute integers of 8, 16 and 64 bits in 32, wrapping around exactly where torch does.

    i8, ui8 and i16 are computed in i32; what may have left their range is brought back by shifts (ui8: by a mask)
    before it becomes narrow again. i64 is computed in i32 where the bounds of its values (`analysis.value_range`) show
    that it fits, else in two words of 32 bits, which `graph.low_word` and `graph.high_word` take from memory and
    `graph.join_words` puts together. Afterwards every `graph.cast` to a narrower integer meets only values that fit.
    64-bit values that are moved, looked up or converted to floating point stay as they are. A constant zero as the
    divisor of integers is an error, as in torch.
    """

    name = "graph-legalize-integers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Legalise every function."""
        ranges = ValueRanges(op)
        rewrite(op, lambda one, rewriter: self._legalize(one, Values(rewriter, ranges)))

    def _legalize(self, op: Operation, values: Values) -> Sequence[SSAValue] | None:
        match op:
            case graph.IotaOp() if element_of(op.result) == i64:
                return [values.wide(_with_words(op, (), values))]
            case LowWordOp() | HighWordOp() | JoinWordsOp():
                return None
            case CastOp():
                return _cast(op, values)
            case CompareOp() if element_of(op.lhs) == i64:
                return [_compare(op, values)]
            case PointwiseOp() | SelectOp() | ReduceOp():
                return self._computed(op, values)
            case graph.MatmulOp() if is_integer(element_of(op.result)):
                return self._product(op, values)
            case graph.BroadcastOp() | graph.ReshapeOp() | graph.PermuteOp() | graph.SliceOp():
                return _view(op, values)
            case _:
                return None

    def _computed(self, op: PointwiseOp | SelectOp | ReduceOp, values: Values) -> Sequence[SSAValue] | None:
        element = element_of(op.results[0])
        reason = lacking(op)
        if reason is not None:
            self.fail(op, f"{op.name}: {reason}")
        if element == i64:
            return [self._of_64_bits(op, values)]
        if DType.of(element) not in _NARROW or isinstance(op, SelectOp):
            return None
        return [_wrapped(_in_32_bits(op, values), element, values.ranges.exact(op), values)]

    def _product(self, op: graph.MatmulOp, values: Values) -> Sequence[SSAValue] | None:
        """The cube multiplies i8 and adds up i32; other integers are multiplied element by element and summed."""
        element, rewriter = element_of(op.result), values.rewriter
        axis = len(shape_of(op.result))
        if element == i64:
            product = rewriter.insert(graph.MulOp.make(*factors(op, op.lhs, op.rhs, rewriter)))
            return [self._again(rewriter.insert(ReduceOp.make(self._again(product, values), "add", [axis])), values)]
        if element_of(op.lhs) == i8:
            if element == i32:
                return None
            sums = _with_words(op, op.operands, values)
        else:
            lhs, rhs = factors(op, values.narrow(op.lhs), values.narrow(op.rhs), rewriter)
            product = rewriter.add(graph.MulOp.make(lhs, rhs))
            sums = rewriter.add(ReduceOp.make(product, "add", [axis]))
        return [_wrapped(sums, element, values.ranges.exact(op), values)]

    def _again(self, op: PointwiseOp | ReduceOp, values: Values) -> SSAValue:
        """What an op of 64-bit integers that this pass has made becomes in turn."""
        found = self._of_64_bits(op, values)
        op.detach()
        op.erase()
        return found

    def _of_64_bits(self, op: PointwiseOp | SelectOp | ReduceOp, values: Values) -> SSAValue:
        if values.ranges.exact(op).fits(i32) and values.is_narrow(op.operands):
            return values.wide(_in_32_bits(op, values))
        if isinstance(op, ReduceOp):
            return reduced(values, op.kind.data, op.operand, integers(op.properties, "axes"))
        if isinstance(op, SelectOp):
            condition = values.term(op.condition)
            return values.join(choose(condition, values.words(op.on_true), values.words(op.on_false)))
        found = computed(op, [values.words(operand) for operand in op.operands])
        assert found is not None, f"{op.name} has no form in words"
        return values.join(found)


def _in_words(value: SSAValue) -> Tensor:
    """The type of a value with elements of 32 bits."""
    return tensor(shape_of(value), i32)


def _in_32_bits(op: Operation, values: Values) -> SSAValue:
    """The same op on operands of 32 bits."""
    return _with_words(op, [values.narrow(operand) for operand in op.operands], values)


def _with_words(op: Operation, operands: Sequence[SSAValue], values: Values) -> SSAValue:
    """The same op on other operands, its result of 32 bits."""
    made = type(op).create(operands=operands, result_types=[_in_words(op.results[0])], properties=op.properties)
    return values.rewriter.insert(made).results[0]


def _wrapped(value: SSAValue, element: Attribute, exact: ValueRange, values: Values) -> SSAValue:
    """A value of 32 bits in a narrower type; what may be outside its range wraps around."""
    if not exact.fits(element):
        term, bits = values.term(value), DType.of(element).bits
        if DType.of(element).is_signed:
            term = shift_right(shift_left(term, BITS - bits), BITS - bits)
        else:
            term = term & term.constant((1 << bits) - 1)
        value = term.value
    return values.rewriter.cast(value, element)


def _compare(op: CompareOp, values: Values) -> SSAValue:
    if values.is_narrow(op.operands):
        lhs, rhs = (values.narrow(operand) for operand in op.operands)
        return values.rewriter.add(CompareOp.make(lhs, rhs, op.predicate.data))
    lhs, rhs = (values.words(operand) for operand in op.operands)
    return COMPARISONS[op.predicate.data](lhs, rhs).value


def _view(op: Operation, values: Values) -> Sequence[SSAValue] | None:
    """A view of what was put together from 32 bits is put together after it."""
    (operand,), rewriter = op.operands, values.rewriter
    joined, cast = defining(operand, JoinWordsOp), defining(operand, CastOp)
    if joined is not None:
        return [rewriter.add(JoinWordsOp.make(*(_with_words(op, [word], values) for word in joined.operands)))]
    if element_of(operand) == i64 and cast is not None and element_of(cast.operand) == i32:
        return [values.wide(_with_words(op, [cast.operand], values))]
    return None


def _cast(op: CastOp, values: Values) -> Sequence[SSAValue] | None:
    source, target, bounds = element_of(op.operand), element_of(op.result), values.ranges.of(op.operand)
    if source == target:
        return None
    if source == i64:
        return _cast_words(op, target, values)
    if target == i64:
        known = source == i32 or (is_float(source) and not values.ranges.exact(op).fits(i32))
        return None if known else [values.wide(values.rewriter.cast(op.operand, i32))]
    if DType.of(target) not in _NARROW or values.ranges.exact(op).fits(target):
        return None
    whole = values.rewriter.cast(op.operand, i32) if is_float(source) else values.narrow(op.operand)
    return [_wrapped(whole, target, bounds, values)]


def _cast_words(op: CastOp, target: Attribute, values: Values) -> Sequence[SSAValue] | None:
    """From 64 bits: of numbers that fit from 32, else from the low word, or (to floats) in one go."""
    if values.is_narrow([op.operand]):
        narrow, bounds = values.narrow(op.operand), values.ranges.of(op.operand)
        kept = is_float(target) or is_bool(target)
        return [values.rewriter.cast(narrow, target) if kept else _wrapped(narrow, target, bounds, values)]
    if is_float(target):
        return None
    words = values.words(op.operand)
    if is_bool(target):
        return [(words.low | words.high).differs(0).value]
    return [_wrapped(words.low.value, target, type_range(i64), values)]
