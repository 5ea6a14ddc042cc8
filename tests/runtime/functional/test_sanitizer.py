"""Each class of fault in a minimal program that must be reported, beside the correct program that must pass."""

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.fields import Register as R


def make(name, **fields):
    return INSTRUCTIONS[name].make(**fields)


def arg(register, index=0):
    return make("arg", rd=register, index=index)


def load(dst, src, size=256):
    return make("copy_gm_ub", dst=dst, src=src, bursts=1, burst_bytes=size, src_stride=size, dst_stride=256)


def store(dst, src, size=256, atomic="none", dtype="f32"):
    return make(
        "copy_ub_gm",
        dst=dst,
        src=src,
        bursts=1,
        burst_bytes=size,
        src_stride=256,
        dst_stride=size,
        atomic=atomic,
        type=dtype,
    )


def add(dst, a, b, count=64):
    strides = dict(dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8)
    return make("vadd", dst=dst, src0=a, src1=b, count=count, mask=64, **strides, type="f32")


def dup(dst, value=1.0, count=64):
    bits = int(np.float32(value).view(np.int32))
    return make("vdup", dst=dst, scalar=bits, count=count, mask=64, dst_blk=1, dst_rep=8, type="f32")


def flag(src, dst, number=0):
    return [make("set_flag", src=src, dst=dst, id=number), make("wait_flag", src=src, dst=dst, id=number)]


BARRIER = make("barrier", pipe="V")
X, Y = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)


@pytest.fixture
def check(run_program):
    def run(vector, arguments=None, **where):
        run_program(
            [("in", X), ("out", np.zeros(64, np.float32))] if arguments is None else arguments, vector=vector, **where
        )

    return run


def fault(check, message, program, *arguments, **where):
    with pytest.raises(SfumatoError, match=message):
        check(program, *arguments, **where)


PIPELINE = [
    arg(1), arg(2, 1), load(0, R(1)), *flag("MTE2", "V"), add(256, 0, 0), BARRIER, add(512, 256, 0), *flag("V", "MTE3"),
    store(R(2), 512),
]  # fmt: skip


def without(program, *indices):
    return [item for i, item in enumerate(program) if i not in indices]


def test_a_synchronised_pipeline_passes(check):
    out = np.zeros(64, np.float32)
    check(PIPELINE, [("in", X), ("out", out)])
    np.testing.assert_array_equal(out, 3 * X)


def test_raw_without_a_barrier(check):
    fault(
        check,
        r"race: 256 bytes of ub, 0x100 to 0x1ff, are written (.*\n)*.*model.py:7(.*\n)*.*put `barrier pipe=V`",
        without(PIPELINE, 6),
    )


def test_raw_between_queues_without_a_flag(check):
    fault(check, "of ub, 0x0 to 0xff, are written by one instruction and read by another", without(PIPELINE, 3, 4))
    fault(check, "of ub, 0x200 to 0x2ff, are written by one instruction and read by another", without(PIPELINE, 8, 9))


def test_an_operation_in_place_does_not_hide_who_read_before_it(check):
    """The second add reads and overwrites what the first one reads: its own read is not the last one that matters."""
    program = [dup(0), BARRIER, add(256, 0, 0), add(0, 0, 0)]
    fault(check, "of ub, 0x0 to 0xff, are read by one instruction and overwritten by another", program)
    check([*program[:3], BARRIER, program[3]])


def test_the_order_of_a_queue_is_the_order_of_issue(check):
    """A flag passes on what was complete when it was set, and nothing of what its queue did only start."""
    late = [arg(1), load(0, R(1)), *flag("MTE2", "V"), load(256, R(1)), add(512, 0, 256)]
    fault(check, "of ub, 0x100 to 0x1ff, are written by one instruction and read by another", late)
    check([*late[:2], late[4], *late[2:4], late[5]])
    around = [dup(0), *flag("V", "MTE2"), *flag("MTE2", "V"), add(256, 0, 0)]
    check(around)  # once round through another queue is as good as a barrier


def test_war_between_queues(check):
    again = [*PIPELINE[:6], make("barrier", pipe="MTE2"), load(0, R(1)), *PIPELINE[6:]]
    fault(check, "of ub, 0x0 to 0xff, are read by one instruction and overwritten by another", again)
    check([*PIPELINE[:8], *flag("V", "MTE2"), load(0, R(1)), *PIPELINE[8:]])


