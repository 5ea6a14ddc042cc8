"""Hand-written assembly with each kind of fault, through the command line: one clear message and exit code 1."""

import re

import numpy as np
import pytest

VECTOR = """.kernel k kind=vector blocks={blocks} target=tiny
.arg x f32 [64] in
.arg z f32 [64] out
.vector
  arg rd=r0, index=0
  arg rd=r1, index=1
{body}
"""
LOAD = "copy_gm_ub dst=[0], src=[r0], bursts=1, burst_bytes=256, src_stride=0, dst_stride=256"
STORE = "copy_ub_gm dst=[r1], src=[{at}], bursts=1, burst_bytes=256, src_stride=256, dst_stride=0, atomic={atomic}, type=f32"
STRIDES = "dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8"
ADD = f"vadd dst=[256], src0=[{{a}}], src1=[0], count=64, mask=64, {STRIDES}, type=f32"


def store(at=256, atomic="none"):
    return STORE.format(at=at, atomic=atomic)


def add(a=0):
    return ADD.format(a=a)


def flag(source, target, number=0):
    return [f"set_flag src={source}, dst={target}, id={number}", f"wait_flag src={source}, dst={target}, id={number}"]


SOUND = [LOAD, *flag("MTE2", "V"), add(), *flag("V", "MTE3"), store()]

FAULTS = {
    "race of two queues": ([LOAD, add(), *flag("V", "MTE3"), store()], "race: 256 bytes of ub, 0x0 to 0xff"),
    "race in a queue": ([LOAD, *flag("MTE2", "V"), add(), add(256), *flag("V", "MTE3"), store()], "put `barrier pipe=V` in between"),
    "deadlock": ([LOAD, flag("MTE2", "V")[1], add()], "deadlock in block 0, vector core 0: queue V waits forever at .*wait_flag"),
    "deadlock of a full queue": (
        [flag("MTE2", "V")[1], *["barrier pipe=V"] * 32, *SOUND, flag("MTE2", "V")[0]],
        "queue V is full, so that the scalar unit cannot issue this: 32 instructions wait behind",
    ),
    "stray flag": ([*SOUND, "set_flag src=V, dst=MTE2, id=3"], "stray flag: event V to MTE2, id 3, is still set"),
    "flag set twice": ([flag("V", "MTE2")[0], *SOUND[:3], flag("V", "MTE2")[0]], "the event is set twice before a wait"),
    "flag set again too early": ([*SOUND[:3], LOAD, *flag("MTE2", "V"), *SOUND[3:]], "may be set again before the wait"),
    "stray cross-core flag": (
        [*SOUND, "cross_set pipe=MTE3, id=1, mode=0"],
        "stray flag: cross-core flag 1 of block 0, vector core 0 is still 1",
    ),
    "rendezvous that never comes": (
        ["block_idx rd=r2", "if a=r2", "cross_set pipe=MTE3, id=1, mode=0", "end", "cross_wait id=1, mode=0"],
        "deadlock: no core can proceed",
    ),
    "counter above 15": (
        ["block_idx rd=r2", "if a=r2", *["cross_set pipe=MTE3, id=1, mode=0"] * 16, "end", "cross_wait id=1, mode=0"],
        "cross-core flag 1 is set more than 15 times",
    ),
    "out of a buffer on chip": ([LOAD.replace("dst=[0]", "dst=[32640]")], "access to bytes 0x7f80 to 0x807f of ub, which has 0x8000"),
    "out of every buffer in global memory": (
        ["add rd=r0, a=r0, b=4096", LOAD],
        "access to global memory .* is outside every buffer of the kernel; the kernel's buffers:(\n  .*){2}",
    ),
    "over the end of a buffer": (["add rd=r0, a=r0, b=32", LOAD], "is not inside one buffer, it overlaps x"),
    "never written on chip": (["barrier pipe=V", add(512), *flag("V", "MTE3"), store()], "uninitialised read: 256 bytes of ub"),
    "never written in global memory": ([*SOUND[:-1], store(atomic="add")], "uninitialised read: 256 bytes of gm"),
    "output not written": (SOUND[:-1], "256 bytes of output 'z' are never written|output 'z' is never written"),
    "misaligned": (["li rd=r2, value_lo=4, value_hi=0", LOAD.replace("[0]", "[r2]")], "field 'dst' is 4, outside 0 to .* in multiples of 32"),
    "write to an input": ([LOAD, *flag("MTE2", "MTE3"), store(0).replace("r1", "r0")], "writes to 'x', which is read-only"),
}  # fmt: skip


