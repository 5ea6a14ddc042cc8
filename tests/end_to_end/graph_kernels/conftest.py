"""A graph-level module and its meaning, written down together: each method adds one op to the text and computes it in numpy.

The reference computes floats in float64 and integers exactly. ``check`` takes the text through every pass after the graph
level, runs the program on the simulator with the sanitizer on, and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.parser import Parser

from compiler.emit.program import emit_program
from compiler.instrument import make_pass
from compiler.options import CompileOptions
from compiler.pipelines import PHASES, pass_specs
from compiler.universe import make_context
from dialects.dtypes import DType
from runtime.compare import tolerance
from runtime.functional.interpreter import run
from runtime.machine.description import Machine, load
from runtime.program import Program
from runtime.timing.simulator import simulate

Array = np.ndarray

UNARY: dict[str, Callable[[Array], Array]] = {
    "neg": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "relu": lambda x: np.maximum(x, 0),
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "trunc": np.trunc,
    "not": np.invert,
}
BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
}
COMPARE = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
REDUCE = {"add": np.sum, "max": np.max, "min": np.min, "mul": np.prod}


def backend_passes() -> Iterator[str]:
    """The passes that turn graph ops into instructions, in the order of the phase table."""
    specs = [spec for phase in PHASES for spec in pass_specs(phase, CompileOptions())]
    yield "graph-legalize-integers"
    yield from specs[specs.index("dispatch-form-kernels") :]


def compile_text(text: str, target: str) -> Program:
    """Take a graph-level module through every pass of the back end, verifying after each."""
    context = make_context()
    module = Parser(context, text).parse_module()
    assert isinstance(module, ModuleOp)
    module.attributes["sfumato.target"] = StringAttr(target)
    module.verify()
    for spec in backend_passes():
        make_pass(spec).apply(context, module)
        module.verify()
    return emit_program(module, {})


@dataclass(frozen=True, eq=False)
class Value:
    """An SSA value: its name, element type, and what it should be."""

    name: str
    dtype: str
    array: Array

    @property
    def type(self) -> str:
        """The MLIR type."""
        return "tensor<" + "".join(f"{size}x" for size in self.array.shape) + self.dtype + ">"


def listed(values: Sequence[int]) -> str:
    return "array<i64: " + ", ".join(map(str, values)) + ">" if len(values) else "array<i64>"


def shape_of_broadcast(shape: Sequence[int], dims: Sequence[int], rank: int) -> list[int]:
    """The operand's shape with axes of one element put where ``dims`` names none."""
    spread = [1] * rank
    for size, dim in zip(shape, dims, strict=True):
        spread[dim] = size
    return spread


