"""Unit flags order the matrix unit and the fixpipe without set_flag and wait_flag, and what they do not order is reported."""

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa.fields import Register

MMAD = dict(a=0, b=0, m=16, n=16, k=0, bias=0, use_bias=0, type="f16", acc="f32", mode="none", init=1)
FIXPIPE = dict(
    m=16, n=16, src_rows=16, dst_stride=64, quant="none", relu=0, atomic="none", scale=0, acc="f32", type="f32"
)


@pytest.fixture
def run(isa, run_program):
    """Run mmads and fixpipes, given as (name, address in L0C, unit flag); a fixpipe stores zeros to the next 1 KiB."""

    def execute(*steps):
        output = np.ones((len(steps), 16, 16), np.float32)
        program = [isa("arg", rd=Register(0), index=0)]
        for number, (name, address, flag) in enumerate(steps):
            if name == "mmad":
                program.append(isa("mmad", dst=address, unit_flag=flag, **MMAD))
            else:
                program.append(isa("add", rd=Register(1), a=Register(0), b=number * 1024))
                program.append(isa("fixpipe", dst=Register(1), src=address, unit_flag=flag, **FIXPIPE))
        run_program([("out", output)], cube=program)
        return output

    return execute


def test_accumulators_are_handed_over_and_given_back(run):
    output = run(("mmad", 0, 2), ("mmad", 0, 3), ("fixpipe", 0, 3), ("mmad", 0, 3), ("fixpipe", 0, 3))
    assert [bool(one.any()) for one in output] == [True, True, False, True, False]


def test_accumulators_at_different_addresses_do_not_wait_for_each_other(run):
    run(("mmad", 0, 3), ("mmad", 1024, 3), ("fixpipe", 1024, 3), ("fixpipe", 0, 3))


def test_a_fixpipe_may_come_before_its_mmad(run):
    output = run(("fixpipe", 0, 3), ("mmad", 0, 3))
    assert not output[0].any()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((("mmad", 0, 2), ("fixpipe", 0, 3)), "deadlock.*queue FIX waits forever"),
        ((("mmad", 0, 3), ("mmad", 0, 3)), "deadlock.*queue M waits forever"),
        ((("mmad", 0, 3), ("fixpipe", 0, 0), ("fixpipe", 0, 3)), "race: 1024 bytes of l0c"),
        ((("mmad", 0, 3), ("fixpipe", 0, 3), ("mmad", 0, 0)), "race: 1024 bytes of l0c"),
        ((("mmad", 0, 3),), "unit flag of the accumulator at 0x0 of l0c, M to FIX"),
    ],
    ids=["never handed over", "never drained", "fixpipe without", "mmad without", "left"],
)
def test_what_unit_flags_do_not_order_is_reported(run, steps, message):
    with pytest.raises(SfumatoError, match=message):
        run(*steps)
