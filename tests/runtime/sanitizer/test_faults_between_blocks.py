"""Faults between blocks: who writes the same bytes, and meetings of all; beside the correct programs."""

import numpy as np
import pytest

from dialects.isa.fields import Register as R


@pytest.fixture
def meet(code):
    """All blocks wait for each other."""
    return [code.make("cross_set", pipe="MTE3", id=0, mode=0), code.make("cross_wait", id=0, mode=0)]


def test_blocks_that_write_the_same_bytes(check, fault, code):
    program = [code.arg(1), code.dup(0), *code.flag("V", "MTE3"), code.store(R(1), 0)]
    fault("the cores run side by side", program, [("out", np.zeros(64, np.float32))], blocks=2)
    check(program, [("out", np.zeros(64, np.float32))], blocks=1)
    own = [
        code.arg(1),
        code.make("block_idx", rd=2),
        code.make("mul", rd=3, a=R(2), b=256),
        code.make("add", rd=1, a=R(1), b=R(3)),
        *program[1:],
    ]
    check(own, [("out", np.zeros((2, 64), np.float32))], blocks=2)


def test_columns_of_one_matrix_do_not_conflict(check, fault, code):
    out = np.zeros((4, 4, 16), np.float32)
    column = code.make(
        "copy_ub_gm",
        dst=R(1),
        src=0,
        bursts=4,
        burst_bytes=64,
        src_stride=64,
        dst_stride=256,
        atomic="none",
        type="f32",
    )
    program = [
        code.arg(1), code.make("block_idx", rd=2), code.make("mul", rd=3, a=R(2), b=64), code.make("add", rd=1, a=R(1), b=R(3)), code.dup(0),
        *code.flag("V", "MTE3"), column,
    ]  # fmt: skip
    check(program, [("out", out)], blocks=4)
    assert out.min() == 1
    program[2] = code.make("mul", rd=3, a=R(2), b=60)
    fault("the cores run side by side", program, [("out", out)], blocks=4)


def test_atomics_of_one_kind_do_not_conflict(check, fault, code):
    def program(atomic, dtype):
        return [code.arg(1), code.dup(0), *code.flag("V", "MTE3"), code.store(R(1), 0, atomic=atomic, dtype=dtype)]

    out = np.zeros(64, np.float32)
    check(program("add", "f32"), [("inout", out)], blocks=3)
    assert set(out) == {3}
    mixed = [
        *program("add", "f32")[:4], code.make("block_idx", rd=2), code.make("if", a=R(2)), code.store(R(1), 0, atomic="add", dtype="i32"),
        code.make("end"), code.make("eq", rd=3, a=R(2), b=0), code.make("if", a=R(3)), code.store(R(1), 0, atomic="add"), code.make("end"),
    ]  # fmt: skip
    fault("atomic add (f32|i32) and atomic add (i32|f32) do not combine", mixed, [("inout", out)], blocks=2)


def exchange(code, meet):
    """Each of two blocks writes its row, and reads the other's after they met."""
    own = [code.make("block_idx", rd=2), code.make("mul", rd=3, a=R(2), b=256), code.make("add", rd=4, a=R(1), b=R(3))]
    other = [code.make("sub", rd=5, a=256, b=R(3)), code.make("add", rd=5, a=R(1), b=R(5))]
    return [
        code.arg(1),
        *own,
        code.dup(0),
        *code.flag("V", "MTE3"),
        code.store(R(4), 0),
        *meet,
        *other,
        code.load(512, R(5)),
        *code.flag("MTE2", "V"),
        code.add(1024, 512, 0),
    ]


def test_a_rendezvous_orders_all_blocks(check, fault, code, meet):
    arguments = [("out", np.zeros((2, 64), np.float32))]
    check(exchange(code, meet), arguments, blocks=2)
    fault("the cores run side by side", exchange(code, []), arguments, blocks=2)


def test_a_rendezvous_that_one_block_misses(fault, code, meet):
    program = [code.make("block_idx", rd=1), code.make("if", a=R(1)), *meet, code.make("end")]
    fault(r"deadlock: no core can proceed\n  block 1, vector core 0 waits at .*cross_wait", program, [], blocks=2)


def test_too_many_blocks(fault, code):
    fault("has 5 blocks; the machine runs 1 to 4", [code.dup(0)], blocks=5)
