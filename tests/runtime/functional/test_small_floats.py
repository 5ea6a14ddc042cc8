"""8-bit floats of the 950: the codes of HiFloat8 by its definition, and products of all of them."""

import ml_dtypes
import numpy as np
import pytest

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.fields import Register
from runtime.functional.formats import hif8_values
from runtime.machine.description import load
from runtime.timing.simulator import simulate

PREFIXES = {"11": 4, "10": 3, "01": 2, "001": 1, "0001": 0}


def defined(bits):
    """The value of a code, read off its bits as the definition writes them."""
    sign = -1.0 if bits[0] == "1" else 1.0
    body = bits[1:]
    if body.startswith("0000"):
        mantissa = int(body[4:], 2)
        return sign * 2.0 ** (mantissa - 23) if mantissa else (np.nan if sign < 0 else 0.0)
    if body == "1101111":
        return sign * np.inf
    prefix = next(one for one in PREFIXES if body.startswith(one))
    exponent, mantissa = body[len(prefix) :][: PREFIXES[prefix]], body[len(prefix) + PREFIXES[prefix] :]
    power = (-1 if exponent[0] == "1" else 1) * int("1" + exponent[1:], 2) if exponent else 0
    return sign * 2.0**power * (1 + int(mantissa, 2) / 2 ** len(mantissa))


def test_codes_of_hif8():
    np.testing.assert_array_equal(hif8_values(), [defined(f"{code:08b}") for code in range(256)])


def test_figures_that_the_definition_states():
    values = hif8_values()
    finite = values[np.isfinite(values)]
    assert len(np.unique(finite)) == 253
    assert np.isinf(values).sum() == 2
    assert np.isnan(values).sum() == 1
    assert finite.max() == values[0x6E] == 2.0**15
    assert finite[finite > 0].min() == 2.0**-22
    assert values[0x7E] == 2.0**-15


def codes_and_values(dtype, shape, random):
    """Finite numbers of moderate size, as the bytes in memory and as doubles."""
    codes = random.integers(0, 256, shape, dtype=np.uint8)
    values = {DType.e4m3: ml_dtypes.float8_e4m3fn, DType.e5m2: ml_dtypes.float8_e5m2}
    table = (
        hif8_values() if dtype == DType.hif8 else np.arange(256, dtype=np.uint8).view(values[dtype]).astype(np.float32)
    )
    codes[~(np.abs(table[codes]) <= 64)] = 0
    return codes, table[codes].astype(np.float64)


@pytest.mark.parametrize("dtype", [DType.e4m3, DType.e5m2, DType.hif8])
@pytest.mark.parametrize(("m", "n", "k"), [(16, 16, 32), (5, 33, 40)])
def test_products(make_bench, dtype, m, n, k):
    bench = make_bench(3, "ascend950")
    (a, left), (b, right) = (codes_and_values(dtype, (rows, k), bench.random) for rows in (m, n))
    for space, operand, extent in (("l0a", a, {"m": m}), ("l0b", b, {"n": n})):
        for i, row in enumerate(operand):
            for j in range(k):
                bench.put("l1", ((j // 32) * 64 + i) * 32 + j % 32, row[j : j + 1])
        bench.execute(f"load_{space}", dst=0, src=0, **extent, k=k, src_rows=64, transpose=0, type=dtype.name)
    bench.execute(
        "mmad", dst=0, a=0, b=0, m=m, n=n, k=k, init=1, bias=0, use_bias=0, type=dtype.name, acc="f32", mode="none"
    )
    bench.execute(
        "fixpipe", dst=4096, src=0, m=m, n=n, src_rows=-(-m // 16) * 16, dst_stride=n * 4, quant="none", relu=0,
        atomic="none", scale=0, acc="f32", type="f32",
    )  # fmt: skip
    found = bench.gm[: m * n * 4].view(np.float32).reshape(m, n)
    bound = k * 2.0**-24 * (np.abs(left) @ np.abs(right).T)
    assert (np.abs(found - left @ right.T) <= bound).all()


def test_each_machine_multiplies_what_it_has(isa, build_mmad):
    for dtype in ("e4m3", "e5m2", "hif8"):
        program = build_mmad(dtype)
        assert simulate(program, load("ascend950")).cycles > 0
        with pytest.raises(SfumatoError, match=f"the cube unit of ascend910b3 multiplies f16, .*, not {dtype}"):
            simulate(program, load("ascend910b3"))


@pytest.fixture
def build_mmad(isa):
    from dialects.isa.encoding import encode
    from runtime.program import Buffer, Kernel, Launch, Program

    def build(dtype):
        mmad = isa(
            "mmad", dst=0, a=0, b=0, m=16, n=16, k=Register(0), init=1, bias=0, use_bias=0, type=dtype, acc="f32",
            mode="none",
        )  # fmt: skip
        kernel = Kernel("k", "cube", 1, [], encode([isa("li", rd=Register(0), value_lo=32, value_hi=0), mmad]), None)
        return Program("ascend950", [kernel], list[Buffer](), [Launch(0, ())])

    return build