def test_overlapping_loads_of_one_queue(check):
    twice = [arg(1), load(0, R(1)), load(128, R(1)), *flag("MTE2", "V"), add(1024, 0, 0)]
    fault(check, "of ub, 0x80 to 0xff, are written by two instructions", twice)
    check([*twice[:2], make("barrier", pipe="MTE2"), *twice[2:]])


def test_barrier_all_orders_every_queue(check):
    check(
        [
            arg(1),
            load(0, R(1)),
            make("barrier", pipe="ALL"),
            add(256, 0, 0),
            make("barrier", pipe="ALL"),
            load(256, R(1)),
        ]
    )


def test_uninitialised_read(check):
    fault(check, "256 bytes of ub were never written, the first at 0x100", [dup(0), BARRIER, add(512, 0, 256)])
    check([dup(0), dup(256), BARRIER, add(512, 0, 256)])


def test_uninitialised_tail_of_a_vector(check):
    fault(
        check,
        "4 bytes of ub were never written, the first at 0xfc",
        [dup(0, count=63), BARRIER, add(512, 0, 0)],
    )
    check([dup(0, count=63), BARRIER, add(512, 0, 0, count=63)])


def test_uninitialised_bytes_travel_with_copies(check):
    program = [
        arg(1),
        arg(2, 1),
        store(R(2), 0),
        make("barrier", pipe="ALL"),
        load(512, R(2)),
        *flag("MTE2", "V"),
        add(1024, 512, 512),
    ]
    fault(check, "256 bytes of ub were never written, the first at 0x200", program)


def test_event_set_twice(check):
    fault(check, "the event is set twice before a wait", [make("set_flag", src="MTE2", dst="V", id=0)] * 2)


def test_event_that_may_be_set_again_before_its_wait(check):
    ahead = [arg(1), load(0, R(1)), *flag("MTE2", "V"), load(512, R(1)), *flag("MTE2", "V"), add(1024, 512, 0)]
    fault(check, "may be set again before the wait for its last setting", ahead)
    check([*ahead[:4], *flag("V", "MTE2"), *ahead[4:]])


def test_event_left_set(check):
    fault(
        check,
        "stray flag: event MTE2 to V, id 3, is still set at the end",
        [make("set_flag", src="MTE2", dst="V", id=3)],
    )


def test_wait_for_nothing_is_a_deadlock(check):
    fault(check, r"deadlock.*queue V waits forever at .*wait_flag src=MTE2, dst=V, id=1", [flag("MTE2", "V", 1)[1]])
    fault(check, "the scalar unit waits for an event", [make("wait_flag", src="V", dst="S", id=0)])


def test_a_wait_may_come_before_its_set(check):
    out = np.zeros(64, np.float32)
    program = [
        arg(1),
        arg(2, 1),
        *reversed(flag("V", "MTE3")),
        store(R(2), 256),
        load(0, R(1)),
        *flag("MTE2", "V"),
        add(256, 0, 0),
    ]
    wait, late_set = program[2], program[3]
    check([*program[:2], wait, program[4], *program[5:], late_set], [("in", X), ("out", out)])
    np.testing.assert_array_equal(out, 2 * X)


def test_scalar_loads_need_a_flag(check):
    data = np.arange(8, dtype=np.int32)
    read = make("load_ub", rd=3, src=4, type="i32")
    program = [arg(1), load(0, R(1), 32), *flag("MTE2", "S"), read]
    check(program, [("in", data)])
    fault(
        check,
        "of ub, 0x4 to 0x7, are written by one instruction and read by another",
        without(program, 2, 3),
        [("in", data)],
    )


def test_blocks_that_write_the_same_bytes(check):
    program = [arg(1), dup(0), *flag("V", "MTE3"), store(R(1), 0)]
    fault(check, "the cores run side by side", program, [("out", Y.copy())], blocks=2)
    check(program, [("out", Y.copy())], blocks=1)
    own = [
        arg(1),
        make("block_idx", rd=2),
        make("mul", rd=3, a=R(2), b=256),
        make("add", rd=1, a=R(1), b=R(3)),
        *program[1:],
    ]
    check(own, [("out", np.zeros((2, 64), np.float32))], blocks=2)


