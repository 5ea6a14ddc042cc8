import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from dialects.isa.fields import Register as R
from runtime.functional.binding import HANDLERS
from runtime.functional.interpreter import run
from runtime.machine.description import load
from runtime.program import Argument, Buffer, Kernel, Launch, Program


def make(name, **fields):
    return INSTRUCTIONS[name].make(**fields)


def flag(src, dst):
    return [make("set_flag", src=src, dst=dst, id=0), make("wait_flag", src=src, dst=dst, id=0)]


def copy(name, dst, src, **extra):
    return make(name, dst=dst, src=src, bursts=1, burst_bytes=256, src_stride=256, dst_stride=256, **extra)


BINARY = dict(count=64, mask=64, dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8, type="f32")


def kernel(name, instruction, directions):
    program = [
        *(make("arg", rd=i, index=i) for i in range(3)),
        copy("copy_gm_ub", 0, R(0)), copy("copy_gm_ub", 256, R(1)), *flag("MTE2", "V"),
        make(instruction, dst=512, src0=0, src1=256, **BINARY), *flag("V", "MTE3"),
        copy("copy_ub_gm", R(2), 512, atomic="none", type="f32"),
    ]  # fmt: skip
    arguments = [Argument(f"a{i}", "f32", (64,), direction) for i, direction in enumerate(directions)]
    return Kernel(name, "vector", 1, arguments, vector=encode(program))


def buffer(name, kind, address, **more):
    return Buffer(name, 256, kind, "f32", (64,), address, **more)


@pytest.fixture
def program():
    """out = (x * w + x) * c, with temporaries that share memory; w is a zero-stride view, c is updated in place."""
    w = np.broadcast_to(np.float32(3), (64,))
    buffers = [
        buffer("x", "input", 512, index=0), buffer("w", "weight", 1024, key="w"), buffer("t", "temporary", 2048),
        buffer("u", "temporary", 2048 + 256), buffer("out", "output", 4096, index=0), buffer("c", "input", 5120, index=1),
    ]  # fmt: skip
    kernels = [kernel("mul", "vmul", ("in", "in", "out")), kernel("add", "vadd", ("in", "in", "out"))]
    kernels.append(kernel("scale", "vmul", ("inout", "in", "out")))
    launches = [
        Launch(0, ((0, 0), (1, 0), (2, 0))),
        Launch(1, ((2, 0), (0, 0), (3, 0))),
        Launch(2, ((5, 0), (3, 0), (4, 0))),
    ]
    return Program("tiny", kernels, buffers, launches, weights={"w": w})


@pytest.mark.parametrize("sanitize", [False, True])
def test_a_program_of_several_kernels(program, sanitize):
    x, c = np.arange(64, dtype=np.float32), np.full(64, 2, np.float32)
    (out,) = run(program, [x, c], load("tiny"), sanitize=sanitize)
    np.testing.assert_array_equal(out, 8 * x)
    np.testing.assert_array_equal(c, 2)


def test_inputs_are_checked(program):
    x = np.zeros(64, np.float32)
    with pytest.raises(SfumatoError, match="has 2 inputs, got 1"):
        run(program, [x], load("tiny"))
    with pytest.raises(SfumatoError, match=r"input 'c' must be f32 of shape \(64,\), got float64"):
        run(program, [x, np.zeros(64)], load("tiny"))


def test_a_reused_temporary_is_not_initialised(program):
    program.buffers[3] = buffer("u", "temporary", 2048)
    program.launches[1:] = [Launch(1, ((3, 0), (0, 0), (4, 0)))]
    x = np.zeros(64, np.float32)
    (out,) = run(program, [x, x], load("tiny"))
    assert np.isnan(out).all()
    with pytest.raises(SfumatoError, match=r"kernel 'add'\n.*: 256 bytes of ub were never written"):
        run(program, [x, x], load("tiny"), sanitize=True)


def test_an_output_nobody_writes(program):
    program.launches.pop()
    x = np.zeros(64, np.float32)
    with pytest.raises(SfumatoError, match="output 'out' is never written"):
        run(program, [x, x], load("tiny"))


def test_every_instruction_is_executed_by_some_unit():
    scalar_and_sync = {op.opcode for op in INSTRUCTIONS.values() if op.opcode < 48}
    assert set(HANDLERS) | scalar_and_sync == {op.opcode for op in INSTRUCTIONS.values()}
    assert not set(HANDLERS) & scalar_and_sync
