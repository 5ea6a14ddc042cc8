"""Index arithmetic, branches and loops on the scalar unit against Python's own integers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialects.isa.encoding import decode

HEAD = """
kernel.kernel @k "vector" blocks {blocks} [{{name = "x", type = tensor<8xi32>, direction = "in"}},
    {{name = "y", type = tensor<{n}xi32>, direction = "out"}}] {{
  kernel.program "vector" (%x : !kernel.global<i32>, %y : !kernel.global<i32>) {{
    %out = kernel.init_queue "vecout" depth 2 bytes 32 from "V" to ["MTE3"]
    %block = kernel.get_block_idx
    %blocks = kernel.get_block_num
    {constants}
    {body}
  }}
}}
"""
CONSTANTS = "\n".join(f"%c{value} = arith.constant {value} : index" for value in (0, 1, 2, 3, 4, 5, 8))


WORD = "{bursts = 1, burst_bytes = 4, src_stride = 0, dst_stride = 0}"


def fetch(tile: str, offset: str) -> str:
    """Bring the word at a byte offset of x into a slot of queue %in."""
    return f"""
      %{tile} = kernel.alloc_tensor %in
      %x{tile} = kernel.slice %x[{offset}] : !kernel.global<i32>
      kernel.data_copy_pad_in(%{tile}, %x{tile} : !kernel.global<i32>) {WORD}
      kernel.enque %in, %{tile}
    """


def compute(name: str, maker: str, position: str) -> str:
    """Make one word by an instruction whose destination is %t with its name; send it to element ``position`` of y."""
    return f"""
      %t{name} = kernel.alloc_tensor %out
      {maker}
      kernel.enque %out, %t{name}
      %d{name} = kernel.deque %out on "MTE3"
      %b{name} = arith.muli %{position}, %c4 : index
      %y{name} = kernel.slice %y[%b{name}] : !kernel.global<i32>
      kernel.data_copy_pad_out(%y{name} : !kernel.global<i32>, %d{name}) {WORD}
      kernel.free_tensor %out, %d{name} on "MTE3"
    """


def store(value: str, position: str) -> str:
    """Write an index value as an i32 to element ``position`` of y."""
    maker = f"kernel.create_vec_index(%t{value}) {{start = %{value}, count = 1, type = i32}}"
    return compute(value, maker, position)


@pytest.fixture(scope="module")
def run_body(run_text):
    """Run a program's body on x: (what it wrote to y, which has -1 elsewhere; the encoded kernel)."""

    def run(body, n=8, blocks=1, x=()):
        inputs, y = np.zeros(8, np.int32), np.full(n, -1, np.int32)
        inputs[: len(x)] = x
        kernel = run_text(HEAD.format(blocks=blocks, n=n, constants=CONSTANTS, body=body), [inputs, y])
        return y.tolist(), kernel

    return run


OPS = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
    "minsi": min,
    "maxsi": max,
    "floordivsi": lambda a, b: a // b,
    "divsi": lambda a, b: int(a / b),
    "remsi": lambda a, b: a - b * int(a / b),
    "cmpi slt,": lambda a, b: a < b,
    "cmpi sge,": lambda a, b: a >= b,
    "cmpi eq,": lambda a, b: a == b,
}

STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(OPS)), st.integers(0, 30), st.integers(0, 30), st.integers(1, 9)),
    min_size=1,
    max_size=12,
)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_index_arithmetic(run_body, steps):
    names, values = ["i", "j", "c3"], [lambda i, j: i, lambda i, j: j, lambda i, j: 3]
    lines = []
    for number, (op, a, b, constant) in enumerate(steps):
        a, b = a % len(names), b % len(names)
        left, right, function = values[a], values[b], OPS[op]
        operand = names[b]
        if "div" in op or "rem" in op:
            # A positive constant, as generated address arithmetic divides by.
            lines.append(f"%k{number} = arith.constant {constant} : index")
            operand, right = f"k{number}", lambda i, j, constant=constant: constant
        suffix = "" if "cmpi" in op else f"v{number}"
        lines.append(f"%{suffix or f'p{number}'} = arith.{op} %{names[a]}, %{operand} : index")
        if not suffix:
            lines.append(f"%v{number} = arith.index_cast %p{number} : i1 to index")
        names.append(f"v{number}")
        # Values stay small, so that they fit the i32 in which they are stored.
        values.append(lambda i, j, f=function, x=left, y=right: int(f(x(i, j), y(i, j))))
    last = values[-1]
    expected = [last(i, j) for i in range(3) for j in range(4)]
    if max(abs(value(i, j)) for value in values for i in range(3) for j in range(4)) >= 2**31:
        return
    body = f"""
    scf.for %i = %c0 to %c3 step %c1 {{
      scf.for %j = %c0 to %c4 step %c1 {{
        {chr(10).join(lines)}
        %row = arith.muli %i, %c4 : index
        %position = arith.addi %row, %j : index
        {store(names[-1], "position")}
      }}
    }}"""
    assert run_body(body, n=12)[0] == expected


