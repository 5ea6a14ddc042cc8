"""A kernel that copies a tensor within global memory: for results of a model that no kernel computes."""

from __future__ import annotations

from xdsl.dialects.builtin import DictionaryAttr, StringAttr
from xdsl.ir import Attribute, Block, Region

from dialects.isa import INSTRUCTIONS
from dialects.isa.fields import Register
from dialects.isa.instruction import FieldValue, Instruction
from dialects.isa.structure import KernelOp, kernel_op, program_op
from passes.isa.host_program import tensor_bytes
from runtime.machine.description import Machine

_SOURCE, _TARGET, _BYTES, _AT, _LEFT, _FROM, _TO = (Register(number) for number in range(7))


def copy_kernel(name: str, type: Attribute, machine: Machine) -> KernelOp:
    """Return a kernel with the arguments ``source`` and ``target``, both of ``type``: vector cores take chunks in
    turn."""
    size = tensor_bytes(type)
    chunk = machine.ub_bytes // 2
    blocks = max(1, min(machine.vector_cores, -(-size // chunk)))
    arguments = [
        DictionaryAttr({"name": StringAttr(label), "type": type, "direction": StringAttr(direction)})
        for label, direction in (("source", "in"), ("target", "out"))
    ]
    program = program_op("vector", Region(Block(_instructions(size, chunk, blocks))))
    return kernel_op(name, "vector", blocks, arguments, Region(Block([program])))


def _instructions(size: int, chunk: int, blocks: int) -> list[Instruction]:
    once = {"bursts": 1, "burst_bytes": _LEFT, "src_stride": 0, "dst_stride": 0}
    return [
        _make("arg", rd=_SOURCE, index=0),
        _make("arg", rd=_TARGET, index=1),
        _make("li", rd=_BYTES, value_lo=_signed(size), value_hi=size >> 32),
        _make("block_idx", rd=_AT),
        _make("mul", rd=_AT, a=_AT, b=chunk),
        _make("loop", rd=_AT, lower=_AT, upper=_BYTES, step=blocks * chunk),
        _make("sub", rd=_LEFT, a=_BYTES, b=_AT),
        _make("min", rd=_LEFT, a=_LEFT, b=chunk),
        _make("add", rd=_FROM, a=_SOURCE, b=_AT),
        _make("add", rd=_TO, a=_TARGET, b=_AT),
        _make("copy_gm_ub", dst=0, src=_FROM, **once),
        _make("set_flag", src="MTE2", dst="MTE3", id=0),
        _make("wait_flag", src="MTE2", dst="MTE3", id=0),
        _make("copy_ub_gm", dst=_TO, src=0, **once, atomic="none", type="u8"),
        _make("set_flag", src="MTE3", dst="MTE2", id=0),
        _make("wait_flag", src="MTE3", dst="MTE2", id=0),
        _make("end"),
    ]


def _make(mnemonic: str, **fields: FieldValue) -> Instruction:
    return INSTRUCTIONS[mnemonic].make(None, **fields)


def _signed(value: int) -> int:
    """Return the low 32 bits of a value as the signed number that an instruction field holds."""
    low = value & 0xFFFFFFFF
    return low - (1 << 32) if low >= 1 << 31 else low