@pytest.fixture
def run_assembly(tmp_path, sfumato_command):
    """Assemble a kernel and run it with the sanitizer; returns what the command left."""

    def run(text):
        source, program, tensors = (tmp_path / name for name in ("k.s", "k.sfu", "k.npz"))
        source.write_text(text)
        np.savez(tensors, in0=np.arange(64, dtype=np.float32))
        assembled = sfumato_command("asm", source, "-o", program)
        return assembled if assembled.code else sfumato_command("run", program, "--inputs", tensors, "--sanitize")

    return run


def vector(body, blocks=1):
    return VECTOR.format(blocks=blocks, body="\n".join(f"  {line}" for line in body))


def test_a_sound_kernel_passes(run_assembly):
    assert run_assembly(vector(SOUND)).code == 0


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_clear_message(name, run_assembly):
    body, message = FAULTS[name]
    finished = run_assembly(vector(body, blocks=2 if "block_idx rd=r2" in body else 1))
    assert finished.code == 1
    assert finished.err.startswith("sfumato: error: ")
    assert "Traceback" not in finished.err
    assert re.search(message, finished.err), finished.err
    assert re.search(r"k\.s:\d+|output 'z'|cross-core flag 1 of", finished.err)


ILLEGAL = {
    "a queue the core does not have": (["barrier pipe=M"], "the vector core has no queue M"),
    "an instruction of the other core": (
        ["load_l0a dst=[0], src=[0], m=16, k=16, src_rows=16, transpose=0, type=f16"],
        "load_l0a belongs to the cube core",
    ),
    "a data path that does not exist": (["copy_ub_l1 dst=[0], src=[0]"], "copy_ub_l1"),
    "an event that is no event": (["set_flag src=V, dst=MTE2, id=8"], "field 'id': 8 is outside 0 to 7"),
    "a misaligned address": ([LOAD.replace("dst=[0]", "dst=[16]")], "field 'dst': 16 is not a multiple of 32"),
    "a type the instruction has not": ([add().replace("f32", "i8")], "vadd"),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_what_is_illegal_is_not_assembled(name, run_assembly):
    body, message = ILLEGAL[name]
    finished = run_assembly(vector(body))
    assert finished.code == 1
    assert message in finished.err
    assert "Traceback" not in finished.err


def sums(kind):
    """Block 0 writes z; then all blocks, which met, add to it."""
    first = [*flag("MTE2", "MTE3"), "block_idx rd=r2", "eq rd=r3, a=r2, b=0", "if a=r3", store(0), "end"]
    meet = ["cross_set pipe=MTE3, id=0, mode=0", "cross_wait id=0, mode=0"]
    return vector([LOAD, *first, *meet, store(0, "add").replace("f32", kind)], blocks=3)


def test_the_order_of_float_sums_is_a_note(run_assembly):
    finished = run_assembly(sums("f32"))
    assert finished.code == 0
    assert finished.out.startswith("note: kernel 'k': 256 bytes of gm, 0x400 to 0x4ff, are float sums (add f32)")
    assert finished.out.count("copy_ub_gm") == 2
    exact = run_assembly(sums("i32"))
    assert exact.code == 0
    assert "note" not in exact.out
