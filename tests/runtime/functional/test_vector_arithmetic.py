import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType

UB = 32768
SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def address(base: int, element: int, repeat: int, blk: int, rep: int, size: int) -> int:
    per_block = 32 // size
    return base + repeat * rep * 32 + element // per_block * blk * 32 + element % per_block * size


def elements(count: int, mask: int):
    return [(index // mask, index % mask) for index in range(count)]


def peek(data, where: int, dtype: DType):
    return data[where : where + dtype.size].view(dtype.numpy)[0]


def poke(data, where: int, value, dtype: DType) -> None:
    data[where : where + dtype.size] = np.array([value], dtype.numpy).view(np.uint8)


def reference(data, function, operands, count, mask):
    """Element by element, repeat by repeat; operands are (base, dtype, blk, rep), the destination first."""
    for repeat in range(-(-count // mask)):
        results = []
        for element in range(min(mask, count - repeat * mask)):
            places = [address(base, element, repeat, blk, rep, dtype.size) for base, dtype, blk, rep in operands]
            values = [peek(data, place, operand[1]) for place, operand in zip(places[1:], operands[1:], strict=True)]
            with np.errstate(all="ignore"):
                results.append((places[0], function(*values, peek(data, places[0], operands[0][1]))))
        for place, value in results:
            poke(data, place, value, operands[0][1])


@st.composite
def layouts(draw, sizes: tuple[int, ...]):
    """Count, mask and disjoint (base, blk, rep) for operands of these element sizes, all in 32 KiB."""
    mask = draw(st.integers(1, 256 // max(sizes)))
    count = draw(st.integers(0, 6 * mask))
    found = []
    base = 0
    for number, size in enumerate(sizes):
        blocks = -(-mask * size // 32)
        blk = draw(st.integers(1 if number == 0 else 0, 3))
        span = (blocks - 1) * blk + 1
        dense = blk == 1 and mask * size % 32 == 0
        rep = mask * size // 32 if dense and draw(st.booleans()) else draw(st.integers(0 if number else span, 30))
        found.append((base, blk, rep))
        base += 32 * (max(0, -(-count // mask) - 1) * rep + span)
    return count, mask, found


def fill(data, dtype: DType, random, scale: float = 4.0) -> None:
    values = random.standard_normal(len(data) // dtype.size) * scale
    if not dtype.is_float:
        values = random.integers(-30000, 30000, len(data) // dtype.size)
    data[:] = values.astype(dtype.numpy).view(np.uint8)


def equal(data, expected, dtype: DType) -> None:
    np.testing.assert_array_equal(data.view(dtype.numpy), expected.view(dtype.numpy))


def long(function):
    """The exact value, as good as correctly rounded: through 80-bit floats."""
    return lambda x, _: x.dtype.type(function(np.longdouble(x)))


UNARY = {
    "vexp": (long(np.exp), (DType.f32, DType.f16)),
    "vln": (long(np.log), (DType.f32, DType.f16)),
    "vsqrt": (long(np.sqrt), (DType.f32, DType.f16)),
    "vrsqrt": (long(lambda x: 1 / np.sqrt(x)), (DType.f32, DType.f16)),
    "vrec": (long(lambda x: 1 / x), (DType.f32, DType.f16)),
    "vabs": (lambda x, _: abs(x), (DType.f32, DType.f16)),
    "vrelu": (lambda x, _: x if x > 0 else 0, (DType.f32, DType.f16, DType.i32)),
    "vnot": (lambda x, _: ~x, (DType.u16, DType.i16)),
}


@pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name, (_, types) in UNARY.items() for dtype in types])
@SETTINGS
@given(data=st.data())
def test_unary(make_bench, name, dtype, data):
    count, mask, ((dst, dst_blk, dst_rep), (src, src_blk, src_rep)) = data.draw(layouts((dtype.size,) * 2))
    bench = make_bench(1)
    ub = bench.bytes("ub")
    fill(ub, dtype, bench.random)
    if name in ("vln", "vsqrt", "vrsqrt"):
        ub.view(dtype.numpy)[:] = abs(ub.view(dtype.numpy)) + dtype.numpy.type(0.01)
    expected = ub.copy()
    reference(expected, UNARY[name][0], [(dst, dtype, dst_blk, dst_rep), (src, dtype, src_blk, src_rep)], count, mask)
    strides = dict(dst_blk=dst_blk, src_blk=src_blk, dst_rep=dst_rep, src_rep=src_rep)
    bench.execute(name, dst=dst, src=src, count=count, mask=mask, **strides, type=dtype.name)
    equal(ub, expected, dtype)


def wrapped(function):
    def apply(a, b, old):
        if a.dtype.kind == "f":
            return function(a, b, old)
        bits = 8 * a.dtype.itemsize
        return (int(function(int(a), int(b), int(old))) + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)

    return apply


ARITHMETIC = (DType.f32, DType.f16, DType.i32, DType.i16)
BINARY = {
    "vadd": (wrapped(lambda a, b, _: a + b), ARITHMETIC),
    "vsub": (wrapped(lambda a, b, _: a - b), ARITHMETIC),
    "vmul": (wrapped(lambda a, b, _: a * b), ARITHMETIC),
    "vmax": (wrapped(lambda a, b, _: max(a, b)), ARITHMETIC),
    "vmin": (wrapped(lambda a, b, _: min(a, b)), ARITHMETIC),
    "vdiv": (lambda a, b, _: a / b, (DType.f32, DType.f16)),
    "vmadd": (lambda a, b, old: a * b + old, (DType.f32, DType.f16)),
    "vand": (lambda a, b, _: a & b, (DType.u16, DType.i16)),
    "vor": (lambda a, b, _: a | b, (DType.u16, DType.i16)),
}


@pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name, (_, types) in BINARY.items() for dtype in types])
@SETTINGS
@given(data=st.data())
def test_binary(make_bench, name, dtype, data):
    count, mask, operands = data.draw(layouts((dtype.size,) * 3))
    if data.draw(st.booleans()):
        operands[1] = operands[0]  # in place
    bench = make_bench(2)
    ub = bench.bytes("ub")
    fill(ub, dtype, bench.random)
    expected = ub.copy()
    described = [(base, dtype, blk, rep) for base, blk, rep in operands]
    reference(expected, BINARY[name][0], described, count, mask)
    names = ("dst", "src0", "src1")
    fields = {key: base for key, (base, _, _) in zip(names, operands, strict=True)}
    fields |= {f"{key}_blk": blk for key, (_, blk, _) in zip(names, operands, strict=True)}
    fields |= {f"{key}_rep": rep for key, (_, _, rep) in zip(names, operands, strict=True)}
    bench.execute(name, **fields, count=count, mask=mask, type=dtype.name)
    equal(ub, expected, dtype)


SCALAR = {
    "vadds": (wrapped(lambda x, s, _: x + s), ARITHMETIC),
    "vmuls": (wrapped(lambda x, s, _: x * s), ARITHMETIC),
    "vmaxs": (wrapped(lambda x, s, _: max(x, s)), ARITHMETIC),
    "vmins": (wrapped(lambda x, s, _: min(x, s)), ARITHMETIC),
    "vlrelu": (lambda x, s, _: x if x > 0 else x * s, (DType.f32, DType.f16)),
    "vaxpy": (lambda x, s, old: s * x + old, (DType.f32, DType.f16)),
    "vshl": (wrapped(lambda x, s, _: x << (s & 31)), (DType.i32, DType.i16)),
    "vshr": (lambda x, s, _: x >> (s & 31), (DType.i32, DType.i16, DType.u32, DType.u16)),
}


@pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name, (_, types) in SCALAR.items() for dtype in types])
@SETTINGS
@given(data=st.data())
def test_scalar_operand(make_bench, name, dtype, data):
    count, mask, ((dst, dst_blk, dst_rep), (src, src_blk, src_rep)) = data.draw(layouts((dtype.size,) * 2))
    shift = name in ("vshl", "vshr")
    value = dtype.numpy.type(data.draw(st.integers(0, 15)) if shift else 1.375 if dtype.is_float else -77)
    bench = make_bench(3)
    ub = bench.bytes("ub")
    fill(ub, dtype, bench.random)
    expected = ub.copy()
    operands = [(dst, dtype, dst_blk, dst_rep), (src, dtype, src_blk, src_rep)]
    function = SCALAR[name][0]
    reference(expected, lambda x, old: function(x, value, old), operands, count, mask)
    bits = int(value.view(f"i{dtype.size}")) if dtype.is_float else int(value)
    strides = dict(dst_blk=dst_blk, src_blk=src_blk, dst_rep=dst_rep, src_rep=src_rep)
    bench.execute(name, dst=dst, src=src, scalar=bits, count=count, mask=mask, **strides, type=dtype.name)
    equal(ub, expected, dtype)


def test_repeat_stride_zero_accumulates_in_order(bench):
    ub = bench.bytes("ub")
    fill(ub, DType.f32, bench.random)
    rows = ub[1024 : 1024 + 5 * 256].view(np.float32).reshape(5, 64).copy()
    total = ub[:256].view(np.float32).copy()
    for row in rows:
        total = total + row
    strides = dict(dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=0, src0_rep=0, src1_rep=8)
    bench.execute("vadd", dst=0, src0=0, src1=1024, count=5 * 64, mask=64, **strides, type="f32")
    np.testing.assert_array_equal(ub[:256].view(np.float32), total)


def test_a_shifted_destination_sees_earlier_repeats(bench):
    ub = bench.bytes("ub")
    fill(ub, DType.f32, bench.random)
    expected = ub.copy()
    operands = [(32, DType.f32, 1, 8), (0, DType.f32, 1, 8)]
    reference(expected, lambda x, _: x + np.float32(1), operands, 200, 64)
    bits = int(np.float32(1).view(np.int32))
    strides = dict(dst_blk=1, src_blk=1, dst_rep=8, src_rep=8)
    bench.execute("vadds", dst=32, src=0, scalar=bits, count=200, mask=64, **strides, type="f32")
    equal(ub, expected, DType.f32)
