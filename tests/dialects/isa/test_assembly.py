import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.assembly import AssembledArgument, AssembledKernel, parse_kernel, print_kernel
from dialects.isa.encoding import decode, decode_fields, encode

HEADER = ".kernel k kind=vector blocks=2 target=ascend910b3\n.arg x f32 [4,8] in\n.vector\n"


@st.composite
def instructions(draw, core):
    names = [
        name for name, cls in INSTRUCTIONS.items() if cls.core in ("any", core) and name not in ("loop", "if", "end")
    ]
    instruction = INSTRUCTIONS[draw(st.sampled_from(names))]
    values, registers = [], 0
    for position, field in enumerate(instruction.fields):
        if field.enumeration is not None:
            values.append(int(draw(st.sampled_from(list(field.enumeration)))))
        elif field.takes_register and draw(st.booleans()):
            registers |= 1 << position
            values.append(draw(st.integers(0, 255)))
        else:
            low, high = -(-field.low // field.multiple), field.high // field.multiple
            values.append(draw(st.integers(low, high)) * field.multiple)
    return instruction, tuple(values), registers


def legal(core, picked):
    from dialects.isa.structure import program_faults

    instruction, values, registers = picked
    if instruction.mnemonic == "arg" and not registers:
        return False
    if any(instruction.violations(values, registers)):
        return False
    return not list(program_faults(core, [(instruction, values)]))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(["cube", "vector"]))
def test_encoding_and_assembly_are_inverse(data, core):
    picked = [p for p in data.draw(st.lists(instructions(core), max_size=20)) if legal(core, p)]
    words = encode(cls.build(values, registers) for cls, values, registers in picked)
    assert decode_fields(words) == picked
    assert [op.values for op in decode(words)] == [values for _, values, _ in picked]
    arguments = (AssembledArgument("x", DType.bf16, (3, 5), "in"), AssembledArgument("s", DType.i64, (), "inout"))
    programs = (words, None) if core == "cube" else (None, words)
    kernel = AssembledKernel("name", core, 3, "tiny", arguments, *programs)
    text = print_kernel(kernel)
    read = parse_kernel(text, "k.s")
    assert (read.name, read.kind, read.blocks, read.target, read.arguments) == ("name", core, 3, "tiny", arguments)
    assert np.array_equal(read.cube if core == "cube" else read.vector, words)
    assert print_kernel(read) == text


def test_most_generated_instructions_of_each_class_are_reachable():
    """Every class has one example that is legal: the one of its docstring."""
    for mnemonic, instruction in INSTRUCTIONS.items():
        example = " ".join(instruction.__doc__.split("```mlir")[1].split("```")[0].split())
        core = "cube" if instruction.core == "cube" else "vector"
        body = example.removeprefix("isa.")
        closing = "\nend" if mnemonic in ("loop", "if") else ""
        opening = "if a=1\n" if mnemonic == "end" else ""
        arguments = ".arg a i8 [] in\n"
        pipe_of_cube = any(pipe in body for pipe in ("=FIX", "=MTE1", "=M,"))
        core = "cube" if pipe_of_cube else core
        text = f".kernel k kind={core} blocks=1 target=tiny\n{arguments}.{core}\n{opening}{body}{closing}\n"
        assert parse_kernel(text, "k.s").name == "k"


def test_lines_comments_and_nesting():
    text = HEADER + "// first\n\n  loop rd=r1, lower=0, upper=4, step=1 // loop\n    barrier pipe=V\n  end"
    kernel = parse_kernel(text, "k.s")
    assert kernel.vector_lines == (6, 7, 8)
    assert kernel.arguments == (AssembledArgument("x", DType.f32, (4, 8), "in"),)
    assert "\n  loop rd=r1, lower=0, upper=4, step=1\n    barrier pipe=V\n  end\n" in print_kernel(kernel)


