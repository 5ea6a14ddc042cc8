"""Which infinities are overflows: results whose operands are finite, and that are not exact."""

import numpy as np
import pytest

from dialects.isa import INSTRUCTIONS
from runtime.decoding import CoreProgram, Decoded
from runtime.functional.binding import HANDLERS
from runtime.functional.overflow import OverflowWatch

COUNT = 16
UNARY = dict(dst=512, src=0, count=COUNT, mask=COUNT, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type="f16")
BINARY = dict(
    dst=512, src0=0, src1=256, count=COUNT, mask=COUNT, dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8,
    src1_rep=8, type="f16",
)  # fmt: skip


def half(value):
    return int(np.float16(value).view(np.uint16))


@pytest.fixture
def overflow(bench):
    """``overflow(name, first, second, **fields)``: what one instruction reports, its sources at 0 and 256 of UB."""

    def execute(name, *sources, space="ub", **fields):
        for place, values in enumerate(sources):
            bench.put(space, 256 * place, np.resize(np.asarray(values), COUNT))
        op = INSTRUCTIONS[name].make(**fields)
        program = CoreProgram(
            "k", op.core, (Decoded(0, type(op), tuple(op.values), 0),), ("model.py:7",), np.zeros(1, np.int32)
        )
        watch = OverflowWatch()
        operation = HANDLERS[op.opcode](bench.spaces, tuple(op.values))
        operation = watch.watched(program, 0, bench.spaces, tuple(op.values), operation)
        with np.errstate(all="ignore"):
            operation.run()
        return watch.first

    return execute


def f16(*values):
    return np.array(values, np.float16)


@pytest.mark.parametrize(
    ("name", "sources", "operands", "result"),
    [
        ("vadd", (f16(1, 60000), f16(1, 6000)), (60000, 6000), "inf"),
        ("vsub", (f16(1, -60000), f16(1, 6000)), (-60000, 6000), "-inf"),
        ("vmul", (f16(300, 2), f16(300, 2)), (300, 300), "inf"),
        ("vdiv", (f16(1, 60000), f16(1, 0.5)), (60000, 0.5), "inf"),
        ("vexp", (f16(1, 12),), (12,), "inf"),
        ("vrec", (f16(1, 2**-24),), (2**-24,), "inf"),
    ],
)
def test_results_beyond_f16(overflow, name, sources, operands, result):
    found = overflow(name, *sources, **(UNARY if len(sources) == 1 else BINARY))
    assert (found.dtype, found.operands, found.result, found.count) == ("f16", operands, result, COUNT // 2)
    assert (found.kernel, found.instruction, found.source) == ("k", 0, "model.py:7")
    assert f"gave {result} in f16 (8 results of this instruction)" in str(found)
    assert found.json()["operands"] == list(operands)


@pytest.mark.parametrize(
    ("name", "sources"),
    [
        ("vadd", (f16(1, 60000), f16(1, 5000))),
        ("vadd", (f16(-np.inf, 1), f16(1, 1))),  # a mask: the infinity was there before
        ("vadd", (f16(np.nan, 1), f16(1, 1))),
        ("vdiv", (f16(1, 0), f16(0, 1))),  # exact
        ("vrec", (f16(0, 1),)),
        ("vmax", (f16(np.inf, 1), f16(1, 1))),
    ],
)
def test_other_infinities(overflow, name, sources):
    assert overflow(name, *sources, **(UNARY if len(sources) == 1 else BINARY)) is None


def test_an_infinity_beside_an_overflow(overflow):
    """Elements are judged one by one: a mask in the same tile hides nothing."""
    found = overflow("vadd", f16(-np.inf, 60000), f16(1, 60000), **BINARY)
    assert found.operands == (60000, 60000)
    assert found.count == COUNT // 2


def test_scalars(overflow):
    assert overflow("vmuls", f16(1, 60000), scalar=half(2), **UNARY).operands == (60000,)
    assert overflow("vadds", f16(1, 2), scalar=half(-np.inf), **UNARY) is None


def test_updates_of_the_destination(overflow, bench):
    """What is overwritten is remembered: 60000 + 200 x 200."""
    bench.put("ub", 512, np.full(COUNT, 60000, np.float16))
    assert overflow("vmadd", f16(200), f16(200), **BINARY).operands == (60000, 200, 200)


def test_conversions(overflow):
    fields = {key: value for key, value in UNARY.items() if key != "type"}
    fields |= {"dst_rep": 8, "src_rep": 8, "round": "rint", "src_type": "f32", "dst_type": "f16"}
    found = overflow("vcast", np.array([70000, 1], np.float32), **fields)
    assert (found.dtype, found.operands) == ("f16", (70000,))
    wide = {**fields, "src_type": "f16", "dst_type": "f32"}
    assert overflow("vcast", f16(65504), **wide) is None


def test_sums(overflow):
    fields = dict(dst=512, src=0, count=COUNT, mask=COUNT, dst_rep=1, src_blk=1, src_rep=8, type="f16")
    found = overflow("vcadd", f16(30000), **fields)
    assert (found.operands, found.result) == ((), "inf")
    assert overflow("vcadd", f16(-np.inf, 1), **fields) is None


def test_products_and_the_way_out_of_l0c(overflow, bench):
    bench.put("l0c", 0, np.full(256, 115200, np.float32))
    out = dict(dst=4096, src=0, m=16, n=16, src_rows=16, dst_stride=32, relu=0, atomic="none", scale=0, unit_flag=0)
    found = overflow("fixpipe", quant="f32_f16", acc="f32", type="f16", **out)
    assert (found.dtype, found.operands, found.tensor) == ("f16", (115200,), "'gm' in gm")
    assert overflow("fixpipe", quant="none", acc="f32", type="f32", **{**out, "dst_stride": 64}) is None
    for space in ("l0a", "l0b"):
        bench.put(space, 0, np.full(256, 1e30, np.float32))
    product = dict(dst=0, a=0, b=0, m=16, n=16, k=8, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="none")
    assert overflow("mmad", unit_flag=0, **product).dtype == "f32"


def test_only_the_first_is_kept(bench):
    watch = OverflowWatch()
    first, second = (f16(60000), f16(50000))
    for values in (first, second):
        bench.put("ub", 0, np.resize(values, COUNT))
        op = INSTRUCTIONS["vmuls"].make(scalar=half(2), **UNARY)
        program = CoreProgram("k", "vector", (Decoded(0, type(op), tuple(op.values), 0),))
        operation = HANDLERS[op.opcode](bench.spaces, tuple(op.values))
        with np.errstate(all="ignore"):
            watch.watched(program, 0, bench.spaces, tuple(op.values), operation).run()
    assert watch.first.operands == (60000,)
