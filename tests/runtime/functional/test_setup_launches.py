"""Launches that do not depend on the inputs run once for a loaded program."""

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from dialects.isa.fields import Register as R
from runtime.functional import interpreter
from runtime.functional.interpreter import run
from runtime.machine.description import load
from runtime.program import Argument, Buffer, Kernel, Launch, Program

TINY = load("tiny")


def add_kernel(flags=True):
    """a2 = a0 + a1, 64 elements of f32; without ``flags`` its copies race with the sum."""

    def make(name, **fields):
        return INSTRUCTIONS[name].make(**fields)

    burst = dict(bursts=1, burst_bytes=256, src_stride=256, dst_stride=256)

    def sync(src, dst):
        return [make(f"{what}_flag", src=src, dst=dst, id=0) for what in ("set", "wait")] if flags else []

    code = [
        *(make("arg", rd=i, index=i) for i in range(3)),
        make("copy_gm_ub", dst=0, src=R(0), **burst), make("copy_gm_ub", dst=256, src=R(1), **burst), *sync("MTE2", "V"),
        make(
            "vadd", dst=512, src0=0, src1=256, count=64, mask=64, dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8,
            src1_rep=8, type="f32",
        ),
        *sync("V", "MTE3"), make("copy_ub_gm", dst=R(2), src=512, **burst, atomic="none", type="f32"),
    ]  # fmt: skip
    arguments = [Argument(name, "f32", (64,), "out" if name == "c" else "in") for name in "abc"]
    lines = np.full(len(code), -1, np.int32)
    return Kernel("add", "vector", 1, arguments, vector=encode(code), vector_source_of=lines)


def make_program(flags=True):
    """Setup: p = (w + w) + w through a temporary; a run: out = x + p. The temporary shares memory with the run's."""
    places = {"w": "weight", "x": "input", "out": "output", "p": "prepared", "t": "temporary", "u": "temporary"}
    buffers = [
        Buffer(
            name, 256, kind, "f32", (64,), 512 * min(number + 1, 5), 0 if name in ("x", "out") else None,
            "w" if name == "w" else None,
        )
        for number, (name, kind) in enumerate(places.items())
    ]  # fmt: skip
    w, x, out, p, t, u = ((number, 0) for number in range(6))
    return Program(
        "tiny",
        [add_kernel(flags)],
        buffers,
        [Launch(0, (x, x, u)), Launch(0, (x, p, out))],
        weights={"w": np.arange(64, dtype=np.float32)},
        setup=[Launch(0, (w, w, t)), Launch(0, (t, w, p))],
    )


@pytest.fixture
def launched(monkeypatch):
    """How many kernels were launched so far, as the length of a list."""
    count = []
    real = interpreter.launch
    monkeypatch.setattr(interpreter, "launch", lambda *words: (count.append(1), real(*words)))
    return count


@pytest.mark.parametrize("sanitize", [False, True])
def test_setup_runs_once(launched, sanitize):
    program = make_program()
    for number in range(3):
        x = np.full(64, number, np.float32)
        [out] = run(program, [x], TINY, sanitize=sanitize)
        np.testing.assert_array_equal(out, x + 3 * np.arange(64))
    assert len(launched) == 2 + 3 * 2


def test_a_first_run_that_checks_checks_the_setup_too(launched):
    program = make_program(flags=False)
    program.launches = []
    program.buffers = [one for one in program.buffers if one.kind != "output"]
    program.setup = [Launch(0, ((0, 0), (0, 0), (3, 0)))]
    run(program, [np.zeros(64, np.float32)], TINY)
    assert len(launched) == 1
    with pytest.raises(SfumatoError, match="kernel 'add'"):
        run(program, [np.zeros(64, np.float32)], TINY, sanitize=True)


def test_a_run_after_one_that_checked(launched):
    program, x = make_program(), np.zeros(64, np.float32)
    [checked] = run(program, [x], TINY, sanitize=True)
    [out] = run(program, [x], TINY)
    np.testing.assert_array_equal(out, checked)
    assert len(launched) == 2 + 2 * 2


def test_new_weights_are_prepared_anew():
    program, x = make_program(), np.zeros(64, np.float32)
    run(program, [x], TINY)
    program.weights = {"w": np.full(64, 5, np.float32)}
    np.testing.assert_array_equal(run(program, [x], TINY)[0], np.full(64, 15))


def test_a_loaded_program_prepares_for_itself(tmp_path):
    program, x = make_program(), np.ones(64, np.float32)
    expected = run(program, [x], TINY)
    program.save(tmp_path / "p.sfu")
    np.testing.assert_array_equal(run(Program.load(tmp_path / "p.sfu"), [x], TINY), expected)


def test_what_is_prepared_cannot_be_written():
    program = make_program()
    program.launches.append(Launch(0, ((1, 0), (1, 0), (3, 0))))
    with pytest.raises(SfumatoError, match="writes to 'p', which is read-only"):
        run(program, [np.zeros(64, np.float32)], TINY)


def test_setup_has_no_inputs():
    program = make_program()
    program.setup.append(Launch(0, ((1, 0), (1, 0), (4, 0))))
    with pytest.raises(SfumatoError, match="input 'x' is read by a setup launch"):
        run(program, [np.zeros(64, np.float32)], TINY)


def test_nobody_prepared_it():
    program = make_program()
    program.setup.pop()
    with pytest.raises(SfumatoError, match="buffer 'p' is used, but no setup launch writes it"):
        run(program, [np.zeros(64, np.float32)], TINY)
