"""Small programs for the sanitizer: instructions by their short names, and runs that must pass or be reported."""

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS

VALUES = np.arange(64, dtype=np.float32)


class Instructions:
    """Instructions of the programs to check, each with the fields that matter here."""

    barrier = INSTRUCTIONS["barrier"].make(pipe="V")

    def make(self, name, **fields):
        return INSTRUCTIONS[name].make(**fields)

    def arg(self, register, index=0):
        return self.make("arg", rd=register, index=index)

    def load(self, dst, src, size=256):
        return self.make("copy_gm_ub", dst=dst, src=src, bursts=1, burst_bytes=size, src_stride=size, dst_stride=256)

    def store(self, dst, src, size=256, atomic="none", dtype="f32"):
        return self.make(
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

    def add(self, dst, a, b, count=64):
        strides = dict(dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8)
        return self.make("vadd", dst=dst, src0=a, src1=b, count=count, mask=64, **strides, type="f32")

    def dup(self, dst, value=1.0, count=64):
        bits = int(np.float32(value).view(np.int32))
        return self.make("vdup", dst=dst, scalar=bits, count=count, mask=64, dst_blk=1, dst_rep=8, type="f32")

    def flag(self, src, dst, number=0):
        return [self.make("set_flag", src=src, dst=dst, id=number), self.make("wait_flag", src=src, dst=dst, id=number)]

    def cross(self, pipe=None, number=0):
        """A cross-core flag: set after what the pipe does, or waited for."""
        if pipe is None:
            return self.make("cross_wait", id=number, mode=2)
        return self.make("cross_set", pipe=pipe, id=number, mode=2)


@pytest.fixture
def code():
    return Instructions()


@pytest.fixture
def check(run_program):
    """A vector program passes; by default it has an input of 0 to 63 and an output of 64 elements."""

    def run(vector, arguments=None, **where):
        default = [("in", VALUES), ("out", np.zeros(64, np.float32))]
        run_program(default if arguments is None else arguments, vector=vector, **where)

    return run


@pytest.fixture
def fault(check):
    """A vector program is reported: ``fault(message, program, ...)``."""

    def run(message, program, *arguments, **where):
        with pytest.raises(SfumatoError, match=message):
            check(program, *arguments, **where)

    return run


@pytest.fixture
def without():
    """A program less some of its instructions."""
    return lambda program, *indices: [item for i, item in enumerate(program) if i not in indices]