def test_branches_take_either_arm(run_body):
    body = f"""
    scf.for %i = %block to %c8 step %blocks {{
      %r = arith.remui %i, %c3 : index
      %p = arith.cmpi eq, %r, %c0 : index
      scf.if %p {{
        %twice = arith.muli %i, %c2 : index
        {store("twice", "i")}
      }} else {{
        %less = arith.subi %c0, %i : index
        {store("less", "i")}
      }}
    }}"""
    assert run_body(body, blocks=3)[0] == [2 * i if i % 3 == 0 else -i for i in range(8)]


def test_a_loop_bounded_by_a_value_in_memory(run_body):
    body = f"""
    scf.for %i = %block to %c4 step %blocks {{
      %bytes = arith.muli %i, %c4 : index
      %xs = kernel.slice %x[%bytes] : !kernel.global<i32>
      %n = kernel.get_value %xs as "i32" : !kernel.global<i32>
      scf.for %j = %c0 to %n step %c1 {{
        %row = arith.muli %i, %c2 : index
        %position = arith.addi %row, %j : index
        {store("n", "position")}
      }}
    }}"""
    assert run_body(body, blocks=2, x=[2, 0, 1, 2])[0] == [2, 2, -1, -1, 1, -1, 2, 2]


def test_what_does_not_change_in_a_loop_is_computed_in_front_of_it(run_body):
    body = f"""
    scf.for %i = %block to %c4 step %blocks {{
      %wide = arith.muli %i, %c5 : index
      scf.for %j = %c0 to %c2 step %c1 {{
        %row = arith.muli %i, %c2 : index
        %position = arith.addi %row, %j : index
        {store("wide", "position")}
      }}
    }}"""
    written, kernel = run_body(body)
    assert written == [5 * (i // 2) for i in range(8)]
    names = [op.mnemonic for op in decode(kernel.vector)]
    inner = names[len(names) - names[::-1].index("loop") : names.index("end")]
    # j * 4 plus the row's address; the slot's address and event id change places.
    assert [name for name in inner if name in ("add", "sub", "mul", "li")] == ["mul", "add", "sub", "sub"]


@pytest.mark.parametrize("depth", [2, 3])
def test_a_queue_filled_ahead_of_its_use(run_body, depth):
    """The producer runs one tile ahead, so that allocation and dequeue count separately and turns overlap."""
    body = f"""
    %in = kernel.init_queue "vecin" depth {depth} bytes 32 from "MTE2" to ["V"]
    {fetch("first", "0")}
    scf.for %i = %c0 to %c8 step %c1 {{
      %next = arith.addi %i, %c1 : index
      %more = arith.cmpi slt, %next, %c8 : index
      scf.if %more {{
        %offset = arith.muli %next, %c4 : index
        {fetch("ahead", "%offset")}
      }}
      %u = kernel.deque %in on "V"
      {compute("sum", "kernel.add(%tsum, %u, %u) {count = 1, mask = 64, type = i32}", "i")}
      kernel.free_tensor %in, %u on "V"
    }}"""
    x = [7 * i for i in range(8)]
    assert run_body(body, x=x)[0] == [2 * value for value in x]


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_two_tensors_of_one_queue_at_a_time(run_body, depth):
    """Turns of one counter that overlap keep their slots."""
    body = f"""
    %in = kernel.init_queue "vecin" depth {depth} bytes 32 from "MTE2" to ["V"]
    scf.for %i = %c0 to %c4 step %c1 {{
      %o = arith.muli %i, %c8 : index
      {fetch("a", "%o")}
      %ua = kernel.deque %in on "V"
      {fetch("b", "%o + 4")}
      %ub = kernel.deque %in on "V"
      {compute("difference", "kernel.sub(%tdifference, %ua, %ub) {count = 1, mask = 64, type = i32}", "i")}
      kernel.free_tensor %in, %ua on "V"
      kernel.free_tensor %in, %ub on "V"
    }}"""
    x = [i**2 for i in range(8)]
    assert run_body(body, n=4, x=x)[0] == [a - b for a, b in zip(x[0::2], x[1::2], strict=True)]
