"""Outlined layers: what is found, and that inlining the calls gives the flat module back."""

import time
from itertools import pairwise

import pytest
import torch
from xdsl.dialects.func import CallOp as FuncCallOp
from xdsl.dialects.func import FuncOp, ReturnOp

from compiler.frontend.importer import import_program
from compiler.frontend.layers import find_layers
from compiler.frontend.program import Input, Node, Program, Ref, Source, TensorMeta
from compiler.frontend.torch_types import ELEMENT_TYPES
from dialects.aten import CallOp


class Block(torch.nn.Module):
    def __init__(self, size=8, epsilon=1e-5, gelu=True):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(size, epsilon), torch.nn.LayerNorm(size, epsilon)
        self.qkv, self.out = torch.nn.Linear(size, 3 * size), torch.nn.Linear(size, size)
        self.up, self.down = torch.nn.Linear(size, 2 * size), torch.nn.Linear(2 * size, size)
        self.activation = torch.nn.GELU() if gelu else torch.nn.SiLU()

    def forward(self, x, mask):
        q, k, v = (t.unflatten(-1, (2, -1)).transpose(1, 2) for t in self.qkv(self.norm1(x)).chunk(3, -1))
        a = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(a.transpose(1, 2).flatten(2))
        return x + self.down(self.activation(self.up(self.norm2(x))))


class Stack(torch.nn.Module):
    """A mask made once, blocks, and every ``keep``-th hidden state handed out."""

    def __init__(self, blocks, keep=100):
        super().__init__()
        self.blocks, self.keep = torch.nn.ModuleList(blocks), keep
        self.norm = torch.nn.LayerNorm(8)

    def forward(self, x):
        mask = torch.ones(5, 5, dtype=torch.bool).tril()
        hidden = []
        for index, block in enumerate(self.blocks):
            x = block(x, mask)
            if index % self.keep == self.keep - 1:
                hidden.append(x)
        return self.norm(x), hidden


def inlined(module):
    """Return the module with every call replaced by the body it calls."""
    module = module.clone()
    functions = {op.sym_name.data: op for op in module.ops if isinstance(op, FuncOp)}
    for call in [op for op in module.walk() if isinstance(op, FuncCallOp)]:
        body = functions[call.callee.string_value()].body.clone().block
        for argument, operand in zip(body.args, call.operands, strict=True):
            argument.replace_all_uses_with(operand)
        for op in list(body.ops):
            op.detach()
            if isinstance(op, ReturnOp):
                for result, operand in zip(call.results, op.operands, strict=True):
                    result.replace_all_uses_with(operand)
                op.erase()
            else:
                call.parent.insert_op_before(op, call)
        call.detach()
        call.erase()
    for name, function in functions.items():
        if name != "main":
            function.detach()
    for op in module.walk():
        if isinstance(op, CallOp):
            op.properties.pop("module_path", None)
    return module


CASES = {
    "six equal": (lambda: Stack([Block() for _ in range(6)]), 6, 1),
    "kinds in a row": (lambda: Stack([Block() for _ in range(3)] + [Block(gelu=False) for _ in range(2)]), 5, 2),
    "alternating": (lambda: Stack([Block(gelu=index % 2 == 0) for index in range(6)]), 3, 1),
    "another constant": (lambda: Stack([Block(epsilon=1e-5 * (1 + index)) for index in range(3)]), 0, 0),
    "one in between": (lambda: Stack([Block(gelu=index != 2) for index in range(5)]), 4, 1),
    "handed out": (lambda: Stack([Block() for _ in range(5)], keep=2), 5, 1),
    "shared weights": (lambda: Stack([Block()] * 4), 4, 1),
}


@pytest.mark.parametrize("decompose", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_layers_are_found_and_inlining_them_gives_the_flat_module(case, decompose, export, check):
    torch.manual_seed(0)
    make, found, distinct = CASES[case]
    model, x = make(), torch.randn(2, 5, 8)
    archive = export(model, x, decompose=decompose)
    flat, _ = import_program(archive, outline=False)
    outlined, report = import_program(archive)
    assert (report.layers_found, report.layers_distinct) == (found, distinct)
    assert inlined(outlined).is_structurally_equivalent(inlined(flat))
    assert sum(isinstance(op, FuncCallOp) for op in outlined.walk()) == found
    check(model, x, decompose=decompose)


def test_the_seam_hands_over_the_residual_stream_only(export):
    outlined, _ = import_program(export(Stack([Block() for _ in range(4)]), torch.randn(2, 5, 8)))
    calls = [op for op in outlined.walk() if isinstance(op, FuncCallOp)]
    assert [len(call.results) for call in calls] == [1] * 4
    for before, after in pairwise(calls):
        assert before.results[0] in after.operands
        assert {use.operation for use in before.results[0].uses} == {after}


def test_caches_written_in_each_layer_are_results_of_the_call(check):
    class Decode(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = torch.nn.ModuleList(Block() for _ in range(3))

        def forward(self, x, position, *caches):
            caches = [cache.clone() for cache in caches]
            for block, cache in zip(self.blocks, caches, strict=True):
                cache.index_copy_(1, position, x)
                x = block(cache, None)[:, :1]
            return x, *caches

    torch.manual_seed(0)
    report = check(Decode(), torch.randn(2, 1, 8), torch.tensor([3]), *[torch.randn(2, 5, 8) for _ in range(3)])
    assert (report.layers_found, report.layers_distinct) == (3, 1)


def test_equal_tokens_with_other_data_flow_are_not_one_function():
    """Two runs of the same operators, one of which skips a connection."""
    program = _chain(24, lambda index: index - 1 if index != 18 else index - 2)
    assert find_layers(program) == ()


def test_time_grows_with_the_number_of_nodes():
    def seconds(layers):
        program = _chain(40 * layers, lambda index: index - 1, period=40)
        start = time.process_time()
        assert len(find_layers(program)) == layers
        return time.process_time() - start

    seconds(10)
    assert seconds(400) < 0.05 + 40 * seconds(50)


def _chain(length, source, period=12):
    """Nodes with ``period`` different operators in turn; node i takes the results of ``source(i)`` and an input."""
    meta = TensorMeta(ELEMENT_TYPES[7], (4,), (1,), 0)
    names = ["x", "w", *(f"n{index}" for index in range(length))]
    nodes = tuple(
        Node(
            f"aten.op{index % period}.default",
            (("self", Ref(names[source(index) + 2] if index else "x")), ("other", Ref("w"))),
            (names[index + 2],),
            Source("", ""),
        )
        for index in range(length)
    )
    return Program((Input("x", "user"), Input("w", "user")), nodes, (names[-1],), dict.fromkeys(names, meta))
