"""Faults between a cube core and its vector cores, and of products; beside the correct programs."""

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa.fields import Register as R


@pytest.fixture
def mix(run_program):
    """A kernel of both cores passes and gives its result, or is reported with a message."""

    def run(cube, vector, message=None):
        result = np.zeros((2, 64), np.float32)
        arguments = [("out", np.zeros(64, np.float32)), ("out", result)]
        if message is None:
            run_program(arguments, vector=vector, cube=cube)
            return result
        with pytest.raises(SfumatoError, match=message):
            run_program(arguments, vector=vector, cube=cube)
        return None

    return run


@pytest.fixture
def cube(code):
    """A product of no terms, stored to the workspace and announced."""
    return [
        code.arg(1),
        code.make("mmad", dst=0, a=0, b=0, m=1, n=64, k=0, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="none"),
        *code.flag("M", "FIX"),
        code.make(
            "fixpipe", dst=R(1), src=0, m=1, n=64, src_rows=16, dst_stride=256, quant="none", relu=0, atomic="none", scale=0,
            acc="f32", type="f32",
        ),
        code.cross("FIX"),
    ]  # fmt: skip


@pytest.fixture
def vector(code):
    """Each vector core copies the workspace to its row of the result when it is there."""
    return [
        code.arg(1), code.arg(2, 1), code.make("sub_idx", rd=3), code.make("mul", rd=4, a=R(3), b=256), code.make("add", rd=2, a=R(2), b=R(4)),
        code.cross(), code.load(0, R(1)), *code.flag("MTE2", "MTE3"), code.store(R(2), 0),
    ]  # fmt: skip


def test_cube_hands_over_to_its_vector_cores(mix, cube, vector, without):
    result = mix(cube, vector)
    np.testing.assert_array_equal(result, 0)
    mix(cube[:-1], without(vector, 5), "of gm, .*, are written by one instruction and read by another")
    mix(cube[:-1], vector, "deadlock: no core can proceed")
    mix(cube, without(vector, 5), "cross-core flag 0 of block 0, vector core 0 is still 1 at the end")


def test_the_cube_core_waits_for_both_vector_cores(mix, code, cube, vector):
    reply = [code.cross("MTE2", 1)]
    mix([*cube, code.cross(None, 1)], vector + reply)
    one_of_them = [code.make("if", a=R(3)), *reply, code.make("end")]
    mix([*cube, code.cross(None, 1)], vector + one_of_them, "deadlock: no core can proceed")


def test_signals_of_one_flag_from_two_queues(mix, code, cube, vector):
    """A counter does not say which signal was taken: the vector core may go on before the accumulators are stored."""
    early = [cube[0], code.cross("MTE2"), *cube[1:]]
    twice = [*vector[:6], code.cross(), *vector[6:]]
    mix(early, twice, "cross-core flag 0 is set twice by one core, in an order that nothing fixes")
    mix([cube[0], code.cross("FIX"), *cube[1:]], twice)


def test_cross_core_counters_are_limited(mix, code, cube, vector):
    many = [code.make("loop", rd=9, lower=0, upper=16, step=1), code.cross("FIX", 3), code.make("end")]
    waits = [code.make("loop", rd=9, lower=0, upper=16, step=1), code.cross(None, 3), code.make("end")]
    mix([*cube, *many], vector + waits, "cross-core flag 3 counts beyond 15")


def test_consecutive_mmads_into_one_accumulator_are_interlocked(mix, code, cube, vector, without):
    accumulate = code.make(
        "mmad", dst=0, a=0, b=0, m=1, n=64, k=0, init=0, bias=0, use_bias=0, type="f32", acc="f32", mode="none"
    )
    mix([*cube[:2], accumulate, *cube[2:]], vector)
    mix(without(cube, 2, 3), vector, "of l0c, 0x0 to .* are written by one instruction and read by another")


def test_padding_of_fractals_may_be_anything(code, run_program):
    """nd2nz and load_l0a move whole fractals; only the logical part must hold data."""
    a, b = np.ones((3, 5), np.float32), np.ones((2, 5), np.float32)
    out = np.zeros((3, 2), np.float32)
    nd = [
        code.make("nd2nz", dst=d, src=R(r), rows=rows, cols=5, src_stride=20, dst_rows=16, type="f32")
        for d, r, rows in ((0, 1, 3), (512, 2, 2))
    ]
    program = [
        code.arg(1), code.arg(2, 1), code.arg(3, 2), *nd, *code.flag("MTE2", "MTE1"),
        code.make("load_l0a", dst=0, src=0, m=3, k=5, src_rows=16, transpose=0, type="f32"),
        code.make("load_l0b", dst=0, src=512, n=2, k=5, src_rows=16, transpose=0, type="f32"),
        *code.flag("MTE1", "M"),
        code.make("mmad", dst=0, a=0, b=0, m=3, n=2, k=5, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="none"),
        *code.flag("M", "FIX"),
        code.make("fixpipe", dst=R(3), src=0, m=3, n=2, src_rows=16, dst_stride=8, quant="none", relu=0, atomic="none", scale=0,
             acc="f32", type="f32"),
    ]  # fmt: skip
    run_program([("in", a), ("in", b), ("out", out)], cube=program)
    np.testing.assert_array_equal(out, 5)
    wide = [*program]
    wide[-4] = code.make(
        "mmad", dst=0, a=0, b=0, m=4, n=2, k=5, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="none"
    )
    with pytest.raises(SfumatoError, match="20 bytes of l0a were never written"):
        run_program([("in", a), ("in", b), ("out", out)], cube=wide)