def test_columns_of_one_matrix_do_not_conflict(check):
    out = np.zeros((4, 4, 16), np.float32)
    column = make(
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
        arg(1), make("block_idx", rd=2), make("mul", rd=3, a=R(2), b=64), make("add", rd=1, a=R(1), b=R(3)), dup(0),
        *flag("V", "MTE3"), column,
    ]  # fmt: skip
    check(program, [("out", out)], blocks=4)
    assert out.min() == 1
    program[2] = make("mul", rd=3, a=R(2), b=60)
    fault(check, "the cores run side by side", program, [("out", out)], blocks=4)


def test_atomics_of_one_kind_do_not_conflict(check):
    def program(atomic, dtype):
        return [arg(1), dup(0), *flag("V", "MTE3"), store(R(1), 0, atomic=atomic, dtype=dtype)]

    out = np.zeros(64, np.float32)
    check(program("add", "f32"), [("inout", out)], blocks=3)
    assert set(out) == {3}
    mixed = [
        *program("add", "f32")[:4], make("block_idx", rd=2), make("if", a=R(2)), store(R(1), 0, atomic="add", dtype="i32"),
        make("end"), make("eq", rd=3, a=R(2), b=0), make("if", a=R(3)), store(R(1), 0, atomic="add"), make("end"),
    ]  # fmt: skip
    fault(check, "atomic add (f32|i32) and atomic add (i32|f32) do not combine", mixed, [("inout", out)], blocks=2)


MEET = [make("cross_set", pipe="MTE3", id=0, mode=0), make("cross_wait", id=0, mode=0)]


def exchange(meet):
    """Each of two blocks writes its row, and reads the other's after they met."""
    own = [make("block_idx", rd=2), make("mul", rd=3, a=R(2), b=256), make("add", rd=4, a=R(1), b=R(3))]
    other = [make("sub", rd=5, a=256, b=R(3)), make("add", rd=5, a=R(1), b=R(5))]
    return [
        arg(1),
        *own,
        dup(0),
        *flag("V", "MTE3"),
        store(R(4), 0),
        *meet,
        *other,
        load(512, R(5)),
        *flag("MTE2", "V"),
        add(1024, 512, 0),
    ]


def test_a_rendezvous_orders_all_blocks(check):
    arguments = [("out", np.zeros((2, 64), np.float32))]
    check(exchange(MEET), arguments, blocks=2)
    fault(check, "the cores run side by side", exchange([]), arguments, blocks=2)


def test_a_rendezvous_that_one_block_misses(check):
    program = [make("block_idx", rd=1), make("if", a=R(1)), *MEET, make("end")]
    fault(
        check, r"deadlock: no core can proceed\n  block 1, vector core 0 waits at .*cross_wait", program, [], blocks=2
    )


def mix(run_program, cube, vector, message=None):
    workspace = np.zeros(64, np.float32)
    result = np.zeros((2, 64), np.float32)
    arguments = [("out", workspace), ("out", result)]
    if message is None:
        run_program(arguments, vector=vector, cube=cube)
        return result
    with pytest.raises(SfumatoError, match=message):
        run_program(arguments, vector=vector, cube=cube)
    return None


def cross(pipe=None, number=0):
    if pipe is None:
        return make("cross_wait", id=number, mode=2)
    return make("cross_set", pipe=pipe, id=number, mode=2)


CUBE = [
    arg(1),
    make("mmad", dst=0, a=0, b=0, m=1, n=64, k=0, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="none"),
    *flag("M", "FIX"),
    make(
        "fixpipe", dst=R(1), src=0, m=1, n=64, src_rows=16, dst_stride=256, quant="none", relu=0, atomic="none", scale=0,
        acc="f32", type="f32",
    ),
    cross("FIX"),
]  # fmt: skip
VECTOR = [
    arg(1), arg(2, 1), make("sub_idx", rd=3), make("mul", rd=4, a=R(3), b=256), make("add", rd=2, a=R(2), b=R(4)),
    cross(), load(0, R(1)), *flag("MTE2", "MTE3"), store(R(2), 0),
]  # fmt: skip


def test_cube_hands_over_to_its_vector_cores(run_program):
    result = mix(run_program, CUBE, VECTOR)
    np.testing.assert_array_equal(result, 0)
    mix(run_program, CUBE[:-1], without(VECTOR, 5), "of gm, .*, are written by one instruction and read by another")
    mix(run_program, CUBE[:-1], VECTOR, "deadlock: no core can proceed")
    mix(run_program, CUBE, without(VECTOR, 5), "cross-core flag 0 of block 0, vector core 0 is still 1 at the end")


