"""The instruction set: one class an instruction, split by unit; kernels and launches that hold them; two encodings."""

from xdsl.ir import Dialect

from dialects.isa.instruction import Instruction
from dialects.isa.instructions import BY_OPCODE, INSTRUCTIONS
from dialects.isa.structure import BufferOp, KernelOp, LaunchOp, ProgramOp

Isa = Dialect("isa", [*INSTRUCTIONS.values(), KernelOp, ProgramOp, BufferOp, LaunchOp])

__all__ = ["BY_OPCODE", "INSTRUCTIONS", "BufferOp", "Instruction", "Isa", "KernelOp", "LaunchOp", "ProgramOp"]
