"""Grouping of random graphs: nothing lost, nothing computed twice, kernels in an order that runs, the same every time."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects import func
from xdsl.parser import Parser

from compiler.universe import make_context
from dialects.tile.launch import LaunchOp
from dialects.tile.structure import KernelOp
from passes.analysis.access import VIEWS
from passes.dispatch.dispatch_form_kernels import DispatchFormKernels
from passes.graph.graph_dce import GraphDce

BOUNDED = settings(max_examples=40, deadline=None)
HOST = {"func.return", "graph.reshape", "tile.launch"}


def tensor(shape):
    return "tensor<" + "".join(f"{size}x" for size in shape) + "f32>"


@st.composite
def graphs(draw):
    """A function of random ops on matrices of 6 rows, some of whose values it returns."""
    values = [("%x", (6, 8)), ("%y", (6, 8)), ("%z", (8, 6))]
    lines = []

    def add(text, shape, *operands):
        name = f"%{len(lines)}"
        types = ", ".join(tensor(s) for _, s in operands)
        names = ", ".join(n for n, _ in operands)
        op, _, properties = text.partition(" ")
        lines.append(f"  {name} = graph.{op} {names} {properties} : ({types}) -> {tensor(shape)}")
        values.append((name, shape))
        return name, shape

    for _ in range(draw(st.integers(1, 12))):
        first = draw(st.sampled_from(values))
        alike = [value for value in values if value[1] == first[1]]
        match draw(st.sampled_from(["unary", "binary", "binary", "reduce", "permute", "matmul", "reshape", "concat"])):
            case "unary":
                add(draw(st.sampled_from(["exp", "neg", "relu"])), first[1], first)
            case "binary":
                add(draw(st.sampled_from(["add", "mul"])), first[1], first, draw(st.sampled_from(alike)))
            case "reduce":
                total = add('reduce <{kind = "add", axes = array<i64: 1>}>', first[1][:1], first)
                values.pop()
                add("broadcast <{dims = array<i64: 0>}>", first[1], total)
            case "permute":
                add("permute <{order = array<i64: 1, 0>}>", first[1][::-1], first)
            case "matmul":
                others = [value for value in values if value[1][0] == first[1][1]]
                if others:
                    second = draw(st.sampled_from(others))
                    add("matmul", (first[1][0], second[1][1]), first, second)
            case "reshape":
                if first[1][0] * first[1][1] == 48:
                    add("reshape", (6, 8) if first[1] != (6, 8) else (4, 12), first)
            case "concat":
                second = draw(st.sampled_from(alike))
                add("concat <{axis = 1 : i64}>", (first[1][0], 2 * first[1][1]), first, second)
    results = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    types = ", ".join(tensor(shape) for _, shape in results)
    names = ", ".join(name for name, _ in results)
    head = ", ".join(f"{name}: {tensor(shape)}" for name, shape in values[:3])
    body = "\n".join(lines)
    return f"func.func @main({head}) -> ({types}) {{\n{body}\n  func.return {names} : {types}\n}}"


def parse(text):
    """Parse a graph and drop what its results do not depend on, as the pipeline does before kernels are formed."""
    context = make_context()
    module = Parser(context, text).parse_module()
    module.verify()
    GraphDce().apply(context, module)
    return context, module


def form(text):
    context, module = parse(text)
    DispatchFormKernels().apply(context, module)
    module.verify()
    return module


def computed(ops):
    """How often each kind of op that computes something occurs."""
    return Counter(op.name for op in ops if op.name not in VIEWS and op.name not in ("tile.return", "func.return"))


@given(graphs())
@BOUNDED
def test_every_needed_op_is_computed_exactly_once(text):
    module = form(text)
    kernels = {op.sym_name.data: op for op in module.walk() if isinstance(op, KernelOp)}
    counts = Counter()
    for op in module.walk():
        if isinstance(op, LaunchOp):
            counts += computed(kernels[op.kernel.root_reference.data].body.block.ops)
    _, before = parse(text)
    assert counts == computed(before.body.block.first_op.body.block.ops)


@given(graphs())
@BOUNDED
def test_functions_keep_only_launches_and_dense_reshapes(text):
    module = form(text)
    function = module.body.block.last_op
    assert isinstance(function, func.FuncOp)
    assert {op.name for op in function.body.block.ops} <= HOST
    launched = {op.kernel.root_reference.data for op in module.walk() if isinstance(op, LaunchOp)}
    assert launched == {op.sym_name.data for op in module.walk() if isinstance(op, KernelOp)}


@given(graphs())
@BOUNDED
def test_same_graph_same_kernels(text):
    assert str(form(text)) == str(form(text))


@given(graphs())
@BOUNDED
def test_a_kernel_has_one_product_at_most(text):
    for op in form(text).walk():
        if isinstance(op, KernelOp):
            assert sum(inner.name in ("graph.matmul", "graph.concat") for inner in op.body.block.ops) <= 1
