"""Emitted kernels, planned, synchronised, encoded and run by the simulator with its sanitizer, against numpy."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    IndexType,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Block, Region

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.encoding import encode
from dialects.kernel.copy import DataCopyPadInOp, DataCopyPadOutOp
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp
from dialects.kernel.scalar import GetBlockIdxOp
from dialects.kernel.structure import KernelOp, ProgramOp
from dialects.kernel.types import GlobalType
from passes.analysis.tile_storage import ub_tile_bytes
from passes.isa.convert_kernel_to_isa import ConvertKernelToIsa
from passes.kernel.kernel_insert_sync import KernelInsertSync
from passes.kernel.kernel_plan_memory import KernelPlanMemory
from passes.kernel.vector_emission import VectorEmitter
from passes.kernel.vector_emission_tiles import UBTile
from passes.scope import Scope
from runtime.functional.interpreter import run_kernel
from runtime.machine.description import load
from runtime.program import Argument, Kernel

F32, F16, I32 = DType.f32, DType.f16, DType.i32


class Bench:
    """A kernel of one tile computation: loads its inputs, emits, stores one result."""

    def __init__(self, inputs, result_shape, result_dtype, dynamic):
        self.inputs, self.result_shape, self.result_dtype = inputs, result_shape, result_dtype
        self.dynamic = dynamic
        types = [GlobalType(DType.of_numpy(a.dtype).type) for a in inputs] + [GlobalType(result_dtype.type)]
        self.program = ProgramOp("vector", types)
        self.scope = Scope(self.program.body.block)
        zero = self.scope.add(GetBlockIdxOp.make()).results[0]
        self.zero = zero

    def index(self, value):
        """An extent: the number itself, or one that only the running kernel knows."""
        if not self.dynamic:
            return value
        known = arith.ConstantOp.create(
            properties={"value": IntegerAttr(value, IndexType())}, result_types=[IndexType()]
        )
        self.scope.add(known)
        add = arith.AddiOp.create(operands=[self.zero, known.results[0]], result_types=[IndexType()])
        return self.scope.add(add).results[0]

    def run(self, capacity, emit):
        """capacity: largest (rows, cols) by which tiles are laid out; emit(emitter, tiles, dst)."""
        arguments = self.program.body.block.args
        scope = self.scope
        loaded = []
        for array, argument in zip(self.inputs, arguments, strict=False):
            dtype = DType.of_numpy(array.dtype)
            rows, cols = (size if size == 1 else most for size, most in zip(array.shape, capacity, strict=True))
            queue = scope.add(InitQueueOp.make("vecin", 1, ub_tile_bytes(rows, cols, dtype), "MTE2", ["V"])).results[0]
            tensor = scope.add(AllocTensorOp.make(queue)).results[0]
            tile = UBTile.of(tensor, rows, cols, dtype)
            scope.add(DataCopyPadInOp.make([tensor, argument], bursts(array.shape, tile, dtype, False)))
            scope.add(EnqueOp.make(queue, tensor))
            loaded.append((queue, tile, dtype))
        tiles = []
        for queue, tile, dtype in loaded:
            tensor = scope.add(DequeOp.make(queue, "V")).results[0]
            tiles.append((queue, tile.at(tensor, dtype)))
        rows, cols = (
            size if size == 1 else most
            for size, most in zip(self.result_shape, capacity_of(self, capacity), strict=True)
        )
        size = ub_tile_bytes(rows, cols, self.result_dtype)
        queue = scope.add(InitQueueOp.make("vecout", 1, size, "V", ["MTE3"])).results[0]
        out = scope.add(AllocTensorOp.make(queue)).results[0]
        dst = UBTile.of(out, rows, cols, self.result_dtype)
        emit(VectorEmitter(scope), [tile for _, tile in tiles], dst)
        for input_queue, tile in tiles:
            scope.add(FreeTensorOp.make(input_queue, tile.local, "V"))
        scope.add(EnqueOp.make(queue, out))
        out = scope.add(DequeOp.make(queue, "MTE3")).results[0]
        fields = {**bursts(self.result_shape, dst, self.result_dtype, True), "type": self.result_dtype.name}
        scope.add(DataCopyPadOutOp.make([arguments[-1], out], fields))
        scope.add(FreeTensorOp.make(queue, out, "MTE3"))
        return self._execute()

    def _execute(self):
        arrays = [*self.inputs, np.zeros(self.result_shape, self.result_dtype.numpy)]
        names = [f"a{i}" for i in range(len(arrays))]
        directions = ["in"] * len(self.inputs) + ["out"]
        entries = [
            DictionaryAttr(
                {
                    "name": StringAttr(name),
                    "type": TensorType(DType.of_numpy(array.dtype).type, array.shape),
                    "direction": StringAttr(direction),
                }
            )
            for name, array, direction in zip(names, arrays, directions, strict=True)
        ]
        kernel = KernelOp.create(
            properties={
                "sym_name": StringAttr("k"),
                "kind": StringAttr("vector"),
                "blocks": IntegerAttr(1, i64),
                "arguments": ArrayAttr(entries),
            },
            regions=[Region(Block([self.program]))],
        )
        module = ModuleOp([kernel])
        module.verify()
        for step in (KernelPlanMemory(), KernelInsertSync(), ConvertKernelToIsa()):
            step.apply(Context(), module)
        module.verify()
        program = module.body.block.first_op.programs()["vector"]
        self.instructions = list(program.instructions())
        words = encode(self.instructions)
        described = [
            Argument(name, DType.of_numpy(array.dtype).name, array.shape, direction)
            for name, array, direction in zip(names, arrays, directions, strict=True)
        ]
        run_kernel(Kernel("k", "vector", 1, described, vector=words), arrays, load("ascend910b3"), sanitize=True)
        return arrays[-1]

    def vector_instructions(self):
        return [op.mnemonic for op in self.instructions if op.queue == "V"]


def capacity_of(bench, capacity):
    return capacity[::-1] if getattr(bench, "turned", False) else capacity


def bursts(shape, tile, dtype, out):
    rows, cols = shape
    if tile.extent == "full":
        local, memory = tile.pitch * dtype.size, cols * dtype.size
    else:
        rows, cols = 1, rows * cols
        local = memory = -(-cols * dtype.size // 32) * 32
    src, dst = (local, memory) if out else (memory, local)
    return {"bursts": rows, "burst_bytes": cols * dtype.size, "src_stride": src, "dst_stride": dst}


def numbers(shape, dtype, seed=0, low=-4, high=4):
    generator = np.random.default_rng(seed)
    if dtype.is_float:
        return generator.uniform(low, high, shape).astype(dtype.numpy)
    return generator.integers(low, high, shape).astype(dtype.numpy)


def compute(function, inputs, shape, dtype, dynamic=False, slack=(0, 0), constants=(), **attributes):
    """Run one function; constants: position -> number among the operands."""
    bench = Bench(inputs, shape, dtype, dynamic)
    capacity = tuple(
        size + more for size, more in zip(np.broadcast_shapes(shape, *(a.shape for a in inputs)), slack, strict=True)
    )

    def emit(emitter, tiles, dst):
        operands = list(tiles)
        for position, number in constants:
            operands.insert(position, number)
        rows, cols = bench.index(shape[0]), bench.index(shape[1])
        emitter.compute(function, dst, operands, rows, cols, *capacity, **attributes)

    return bench.run(capacity, emit), bench


SHAPES = st.tuples(st.integers(1, 20) | st.integers(250, 270), st.integers(1, 140))


@st.composite
def broadcasts(draw):
    """A result shape, and two operand shapes that broadcast to it."""
    rows, cols = draw(SHAPES)
    if rows > 200:
        cols = min(cols, 20)
    kinds = [(rows, cols), (1, cols), (rows, 1), (1, 1)]
    return (rows, cols), draw(st.sampled_from(kinds)), draw(st.sampled_from(kinds))


@settings(max_examples=60, deadline=None)
@given(
    broadcasts(),
    st.sampled_from(["add", "sub", "mul", "div", "max", "min"]),
    st.sampled_from([F32, F16, I32]),
    st.booleans(),
    st.integers(0, 3),
)
@example(((7, 300), (7, 300), (7, 1)), "add", F32, False, 0)
@example(((2, 100), (1, 100), (2, 1)), "sub", F32, True, 3)
def test_binary_functions_broadcast(shapes, function, dtype, dynamic, slack):
    shape, left, right = shapes
    if function == "div" and dtype == I32:
        function = "mul"
    a, b = numbers(left, dtype, 1), numbers(right, dtype, 2, 1, 5)
    result, _ = compute(function, [a, b], shape, dtype, dynamic, (slack, slack))
    expected = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "max": np.maximum,
        "min": np.minimum,
    }[function](a, b)
    assert np.array_equal(result, np.broadcast_to(expected, shape))


@pytest.mark.parametrize("shape", [(3, 70), (16, 64), (5, 1), (1, 33), (1, 1)])
@pytest.mark.parametrize(
    ("function", "position", "number", "expected"),
    [
        ("add", 1, 1.5, lambda x: x + np.float32(1.5)),
        ("sub", 1, 0.3, lambda x: x - np.float32(0.3)),
        ("sub", 0, 2.0, lambda x: np.float32(2.0) - x),
        ("mul", 0, -3.0, lambda x: x * np.float32(-3.0)),
        ("div", 1, 4.0, lambda x: x / np.float32(4.0)),
        ("div", 1, 3.0, lambda x: x / np.float32(3.0)),
        ("div", 0, 3.0, lambda x: np.float32(3.0) / x),
        ("max", 1, 0.5, lambda x: np.maximum(x, np.float32(0.5))),
        ("min", 0, 0.5, lambda x: np.minimum(x, np.float32(0.5))),
    ],
)
def test_numbers_are_scalars(shape, function, position, number, expected):
    x = numbers(shape, F32)
    result, _ = compute(function, [x], shape, F32, constants=[(position, number)])
    assert np.array_equal(result, expected(x))


@pytest.mark.parametrize("dtype", [F32, F16])
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("neg", np.negative),
        ("abs", np.abs),
        ("exp", np.exp),
        ("log", np.log),
        ("sqrt", np.sqrt),
        ("relu", lambda x: np.maximum(x, 0)),
        ("floor", np.floor),
        ("ceil", np.ceil),
        ("round", np.round),
        ("trunc", np.trunc),
        ("reciprocal", lambda x: 1 / x),
        ("rsqrt", lambda x: 1 / np.sqrt(x)),
        ("copy", np.copy),
    ],
)
def test_unary_functions(function, expected, dtype):
    low = 0.1 if function in ("log", "sqrt", "rsqrt") else -3
    x = numbers((5, 37), dtype, low=low, high=3)
    result, _ = compute(function, [x], x.shape, dtype)
    reference = expected(x.astype(np.float64)).astype(dtype.numpy)
    assert np.allclose(result, reference, rtol=2e-7 if dtype == F32 else 1e-3, atol=0)


@pytest.mark.parametrize("function", ["and", "or"])
@pytest.mark.parametrize("dtype", [I32, DType.i16])
def test_bitwise(function, dtype):
    a, b = numbers((6, 50), dtype, 1, -1000, 1000), numbers((1, 50), dtype, 2, -1000, 1000)
    result, _ = compute(function, [a, b], a.shape, dtype)
    assert np.array_equal(result, getattr(np, f"bitwise_{function}")(a, b))
    assert np.array_equal(compute("not", [a], a.shape, dtype)[0], ~a)


@pytest.mark.parametrize("function", ["and", "or"])
def test_booleans_are_f16(function):
    a, b = (numbers((6, 50), I32, seed, 0, 2).astype(np.float16) for seed in (1, 2))
    result, _ = compute(function, [a, b], a.shape, F16)
    assert np.array_equal(result, getattr(np, f"logical_{function}")(a, b).astype(np.float16))
    assert np.array_equal(compute("not", [a], a.shape, F16)[0], 1 - a)


COMPARE = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


@settings(max_examples=40, deadline=None)
@given(
    broadcasts(),
    st.sampled_from(list(COMPARE)),
    st.sampled_from([F32, F16, I32]),
    st.booleans(),
    st.sampled_from([None, 0, 1]),
)
def test_compare(shapes, predicate, dtype, dynamic, constant):
    shape, _, right = shapes
    a, b = numbers(shape, I32, 1).astype(dtype.numpy), numbers(right, I32, 2).astype(dtype.numpy)
    if constant is not None:
        number = dtype.numpy.type(2)
        result, _ = compute("compare", [a], shape, F16, dynamic, constants=[(constant, 2)], option=predicate)
        expected = COMPARE[predicate](a, number) if constant == 1 else COMPARE[predicate](number, a)
    else:
        result, _ = compute("compare", [a, b], shape, F16, dynamic, option=predicate)
        expected = COMPARE[predicate](a, b)
    assert np.array_equal(result, expected.astype(np.float16))


@settings(max_examples=40, deadline=None)
@given(
    broadcasts(),
    st.sampled_from([F32, F16, I32, DType.bf16]),
    st.booleans(),
    st.sampled_from([None, 1, 2]),
    st.booleans(),
)
def test_select(shapes, dtype, dynamic, constant, dense_condition):
    shape, left, right = shapes
    condition = numbers(shape if dense_condition else right, I32, 3, 0, 2).astype(np.float16)
    a, b = numbers(left, I32, 1).astype(dtype.numpy), numbers(right, I32, 2).astype(dtype.numpy)
    if constant is None:
        result, _ = compute("select", [condition, a, b], shape, dtype, dynamic)
        expected = np.where(condition != 0, a, b)
    else:
        result, _ = compute("select", [condition, a], shape, dtype, dynamic, constants=[(constant, -7)])
        values = (a, dtype.numpy.type(-7)) if constant == 2 else (dtype.numpy.type(-7), a)
        expected = np.where(condition != 0, *values)
    assert np.array_equal(result.view(np.uint8), np.ascontiguousarray(np.broadcast_to(expected, shape)).view(np.uint8))


CASTABLE = [F32, F16, DType.bf16, I32, DType.i16, DType.i8, DType.u8, DType.i64]


@pytest.mark.parametrize("source", CASTABLE)
@pytest.mark.parametrize("target", CASTABLE)
@pytest.mark.parametrize("shape", [(3, 40), (9, 1)])
def test_casts_round_as_numpy_does(source, target, shape):
    low = 0 if DType.u8 in (source, target) else -100
    if source == target == DType.i64:
        pytest.skip("nothing is computed in i64")
    x = numbers(shape, F32, 5, low, 120).astype(source.numpy)
    result, _ = compute("cast", [x], shape, target)
    assert np.array_equal(result.astype(np.float64), x.astype(target.numpy).astype(np.float64))


def test_cast_to_small_integers_truncates_once():
    x = np.array([[126.9999, -126.9999, 3.9999]], np.float32)
    assert compute("cast", [x], x.shape, DType.i8)[0].tolist() == [[126, -126, 3]]


REDUCE = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(1, 12) | st.integers(250, 300), st.integers(1, 150) | st.sampled_from([64, 128, 300, 600])),
    st.sampled_from(list(REDUCE)),
    st.sampled_from(["rows", "cols"]),
    st.sampled_from([F32, F16, I32]),
    st.booleans(),
    st.integers(0, 70),
)
@example((2, 9000), "add", "cols", F32, False, 0)
@example((1, 6000), "max", "cols", F32, True, 100)
@example((300, 64), "add", "cols", F32, False, 0)
@example((33, 129), "max", "cols", F16, True, 5)
@example((2, 64), "add", "rows", F32, False, 0)
@example((2, 64), "add", "rows", F32, True, 0)
@example((128, 128), "add", "cols", F32, False, 0)
@example((15, 1), "add", "rows", F32, False, 0)
@example((100, 1), "max", "rows", F16, True, 3)
def test_reductions(shape, kind, axis, dtype, dynamic, slack):
    if shape[0] > 100 and shape[1] + slack > 128:
        shape = (shape[0] // 10, shape[1])
    if (axis == "cols" and shape[1] == 1) or (axis == "rows" and shape[0] == 1):
        shape = (max(shape[0], 2), max(shape[1], 2))
    slack = slack % 3 if shape[0] > 100 else slack
    small = kind == "mul" or (dtype != F32 and kind == "add")
    x = numbers(shape, I32, 7, 0 if kind == "add" else 1, 3).astype(dtype.numpy) if small else numbers(shape, dtype, 7)
    if kind == "mul":
        x = np.where(np.random.default_rng(3).uniform(size=shape) < 0.97, dtype.numpy.type(1), x).astype(dtype.numpy)
        x[4:] = 1
        x[:, 60:] = 1
        x[:, 9:50] = 1
    capacity = (shape[0] + slack % 5, 1 if shape[1] == 1 else shape[1] + slack) if dynamic else shape
    result_shape = (shape[0], 1) if axis == "cols" else (1, shape[1])
    bench = Bench([x], result_shape, dtype, dynamic)

    def emit(emitter, tiles, dst):
        emitter.reduce(kind, axis, dst, tiles[0], bench.index(shape[0]), bench.index(shape[1]), *capacity)

    result = bench.run(capacity, emit)
    wide = x.astype(np.float64)
    expected = REDUCE[kind].reduce(wide, axis=1 if axis == "cols" else 0, keepdims=True)
    if kind in ("max", "min") or not dtype.is_float or small:
        assert np.array_equal(result, expected.astype(dtype.numpy))
    else:
        assert np.all(
            np.abs(result - expected) <= 1e-6 * np.abs(wide).sum(axis=1 if axis == "cols" else 0, keepdims=True)
        )


@settings(max_examples=30, deadline=None)
@given(
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.sampled_from([F32, F16, I32, DType.bf16]),
    st.booleans(),
    st.integers(0, 5),
)
def test_transpose(shape, dtype, dynamic, slack):
    x = numbers(shape, I32, 1, -100, 100).astype(dtype.numpy)
    capacity = tuple(size + slack if dynamic and size > 1 else size for size in shape)
    bench = Bench([x], shape[::-1], dtype, dynamic)
    bench.turned = True

    def emit(emitter, tiles, dst):
        emitter.transpose(dst, tiles[0], bench.index(shape[0]), bench.index(shape[1]), *capacity)

    assert np.array_equal(bench.run(capacity, emit), x.T)


@pytest.mark.parametrize("dtype", [F32, I32, F16])
@pytest.mark.parametrize("axis", ["rows", "cols"])
@pytest.mark.parametrize("shape", [(5, 70), (1, 70), (5, 1), (1, 1)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_iota(dtype, axis, shape, dynamic):
    bench = Bench([], shape, dtype, dynamic)

    def emit(emitter, tiles, dst):
        emitter.iota(axis, dst, bench.index(3), bench.index(shape[0]), bench.index(shape[1]), *shape)

    line = np.arange(shape[1])[None, :] if axis == "cols" else np.arange(shape[0])[:, None]
    assert np.array_equal(bench.run(shape, emit), np.broadcast_to(line + 3, shape).astype(dtype.numpy))


@pytest.mark.parametrize(
    ("function", "shapes", "most"),
    [
        ("add", [(64, 128), (64, 128)], 1),
        ("add", [(64, 128), (1, 128)], 2),
        ("mul", [(64, 128), (64, 1)], 3),
        ("sub", [(4, 2048), (1, 2048)], 4),
        ("exp", [(128, 128)], 2),
    ],
)
def test_cheapest_shape(function, shapes, most):
    inputs = [numbers(shape, F32) for shape in shapes]
    _, bench = compute(function, inputs, shapes[0], F32)
    assert len([name for name in bench.vector_instructions() if name != "barrier"]) <= most


def test_sums_of_a_square_tile_take_few_repeats():
    x = numbers((128, 128), F32)
    bench = Bench([x], (128, 1), F32, False)
    bench.run((128, 128), lambda emitter, tiles, dst: emitter.reduce("add", "cols", dst, tiles[0], 128, 128, 128, 128))
    assert [name for name in bench.vector_instructions() if name != "barrier"] == ["vadd", "vcgadd", "vcgadd"]


def test_unknown_functions_and_types_are_errors():
    x = numbers((4, 4), F32)
    with pytest.raises(SfumatoError, match="no 'tanh' of f32"):
        compute("tanh", [x], x.shape, F32)
    with pytest.raises(SfumatoError, match="no vdiv of i32"):
        compute("div", [x.astype(np.int32), x.astype(np.int32)], x.shape, I32)
    with pytest.raises(SfumatoError, match="no vexp of bf16"):
        compute("exp", [x.astype(ml_dtypes.bfloat16)], x.shape, DType.bf16)


@pytest.mark.parametrize("shape", [(9, 1), (300, 1), (1, 1)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_reducing_one_column_along_its_columns_is_a_copy(shape, dynamic):
    x = numbers(shape, F32)
    bench = Bench([x], shape, F32, dynamic)

    def emit(emitter, tiles, dst):
        emitter.reduce("add", "cols", dst, tiles[0], bench.index(shape[0]), bench.index(1), *shape)

    assert np.array_equal(bench.run(shape, emit), x)