class GraphProgram:
    """A module with one function, and the numpy value of everything in it."""

    def __init__(self, target: str = "tiny", seed: int = 0) -> None:
        self.target = target
        self.random = np.random.default_rng(seed)
        self.inputs: list[tuple[Value, Array]] = []
        self.lines: list[str] = []
        self.count = 0

    def input(self, shape: Sequence[int], dtype: str = "f32", low: float = -2.0, high: float = 2.0) -> Value:
        """Add an input of random numbers; integers lie in [low, high)."""
        if dtype == "i1":
            data = self.random.integers(0, 2, shape).astype(bool)
        elif dtype[0] == "i":
            data = self.random.integers(int(low), int(high), shape).astype(DType.parse(dtype).numpy)
        else:
            data = self.random.uniform(low, high, shape).astype(DType.parse(dtype).numpy)
        value = Value(f"%in{len(self.inputs)}", dtype, data.astype(np.float64) if dtype[0] in "fb" else data)
        self.inputs.append((value, data))
        return value

    def op(self, name: str, operands: Sequence[Value], array: Array, dtype: str, properties: str = "") -> Value:
        """Append one op with the value it should have."""
        value = Value(f"%{self.count}", dtype, np.asarray(array))
        self.count += 1
        names = ", ".join(operand.name for operand in operands)
        types = ", ".join(operand.type for operand in operands)
        signature = f"({types}) -> {value.type}" if operands else value.type
        extra = f" <{{{properties}}}>" if properties else ""
        self.lines.append(f"  {value.name} = graph.{name} {names}{extra} : {signature}")
        return value

    def unary(self, name: str, x: Value) -> Value:
        return self.op(name, [x], UNARY[name](x.array), x.dtype)

    def binary(self, name: str, x: Value, y: Value) -> Value:
        return self.op(name, [x, y], BINARY[name](x.array, y.array), x.dtype)

    def compare(self, predicate: str, x: Value, y: Value) -> Value:
        return self.op("compare", [x, y], COMPARE[predicate](x.array, y.array), "i1", f'predicate = "{predicate}"')

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        return self.op("select", [condition, x, y], np.where(condition.array, x.array, y.array), x.dtype)

    def cast(self, x: Value, dtype: str) -> Value:
        array = x.array
        if dtype == "i1":
            array = array != 0
        elif dtype[0] == "i":
            array = np.trunc(array).astype(DType.parse(dtype).numpy)
        else:
            array = array.astype(DType.parse(dtype).numpy).astype(np.float64)
        return self.op("cast", [x], array, dtype)

    def fill(self, number: float, shape: Sequence[int], dtype: str = "f32") -> Value:
        kind = DType.parse(dtype)
        text = f"{number:e}" if kind.is_float else {"i1": str(bool(number)).lower()}.get(dtype, str(int(number)))
        array = np.full(shape, number, np.float64 if kind.is_float else kind.numpy)
        return self.op("constant", [], array, dtype, f"value = {text}" + ("" if dtype == "i1" else f" : {dtype}"))

    def iota(self, axis: int, shape: Sequence[int], dtype: str = "i32") -> Value:
        array = np.broadcast_to(np.arange(shape[axis]).reshape([-1] + [1] * (len(shape) - axis - 1)), shape)
        return self.op("iota", [], array.astype(DType.parse(dtype).numpy), dtype, f"axis = {axis} : i64")

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        return self.op("reshape", [x], x.array.reshape(shape), x.dtype)

    def permute(self, x: Value, order: Sequence[int]) -> Value:
        return self.op("permute", [x], x.array.transpose(order), x.dtype, f"order = {listed(order)}")

    def broadcast(self, x: Value, dims: Sequence[int], shape: Sequence[int]) -> Value:
        spread = x.array.reshape(shape_of_broadcast(x.array.shape, dims, len(shape)))
        return self.op("broadcast", [x], np.broadcast_to(spread, shape), x.dtype, f"dims = {listed(dims)}")

    def slice(self, x: Value, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]) -> Value:
        array = x.array[tuple(map(slice, starts, stops, steps))]
        properties = f"starts = {listed(starts)}, stops = {listed(stops)}, steps = {listed(steps)}"
        return self.op("slice", [x], array, x.dtype, properties)

    def reduce(self, kind: str, x: Value, axes: Sequence[int]) -> Value:
        array = REDUCE[kind](x.array, axis=tuple(axes))
        return self.op("reduce", [x], array, x.dtype, f'kind = "{kind}", axes = {listed(axes)}')

    def spread(self, x: Value, axes: Sequence[int], shape: Sequence[int]) -> Value:
        """Broadcast what a reduction along ``axes`` left over them again."""
        return self.broadcast(x, [axis for axis in range(len(shape)) if axis not in axes], shape)

    def matmul(
        self, a: Value, b: Value, transpose_a: bool = False, transpose_b: bool = False, dtype: str = ""
    ) -> Value:
        left = np.swapaxes(a.array, -1, -2) if transpose_a else a.array
        right = np.swapaxes(b.array, -1, -2) if transpose_b else b.array
        flags = [name for name, on in (("transpose_a", transpose_a), ("transpose_b", transpose_b)) if on]
        if a.dtype == "i8":
            left, right = left.astype(np.int64), right.astype(np.int64)
        return self.op("matmul", [a, b], left @ right, dtype or a.dtype, ", ".join(flags))

    def take(self, table: Value, indices: Value) -> Value:
        return self.op("take", [table, indices], table.array[indices.array], table.dtype, "axis = 0 : i64")

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        array = np.concatenate([value.array for value in values], axis)
        return self.op("concat", values, array, values[0].dtype, f"axis = {axis} : i64")

    def text(self, outputs: Sequence[Value]) -> str:
        """Return the module."""
        arguments = ", ".join(f"{value.name}: {value.type}" for value, _ in self.inputs)
        types = ", ".join(value.type for value in outputs)
        names = ", ".join(value.name for value in outputs)
        body = "\n".join(self.lines)
        return f"func.func @main({arguments}) -> ({types}) {{\n{body}\n  func.return {names} : {types}\n}}\n"

    def check(self, *outputs: Value, length: int = 1, kernels: int | None = None) -> Program:
        """Compile, run and compare; ``length`` is that of the longest sum, ``kernels`` how many there should be."""
        text = self.text(outputs)
        program = compile_text(text, self.target)
        found = run(program, [data for _, data in self.inputs], load(self.target), sanitize=True)
        for value, array in zip(outputs, found, strict=True):
            assert array.shape == value.array.shape
            assert array.dtype == DType.parse(value.dtype).numpy
            if not DType.parse(value.dtype).is_float:
                np.testing.assert_array_equal(array, value.array, err_msg=text)
                continue
            worst = float(np.abs(value.array).max(initial=0))
            bound = tolerance(value.dtype, length) * worst
            np.testing.assert_allclose(array.astype(np.float64), value.array, rtol=0, atol=bound, err_msg=text)
        if kernels is not None:
            assert len(program.kernels) == kernels, text
        check_timing(program, load(self.target))
        return program