def test_the_cube_core_waits_for_both_vector_cores(run_program):
    reply = [cross("MTE2", 1)]
    mix(run_program, [*CUBE, cross(None, 1)], VECTOR + reply)
    one_of_them = [make("if", a=R(3)), *reply, make("end")]
    mix(run_program, [*CUBE, cross(None, 1)], VECTOR + one_of_them, "deadlock: no core can proceed")


def test_signals_of_one_flag_from_two_queues(run_program):
    """A counter does not say which signal was taken: the vector core may go on before the accumulators are stored."""
    early = [CUBE[0], cross("MTE2"), *CUBE[1:]]
    twice = [*VECTOR[:6], cross(), *VECTOR[6:]]
    mix(run_program, early, twice, "cross-core flag 0 is set twice by one core, in an order that nothing fixes")
    mix(run_program, [CUBE[0], cross("FIX"), *CUBE[1:]], twice)


def test_cross_core_counters_are_limited(run_program):
    many = [make("loop", rd=9, lower=0, upper=16, step=1), cross("FIX", 3), make("end")]
    waits = [make("loop", rd=9, lower=0, upper=16, step=1), cross(None, 3), make("end")]
    mix(run_program, [*CUBE, *many], VECTOR + waits, "cross-core flag 3 counts beyond 15")


def test_consecutive_mmads_into_one_accumulator_are_interlocked(run_program):
    accumulate = make(
        "mmad", dst=0, a=0, b=0, m=1, n=64, k=0, init=0, bias=0, use_bias=0, type="f32", acc="f32", mode="none"
    )
    mix(run_program, [*CUBE[:2], accumulate, *CUBE[2:]], VECTOR)
    mix(
        run_program, without(CUBE, 2, 3), VECTOR, "of l0c, 0x0 to .* are written by one instruction and read by another"
    )


def test_padding_of_fractals_may_be_anything(run_program):
    """nd2nz and load_l0a move whole fractals; only the logical part must hold data."""
    a, b = np.ones((3, 5), np.float32), np.ones((2, 5), np.float32)
    out = np.zeros((3, 2), np.float32)
    nd = [
        make("nd2nz", dst=d, src=R(r), rows=rows, cols=5, src_stride=20, dst_rows=16, type="f32")
        for d, r, rows in ((0, 1, 3), (512, 2, 2))
    ]
    program = [
        arg(1), arg(2, 1), arg(3, 2), *nd, *flag("MTE2", "MTE1"),
        make("load_l0a", dst=0, src=0, m=3, k=5, src_rows=16, transpose=0, type="f32"),
        make("load_l0b", dst=0, src=512, n=2, k=5, src_rows=16, transpose=0, type="f32"),
        *flag("MTE1", "M"),
        make("mmad", dst=0, a=0, b=0, m=3, n=2, k=5, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="none"),
        *flag("M", "FIX"),
        make("fixpipe", dst=R(3), src=0, m=3, n=2, src_rows=16, dst_stride=8, quant="none", relu=0, atomic="none", scale=0,
             acc="f32", type="f32"),
    ]  # fmt: skip
    run_program([("in", a), ("in", b), ("out", out)], cube=program)
    np.testing.assert_array_equal(out, 5)
    wide = [*program]
    wide[-4] = make(
        "mmad", dst=0, a=0, b=0, m=4, n=2, k=5, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="none"
    )
    with pytest.raises(SfumatoError, match="20 bytes of l0a were never written"):
        run_program([("in", a), ("in", b), ("out", out)], cube=wide)


def test_writing_an_input_is_an_error(check):
    fault(check, "writes to 'x0', which is read-only", [arg(1), dup(0), *flag("V", "MTE3"), store(R(1), 0)])


def test_a_register_out_of_range_is_an_error(check):
    program = [make("li", rd=1, value_lo=65, value_hi=0), dup(0)]
    program[1] = make("vdup", dst=0, scalar=0, count=64, mask=R(1), dst_blk=1, dst_rep=8, type="f32")
    fault(check, "a repeat has at most 64 elements here, got mask=65", program)
    program[1] = make("vdup", dst=R(1), scalar=0, count=64, mask=64, dst_blk=1, dst_rep=8, type="f32")
    fault(check, "field 'dst' is 65, outside 0 to .* in multiples of 32", program)


def test_too_many_blocks(check):
    fault(check, "has 5 blocks; the machine runs 1 to 4", [dup(0)], blocks=5)
