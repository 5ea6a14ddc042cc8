"""Faults within one core, each in a minimal program that must be reported, beside the correct one that must pass."""

import numpy as np
import pytest

from dialects.isa.fields import Register as R

VALUES = np.arange(64, dtype=np.float32)


@pytest.fixture
def pipeline(code):
    return [
        code.arg(1), code.arg(2, 1), code.load(0, R(1)), *code.flag("MTE2", "V"), code.add(256, 0, 0), code.barrier,
        code.add(512, 256, 0), *code.flag("V", "MTE3"), code.store(R(2), 512),
    ]  # fmt: skip


def test_a_synchronised_pipeline_passes(check, pipeline):
    out = np.zeros(64, np.float32)
    check(pipeline, [("in", VALUES), ("out", out)])
    np.testing.assert_array_equal(out, 3 * VALUES)


def test_raw_without_a_barrier(fault, pipeline, without):
    fault(
        r"race: 256 bytes of ub, 0x100 to 0x1ff, are written (.*\n)*.*model.py:7(.*\n)*.*put `barrier pipe=V`",
        without(pipeline, 6),
    )


def test_raw_between_queues_without_a_flag(fault, pipeline, without):
    fault("of ub, 0x0 to 0xff, are written by one instruction and read by another", without(pipeline, 3, 4))
    fault("of ub, 0x200 to 0x2ff, are written by one instruction and read by another", without(pipeline, 8, 9))


def test_an_operation_in_place_does_not_hide_who_read_before_it(check, fault, code):
    """The second add reads and overwrites what the first one reads: its own read is not the last one that matters."""
    program = [code.dup(0), code.barrier, code.add(256, 0, 0), code.add(0, 0, 0)]
    fault("of ub, 0x0 to 0xff, are read by one instruction and overwritten by another", program)
    check([*program[:3], code.barrier, program[3]])


def test_the_order_of_a_queue_is_the_order_of_issue(check, fault, code):
    """A flag passes on what was complete when it was set, and nothing of what its queue did only start."""
    late = [code.arg(1), code.load(0, R(1)), *code.flag("MTE2", "V"), code.load(256, R(1)), code.add(512, 0, 256)]
    fault("of ub, 0x100 to 0x1ff, are written by one instruction and read by another", late)
    check([*late[:2], late[4], *late[2:4], late[5]])
    around = [code.dup(0), *code.flag("V", "MTE2"), *code.flag("MTE2", "V"), code.add(256, 0, 0)]
    check(around)  # once round through another queue is as good as a barrier


def test_war_between_queues(check, fault, code, pipeline):
    again = [*pipeline[:6], code.make("barrier", pipe="MTE2"), code.load(0, R(1)), *pipeline[6:]]
    fault("of ub, 0x0 to 0xff, are read by one instruction and overwritten by another", again)
    check([*pipeline[:8], *code.flag("V", "MTE2"), code.load(0, R(1)), *pipeline[8:]])


def test_overlapping_loads_of_one_queue(check, fault, code):
    twice = [code.arg(1), code.load(0, R(1)), code.load(128, R(1)), *code.flag("MTE2", "V"), code.add(1024, 0, 0)]
    fault("of ub, 0x80 to 0xff, are written by two instructions", twice)
    check([*twice[:2], code.make("barrier", pipe="MTE2"), *twice[2:]])


def test_barrier_all_orders_every_queue(check, code):
    check(
        [
            code.arg(1),
            code.load(0, R(1)),
            code.make("barrier", pipe="ALL"),
            code.add(256, 0, 0),
            code.make("barrier", pipe="ALL"),
            code.load(256, R(1)),
        ]
    )


def test_uninitialised_read(check, fault, code):
    fault("256 bytes of ub were never written, the first at 0x100", [code.dup(0), code.barrier, code.add(512, 0, 256)])
    check([code.dup(0), code.dup(256), code.barrier, code.add(512, 0, 256)])


def test_uninitialised_tail_of_a_vector(check, fault, code):
    fault(
        "4 bytes of ub were never written, the first at 0xfc",
        [code.dup(0, count=63), code.barrier, code.add(512, 0, 0)],
    )
    check([code.dup(0, count=63), code.barrier, code.add(512, 0, 0, count=63)])


def test_uninitialised_bytes_travel_with_copies(fault, code):
    program = [
        code.arg(1),
        code.arg(2, 1),
        code.store(R(2), 0),
        code.make("barrier", pipe="ALL"),
        code.load(512, R(2)),
        *code.flag("MTE2", "V"),
        code.add(1024, 512, 512),
    ]
    fault("256 bytes of ub were never written, the first at 0x200", program)


def test_event_set_twice(fault, code):
    fault("the event is set twice before a wait", [code.make("set_flag", src="MTE2", dst="V", id=0)] * 2)


def test_event_that_may_be_set_again_before_its_wait(check, fault, code):
    ahead = [
        code.arg(1),
        code.load(0, R(1)),
        *code.flag("MTE2", "V"),
        code.load(512, R(1)),
        *code.flag("MTE2", "V"),
        code.add(1024, 512, 0),
    ]
    fault("may be set again before the wait for its last setting", ahead)
    check([*ahead[:4], *code.flag("V", "MTE2"), *ahead[4:]])


def test_event_left_set(fault, code):
    fault(
        "stray flag: event MTE2 to V, id 3, is still set at the end",
        [code.make("set_flag", src="MTE2", dst="V", id=3)],
    )


def test_wait_for_nothing_is_a_deadlock(fault, code):
    fault(r"deadlock.*queue V waits forever at .*wait_flag src=MTE2, dst=V, id=1", [code.flag("MTE2", "V", 1)[1]])
    fault("the scalar unit waits for an event", [code.make("wait_flag", src="V", dst="S", id=0)])


def test_a_wait_may_come_before_its_set(check, code):
    out = np.zeros(64, np.float32)
    program = [
        code.arg(1),
        code.arg(2, 1),
        *reversed(code.flag("V", "MTE3")),
        code.store(R(2), 256),
        code.load(0, R(1)),
        *code.flag("MTE2", "V"),
        code.add(256, 0, 0),
    ]
    wait, late_set = program[2], program[3]
    check([*program[:2], wait, program[4], *program[5:], late_set], [("in", VALUES), ("out", out)])
    np.testing.assert_array_equal(out, 2 * VALUES)


def test_scalar_loads_need_a_flag(check, fault, code, without):
    data = np.arange(8, dtype=np.int32)
    read = code.make("load_ub", rd=3, src=4, type="i32")
    program = [code.arg(1), code.load(0, R(1), 32), *code.flag("MTE2", "S"), read]
    check(program, [("in", data)])
    fault(
        "of ub, 0x4 to 0x7, are written by one instruction and read by another",
        without(program, 2, 3),
        [("in", data)],
    )


def test_writing_an_input_is_an_error(fault, code):
    fault(
        "writes to 'x0', which is read-only", [code.arg(1), code.dup(0), *code.flag("V", "MTE3"), code.store(R(1), 0)]
    )


def test_a_register_out_of_range_is_an_error(fault, code):
    program = [code.make("li", rd=1, value_lo=65, value_hi=0), code.dup(0)]
    program[1] = code.make("vdup", dst=0, scalar=0, count=64, mask=R(1), dst_blk=1, dst_rep=8, type="f32")
    fault("a repeat has at most 64 elements here, got mask=65", program)
    program[1] = code.make("vdup", dst=R(1), scalar=0, count=64, mask=64, dst_blk=1, dst_rep=8, type="f32")
    fault("field 'dst' is 65, outside 0 to .* in multiples of 32", program)
