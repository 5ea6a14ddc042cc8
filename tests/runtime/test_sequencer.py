import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from dialects.isa.fields import Register as R
from runtime.decoding import decode_program
from runtime.sequencer import Sequencer


def make(name, **fields):
    return INSTRUCTIONS[name].make(**fields)


def emit(value):
    """A non-scalar instruction that shows the value of an operand: the element count of a vci."""
    return make("vci", dst=0, start=value, count=1, type="i32")


def sequencer(instructions, block=0, blocks=1, sub=0, arguments=(), read=lambda space, address, dtype: 0):
    return Sequencer(decode_program(encode(instructions), "k", "vector"), block, blocks, sub, arguments, read)


def values(instructions, **where):
    return [fields[1] for _, _, fields, _ in sequencer(instructions, **where)]


def binary(name, a, b):
    return [make("li", rd=1, value_lo=a, value_hi=-1 if a < 0 else 0), make(name, rd=2, a=R(1), b=b), emit(R(2))]


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1).filter(bool))
@settings(deadline=None, max_examples=30)
def test_arithmetic(a, b):
    expected = {
        "add": a + b, "sub": a - b, "mul": a * b, "div": a // b, "mod": a % b, "min": min(a, b), "max": max(a, b),
        "lt": int(a < b), "le": int(a <= b), "eq": int(a == b), "ne": int(a != b),
    }  # fmt: skip
    for name, value in expected.items():
        assert values(binary(name, a, b)) == [value]


def test_arithmetic_wraps_at_64_bits():
    program = [make("li", rd=1, value_lo=-1, value_hi=2**31 - 1), make("add", rd=2, a=R(1), b=1), emit(R(2))]
    assert values(program) == [-(2**63)]
    program[1] = make("mul", rd=2, a=R(1), b=2)
    assert values(program) == [-2]


def test_li_joins_unsigned_low_and_signed_high_halves():
    assert values([make("li", rd=1, value_lo=-1, value_hi=1), emit(R(1))]) == [(1 << 32) + 0xFFFFFFFF]


def test_where_a_program_runs():
    program = [make("block_idx", rd=1), make("block_num", rd=2), make("sub_idx", rd=3), make("arg", rd=4, index=1)]
    shown = [emit(R(number)) for number in (1, 2, 3, 4)]
    assert values(program + shown, block=3, blocks=7, sub=1, arguments=(64, 1 << 40)) == [3, 7, 1, 1 << 40]


def test_nested_loops_and_branches():
    program = [
        make("loop", rd=1, lower=0, upper=5, step=2),
        make("loop", rd=2, lower=R(1), upper=4, step=1),
        make("mod", rd=3, a=R(2), b=2),
        make("if", a=R(3)),
        make("mul", rd=4, a=R(1), b=10),
        make("add", rd=4, a=R(4), b=R(2)),
        emit(R(4)),
        make("end"),
        make("end"),
        make("end"),
        emit(R(1)),
    ]
    assert values(program) == [10 * i + j for i in range(0, 5, 2) for j in range(i, 4) if j % 2] + [6]


def test_a_loop_of_no_trips_leaves_its_counter_at_the_lower_bound():
    assert values([make("loop", rd=1, lower=3, upper=3, step=1), emit(0), make("end"), emit(R(1))]) == [3]


def test_scalar_instructions_are_counted_between_steps():
    program = [
        make("li", rd=1, value_lo=2, value_hi=0),
        make("loop", rd=2, lower=0, upper=R(1), step=1),
        make("add", rd=3, a=R(2), b=1),
        emit(R(3)),
        emit(7),
        make("end"),
        make("if", a=0),
        emit(0),
        make("end"),
        make("sub_idx", rd=5),
    ]
    running = sequencer(program)
    # li, loop and add; nothing; end and add; nothing; then end, if and sub_idx
    assert [count for _, _, _, count in running] == [3, 0, 2, 0]
    assert running.remaining == 3


def test_scalar_loads_ask_the_memory():
    asked = []

    def read(space, address, dtype):
        asked.append((space, address, dtype))
        return 41

    program = [
        make("load_gm", rd=1, src=R(0), type="i32"),
        make("load_ub", rd=2, src=64, type="i16"),
        emit(R(1)),
        emit(R(2)),
    ]
    assert values(program, read=read) == [41, 41]
    assert asked == [("gm", 0, 3), ("ub", 64, 4)]


def test_steps_name_the_instruction():
    steps = list(sequencer([make("li", rd=1, value_lo=0, value_hi=0), make("barrier", pipe="V"), emit(5)]))
    assert [(index, opcode) for index, opcode, _, _ in steps] == [
        (1, INSTRUCTIONS["barrier"].opcode),
        (2, INSTRUCTIONS["vci"].opcode),
    ]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ([make("loop", rd=1, lower=0, upper=3, step=1)], "has no 'end'"),
        ([make("end")], "closes no 'loop' or 'if'"),
        ([make("div", rd=1, a=1, b=R(2))], "instruction 0 `div rd=r1, a=1, b=r2`: division by zero"),
        ([make("loop", rd=1, lower=0, upper=3, step=R(9)), make("end")], "step of a loop must be positive, not 0"),
        ([make("arg", rd=1, index=2)], "has 0 arguments, not one numbered 2"),
        ([make("loop", rd=1, lower=0, upper=3, step=1), make("add", rd=1, a=0, b=0), make("end")], "counter of a loop"),
        ([make("loop", rd=1, lower=0, upper=3, step=1)] * 17 + [make("end")] * 17, "counter of a loop around it"),
        ([make("if", a=1)] * 17 + [make("end")] * 17, "nested deeper than 16"),
    ],
)
def test_faulty_programs_are_errors(program, message):
    with pytest.raises(SfumatoError, match=r"kernel 'k' \(vector core\)") as raised:
        list(sequencer(program))
    assert message in str(raised.value)


def test_words_that_are_no_instructions_are_errors():
    words = encode([emit(1)])
    words["opcode"] = 9999
    with pytest.raises(SfumatoError, match="no instruction with opcode 9999"):
        decode_program(words, "k", "vector")
    words = encode([emit(1)])
    words["f"][0, 3] = 77
    with pytest.raises(SfumatoError, match="77 is no code of dtype"):
        decode_program(words, "k", "vector")
    with pytest.raises(SfumatoError, match="vci needs a vector core"):
        decode_program(encode([emit(1)]), "k", "cube")


def test_fuzzed_words_never_crash():
    import numpy as np

    random = np.random.default_rng(0)
    for _ in range(300):
        words = encode(
            [emit(1), make("add", rd=1, a=1, b=2), make("loop", rd=1, lower=0, upper=2, step=1), make("end")]
        )
        raw = words.view(np.uint8).copy()
        raw[random.integers(0, len(raw), 3)] = random.integers(0, 256, 3)
        try:
            running = sequencer_of(raw.view(words.dtype))
            for _, _ in zip(running, range(10), strict=False):
                pass
        except SfumatoError:
            pass


def sequencer_of(words):
    return Sequencer(decode_program(words, "k", "vector"), 0, 1, 0, (), lambda *_: 0)