def test_numbers_of_the_instructions_type():
    kernel = parse_kernel(
        HEADER + "vdup dst=[0], scalar=-1.5, count=64, mask=64, dst_blk=1, dst_rep=8, type=f16", "k.s"
    )
    assert kernel.vector is not None
    assert int(kernel.vector["f"][0][1]) == int(np.float16(-1.5).view(np.int16))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("vadd", "k.s:4:1: vadd has dst, src0"),
        ("frob dst=[0]", "k.s:4:1: there is no instruction 'frob'"),
        ("  barrier pipe=", "k.s:4:16: expected '[' or a name or a number, got the end of the line"),
        ("barrier pipe=V, pipe=V", "k.s:4:1: barrier has pipe; got 2 fields"),
        ("barrier queue=V", "k.s:4:9: expected field 'pipe', got 'queue'"),
        ("barrier pipe=X", "k.s:4:1: barrier: field 'pipe': expected one of S, V, M"),
        ("barrier pipe=FIX", "k.s:4:1: the vector core has no queue FIX"),
        ("load_ub rd=r1, src=64, type=i32", "k.s:4:20: field 'src': expected an address in brackets"),
        ("load_ub rd=5, src=[64], type=i32", "field 'rd': expected a register, got '5'"),
        ("load_ub rd=r300, src=[64], type=i32", "field 'rd': 300 is outside 0 to 255"),
        ("add rd=r1, a=r256, b=1", "there is no register r256"),
        ("arg rd=r1, index=1", "k.s:4:1: the kernel has 1 arguments, there is none with index 1"),
        ("set_flag src=V, dst=V, id=0", "between two different queues"),
        ("set_flag src=V, dst=MTE3, id=8", "field 'id': 8 is outside 0 to 7"),
        ("load_bt dst=[0], src=[0], bytes=64", "load_bt belongs to the cube core"),
        ("if a=1", "k.s:4:1: no end closes this loop or if"),
        ("end", "k.s:4:1: end closes nothing"),
        (
            "vabs dst=[0], src=[16], count=1, mask=1, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32",
            "16 is not a multiple of 32",
        ),
        (
            "vabs dst=[0], src=[0], count=1, mask=65, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32",
            "at most 64 elements",
        ),
        (
            "vabs dst=[0], src=[0], count=256, mask=1, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32",
            "more than 255",
        ),
        (
            "vabs dst=[0], src=[0], count=1, mask=1, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=bf16",
            "does not compute in bf16",
        ),
        ("barrier pipe=V $", "k.s:4:16: expected"),
    ],
)
def test_errors_name_the_place(line, message):
    with pytest.raises(SfumatoError) as caught:
        parse_kernel(HEADER + line + "\n", "k.s")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "k.s:1:1: expected '.kernel', got the end of the"),
        (".kernel k blocks=1 target=t\n.vector\n", "k.s:1:9: the kernel lacks option kind="),
        (".kernel k kind=gpu blocks=1 target=t\n", "k.s:1:16: expected kind cube or vector or mix, got 'gpu'"),
        (
            ".kernel k kind=mix blocks=1 target=t\n.vector\n",
            "a kernel of kind mix has section .cube and .vector, got vector",
        ),
        (".kernel k kind=cube blocks=0 target=t\n.cube\n", "expected an integer of at least 1, got '0'"),
        (".kernel k kind=cube blocks=1 target=t\n.arg x f31 [1] in\n.cube\n", "k.s:2:8: expected element type"),
        (".kernel k kind=cube blocks=1 target=t\n.cube\n.cube\n", "k.s:3:1: a second section .cube"),
    ],
)
def test_header_errors(text, message):
    with pytest.raises(SfumatoError) as caught:
        parse_kernel(text, "k.s")
    assert message in str(caught.value)


def test_decode_refuses_words_that_are_no_instructions():
    words = encode([INSTRUCTIONS["barrier"].make(pipe="V")])
    words["opcode"] = 999
    with pytest.raises(SfumatoError, match="word 0: there is no instruction with opcode 999"):
        decode(words)
    words = encode([INSTRUCTIONS["barrier"].make(pipe="V")])
    words["f"][0][3] = 1
    with pytest.raises(SfumatoError, match="unused bits"):
        decode(words)