def check_timing(program: Program, machine: Machine) -> None:
    """What holds of the timing of every program: no unit works longer than there is time, and no limit is exceeded."""
    timeline = simulate(program, machine)
    memory = machine.memory
    slack = 1 + 1e-9
    for launch in timeline.launches:
        use = launch.use
        for cores in use.cores.values():
            for queue in cores.queues.values():
                assert 0 <= queue.busiest <= use.cycles * slack
                assert all(cycles >= 0 for cycles in (*queue.stalls.values(), *queue.slowed.values()))
                assert queue.busy + sum(queue.stalls.values()) <= cores.cores * use.cycles * slack
                assert sum(queue.slowed.values()) <= queue.busy * slack
        limits = (
            (use.gm_read_bytes, memory.l2_read_gb_per_s),
            (use.gm_write_bytes, memory.l2_write_gb_per_s),
            (use.gm_read_bytes + use.gm_write_bytes, memory.l2_mixed_gb_per_s),
            (use.missed_bytes + use.written_back_bytes, memory.hbm_gb_per_s),
        )
        assert all(size <= use.cycles * machine.bytes_per_cycle(rate) * slack for size, rate in limits)
        assert use.ideal_mmad_cycles <= use.cycles * machine.cube_cores * slack
    faster = replace(
        memory,
        l2_bytes=1 << 40,
        **{name: 2 * getattr(memory, name) for name in ("hbm_gb_per_s", "l2_read_gb_per_s", "l2_write_gb_per_s")},
        l2_mixed_gb_per_s=2 * memory.l2_mixed_gb_per_s,
    )
    kept = replace(machine, memory=replace(memory, l2_bytes=1 << 40))
    assert simulate(program, replace(kept, memory=faster)).cycles <= simulate(program, kept).cycles * slack


@pytest.fixture(scope="session")
def graph() -> type[GraphProgram]:
    """Make a graph-level program: ``graph(target, seed)``."""
    return GraphProgram


@pytest.fixture(scope="session")
def run_text() -> Callable[[str, list[Array], str], list[Array]]:
    """`run_text(module, inputs, target)`: what a graph-level module gives, run with the sanitizer on."""
    return lambda text, inputs, target: run(compile_text(text, target), inputs, load(target), sanitize=True)
