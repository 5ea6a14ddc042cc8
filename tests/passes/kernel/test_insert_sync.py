"""Barriers: necessary ones by hand-counted cases, and enough of them by replaying random programs instruction by instruction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.parser import Parser

from compiler.universe import make_context
from dialects.kernel.intrinsic import Intrinsic
from dialects.kernel.sync import PipeBarrierOp
from passes.kernel.kernel_insert_sync import KernelInsertSync
from passes.kernel.kernel_plan_memory import KernelPlanMemory

PROGRAM = """
kernel.kernel @k "vector" blocks 1 [] {{
  kernel.program "vector" () {{
    %a = kernel.init_buffer "veccalc" bytes 4096
    %b = kernel.init_buffer "veccalc" bytes 4096
    %c = kernel.init_buffer "veccalc" bytes 4096
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c256 = arith.constant 256 : index
    {body}
    kernel.copy(%a, %b) {{count = 64, mask = 64, type = f32}}
    kernel.copy(%b, %c) {{count = 64, mask = 64, type = f32}}
  }}
}}
"""


def barriers(body: str) -> int:
    """Barriers in front of the body's instructions (the two copies at the end only keep every buffer alive)."""
    context = make_context()
    module = Parser(context, PROGRAM.format(body=body)).parse_module()
    KernelPlanMemory().apply(context, module)
    KernelInsertSync().apply(context, module)
    module.verify()
    ops = list(module.walk())
    intrinsics = [op for op in ops if isinstance(op, Intrinsic)]
    return sum(isinstance(op, PipeBarrierOp) for op in ops[: ops.index(intrinsics[-2])]) - (
        isinstance(intrinsics[-2].prev_op, PipeBarrierOp)
    )


DENSE = "count = 64, mask = 64, type = f32"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"kernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%b, %c) {{{DENSE}}}", 1),
        (f"kernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%c, %a) {{{DENSE}}}", 1),
        (f"kernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%a, %c) {{{DENSE}}}", 1),
        (f"kernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%c, %b) {{{DENSE}}}", 0),
        # A barrier orders everything before it, so that the third instruction needs none of its own.
        (f"kernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%b, %a) {{{DENSE}}}\nkernel.exp(%c, %c) {{{DENSE}}}", 1),
        (f'kernel.exp(%a, %b) {{{DENSE}}}\nkernel.pipe_barrier "V"\nkernel.exp(%c, %a) {{{DENSE}}}', 1),
        # The second half of a buffer is another place.
        (
            f"%h = kernel.slice %a[256] : !kernel.local\nkernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%h, %b) {{{DENSE}}}",
            0,
        ),
        (
            f"%h = kernel.slice %a[224] : !kernel.local\nkernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%h, %b) {{{DENSE}}}",
            1,
        ),
        # Two columns of one matrix: pieces of 256 bytes every 1024.
        (
            "%h = kernel.slice %a[256] : !kernel.local\n"
            "kernel.exp(%a, %b) {count = 192, mask = 64, dst_rep = 32, type = f32}\n"
            "kernel.exp(%h, %b) {count = 192, mask = 64, dst_rep = 32, type = f32}",
            0,
        ),
    ],
)
def test_straight_line(body: str, expected: int):
    assert barriers(body) == expected


LOOP = "scf.for %i = %c0 to %c4 step %c1 {{\n%o = arith.muli %i, %c256 : index\n{body}\n}}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Each iteration adds into the same place.
        (f"kernel.add(%a, %a, %b) {{{DENSE}}}", 1),
        (f"kernel.exp(%a, %b) {{{DENSE}}}", 1),
        # Each iteration has a place of its own.
        (f"%h = kernel.slice %a[%o] : !kernel.local\nkernel.exp(%h, %b) {{{DENSE}}}", 0),
        (f"%h = kernel.slice %a[%o] : !kernel.local\nkernel.add(%h, %h, %b) {{{DENSE}}}", 0),
        (
            f"%h = kernel.slice %a[%o + 256] : !kernel.local\n%g = kernel.slice %a[%o] : !kernel.local\nkernel.exp(%h, %g) {{{DENSE}}}",
            1,
        ),
        # The tail of an iteration and the head of the next: one barrier each.
        (f"kernel.exp(%a, %b) {{{DENSE}}}\nkernel.exp(%b, %a) {{{DENSE}}}", 2),
        # A column an iteration.
        (
            "%h = kernel.slice %a[%o] : !kernel.local\nkernel.exp(%h, %b) {count = 192, mask = 64, dst_rep = 32, type = f32}",
            0,
        ),
    ],
)
def test_loops(body: str, expected: int):
    assert barriers(LOOP.format(body=body)) == expected


OPERANDS = st.tuples(st.sampled_from("abc"), st.integers(0, 6), st.integers(0, 2))
"""Buffer, offset in blocks of 32 bytes, and blocks to move on in each iteration."""


@given(
    st.lists(
        st.tuples(OPERANDS, OPERANDS, st.sampled_from([(8, 1), (16, 2), (16, 4), (24, 5)])), min_size=1, max_size=5
    )
)
@settings(max_examples=60, deadline=None)
def test_no_two_dependent_instructions_run_without_a_barrier(instructions):
    lines = []
    for number, (dst, src, (count, rep)) in enumerate(instructions):
        for name, (buffer, offset, step) in (("d", dst), ("s", src)):
            lines.append(f"%m{name}{number} = arith.constant {32 * step} : index")
            lines.append(f"%o{name}{number} = arith.muli %i, %m{name}{number} : index")
            lines.append(f"%{name}{number} = kernel.slice %{buffer}[%o{name}{number} + {32 * offset}] : !kernel.local")
        lines.append(
            f"kernel.exp(%d{number}, %s{number}) {{count = {count}, mask = 8, dst_rep = {rep}, src_rep = 1, type = f32}}"
        )
    context = make_context()
    module = Parser(context, PROGRAM.format(body=LOOP.format(body="\n".join(lines)))).parse_module()
    KernelPlanMemory().apply(context, module)
    KernelInsertSync().apply(context, module)
    loop = next(op for op in module.walk() if op.name == "scf.for")
    wrote, read = ({buffer: np.zeros(4096, bool) for buffer in "abc"} for _ in range(2))
    for iteration in range(4):
        number = 0
        for op in loop.regions[0].block.ops:
            if isinstance(op, PipeBarrierOp):
                for flags in (*wrote.values(), *read.values()):
                    flags[:] = False
            elif isinstance(op, Intrinsic):
                dst, src, (count, rep) = instructions[number]
                number += 1
                targets = {32 * (dst[1] + dst[2] * iteration + r * rep) for r in range(count // 8)}
                sources = {32 * (src[1] + src[2] * iteration + r) for r in range(count // 8)}
                for byte in targets:
                    touched = wrote[dst[0]][byte] or read[dst[0]][byte]
                    assert not touched, "written too early"
                for byte in sources:
                    assert not wrote[src[0]][byte], "read too early"
                for byte in targets:
                    wrote[dst[0]][byte] = True
                for byte in sources:
                    read[src[0]][byte] = True
