"""Kernels printed in the manner of AscendC: for reading beside a profile, by people who know the vendor's language.

Queues, intrinsics and loops keep their AscendC names; fields of an intrinsic are written by name, without default
values. Offsets are in bytes (``At(tensor, bytes)``), as in the IR. The text is not meant to be compiled as it stands.
"""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp, StringAttr
from xdsl.ir import Block, Operation, SSAValue

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.literals import format_bits
from dialects.kernel.intrinsic import Intrinsic
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp
from dialects.kernel.scalar import GetBlockIdxOp, GetBlockNumOp, GetSubBlockIdxOp, GetValueOp, NextSlotOp
from dialects.kernel.structure import InitBufferOp, KernelOp, ProgramOp, SliceOp
from dialects.kernel.sync import CrossCoreSetFlagOp, CrossCoreWaitFlagOp, PipeBarrierOp
from dialects.kernel.types import GlobalType
from passes.base import target_of
from runtime.machine.description import load

ELEMENT_TYPES: dict[DType, str] = {
    DType.f32: "float",
    DType.f16: "half",
    DType.bf16: "bfloat16_t",
    DType.i64: "int64_t",
    DType.i32: "int32_t",
    DType.i16: "int16_t",
    DType.i8: "int8_t",
    DType.u32: "uint32_t",
    DType.u16: "uint16_t",
    DType.u8: "uint8_t",
    DType.i1: "bool",
    DType.f64: "double",
    DType.e4m3: "fp8_e4m3fn_t",
    DType.e5m2: "fp8_e5m2_t",
    DType.hif8: "hifloat8_t",
}
"""Element type -> its name in AscendC."""

_KINDS = {"cube": "KERNEL_TYPE_AIC_ONLY", "vector": "KERNEL_TYPE_AIV_ONLY", "mix": "KERNEL_TYPE_MIX_AIC_1_{vectors}"}

_INFIX: dict[type[Operation], str] = {
    arith.AddiOp: "+",
    arith.SubiOp: "-",
    arith.MuliOp: "*",
    arith.DivSIOp: "/",
    arith.DivUIOp: "/",
    arith.RemSIOp: "%",
    arith.RemUIOp: "%",
    arith.AndIOp: "&",
    arith.OrIOp: "|",
    arith.XOrIOp: "^",
}

LOOSEST, SUMS, PRODUCTS, CLOSEST = range(4)
"""How closely operators bind: comparisons and bits (by parentheses), sums, products; what needs no parentheses."""

_CALL: dict[type[Operation], str] = {
    arith.MinSIOp: "min",
    arith.MinUIOp: "min",
    arith.MaxSIOp: "max",
    arith.MaxUIOp: "max",
    arith.FloorDivSIOp: "FloorDiv",
    GetBlockIdxOp: "GetBlockIdx",
    GetBlockNumOp: "GetBlockNum",
    GetSubBlockIdxOp: "GetSubBlockIdx",
}

INLINE_LENGTH = 60
"""Characters up to which an integer that is used once is written where it is used."""

_PREDICATES = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")


def _binding(op: Operation) -> int:
    if type(op) in _CALL or isinstance(op, arith.ConstantOp):
        return CLOSEST
    infix = _INFIX.get(type(op), "")
    return PRODUCTS if infix in {"*", "/", "%"} else SUMS if infix in {"+", "-"} else LOOSEST


def ascendc_text(module: ModuleOp) -> str:
    """The kernels of a module at the kernel level, one function a program.

    Raises SfumatoError for an op that is not of that level.
    """
    kernels = [op for op in module.body.block.ops if isinstance(op, KernelOp)]
    vectors = load(target_of(module)).vector_per_cube
    return "\n".join(_kernel_text(kernel, vectors) for kernel in kernels)


def _kernel_text(kernel: KernelOp, vectors: int) -> str:
    name, kind = kernel.sym_name.data, kernel.kind.data
    task = _KINDS[kind].format(vectors=vectors)
    lines = [f"// kernel {name}: {kernel.blocks.value.data} blocks, {task}"]
    for program in kernel.programs:
        suffix = f"_{program.core.data}" if kind == "mix" else ""
        parameters = ", ".join(f"GM_ADDR {_string(entry.data['name'])}Addr" for entry in kernel.parameters)
        lines.append(f'extern "C" __global__ __aicore__ void {name}{suffix}({parameters}) {{')
        lines.append(f"    KERNEL_TASK_TYPE_DEFAULT({task});")
        lines.extend(_ProgramText(kernel, program).lines)
        lines.append("}\n")
    return "\n".join(lines)


def _string(attribute: object) -> str:
    assert isinstance(attribute, StringAttr)
    return attribute.data


class _ProgramText:
    """The statements of one program; values get names of their own, but for constants and short integers used once."""

    def __init__(self, kernel: KernelOp, program: ProgramOp) -> None:
        self.lines: list[str] = []
        self._indent = 1
        self._names: dict[SSAValue, str] = {}
        self._binding: dict[SSAValue, int] = {}
        """How closely the operator of a value that is written as an expression binds; names and calls are not in it."""
        self._used: set[str] = set()
        for entry, argument in zip(kernel.parameters, program.body.block.args, strict=True):
            name = self._name(argument, _string(entry.data["name"]))
            assert isinstance(argument.type, GlobalType)
            element = ELEMENT_TYPES[DType.of(argument.type.element_type)]
            self._line(f"GlobalTensor<{element}> {name}({name}Addr);")
        self._block(program.body.block)

    def _line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text)

    def _name(self, value: SSAValue, hint: str | None = None) -> str:
        base = value.name_hint or hint or "n"
        name, number = base, 0
        while name in self._used:
            number += 1
            name = f"{base}{number}"
        self._used.add(name)
        self._names[value] = name
        return name

    def _of(self, value: SSAValue) -> str:
        return self._names[value]

    def _block(self, block: Block) -> None:
        for op in block.ops:
            self._op(op)

    def _op(self, op: Operation) -> None:
        if isinstance(op, Intrinsic):
            self._intrinsic(op)
        elif (value := self._scalar(op)) is not None:
            self._integer(op, value)
        elif (text := self._statement(op)) is not None:
            self._line(text)
        elif isinstance(op, scf.ForOp):
            lower, upper, step = (self._of(value) for value in (op.lb, op.ub, op.step))
            counter = self._name(op.body.block.args[0], "i")
            heading = f"for (int64_t {counter} = {lower}; {counter} < {upper}; {counter} += {step}) {{"
            self._nested(heading, op.body.block)
        elif isinstance(op, scf.IfOp):
            self._branch(op)
        elif not isinstance(op, scf.YieldOp):
            raise SfumatoError(f"{op.name} cannot be written as AscendC", op.location)

    def _nested(self, opening: str, block: Block) -> None:
        self._line(opening)
        self._indent += 1
        self._block(block)
        self._indent -= 1
        self._line("}")

    def _branch(self, op: scf.IfOp) -> None:
        self._nested(f"if ({self._of(op.cond)}) {{", op.true_region.block)
        if op.false_region.blocks and list(op.false_region.block.ops):
            self._nested("else {", op.false_region.block)

    def _integer(self, op: Operation, text: str) -> None:
        """Write an integer: at its use, if that is the only one or it is a constant, else as a variable."""
        (result,) = op.results
        once = len(list(result.uses)) == 1 and len(text) <= INLINE_LENGTH and not isinstance(op, GetValueOp)
        if not once and not isinstance(op, arith.ConstantOp):
            self._line(f"int64_t {self._name(result)} = {text};")
            return
        self._names[result] = text
        if isinstance(op, arith.IndexCastOp | arith.ExtUIOp):
            self._binding[result] = self._binding.get(op.operands[0], CLOSEST)
        elif text.startswith("-"):
            self._binding[result] = LOOSEST
        else:
            self._binding[result] = _binding(op)

    def _parts(self, op: Operation) -> list[str]:
        """The operands of an operator, in parentheses where it would take them apart."""
        own = _binding(op)
        needed = (own, *[own + 1] * (len(op.operands) - 1))  # operators of equal binding are read from the left
        return [
            f"({self._of(value)})" if self._binding.get(value, CLOSEST) < least else self._of(value)
            for value, least in zip(op.operands, needed, strict=True)
        ]

    def _scalar(self, op: Operation) -> str | None:
        """The right-hand side of an integer value; None for what is no integer."""
        if type(op) in _INFIX or isinstance(op, arith.CmpiOp | arith.SelectOp):
            operands = self._parts(op)
        else:
            operands = [self._of(value) for value in op.operands if value in self._names]
        if (infix := _INFIX.get(type(op))) is not None:
            return f" {infix} ".join(operands)
        if (call := _CALL.get(type(op))) is not None:
            return f"{call}({', '.join(operands)})"
        match op:
            case arith.ConstantOp(value=IntegerAttr() as constant):
                truth = isinstance(constant.type, IntegerType) and constant.type.width.data == 1
                return str(abs(constant.value.data) if truth else constant.value.data)
            case arith.CmpiOp():
                return f"{operands[0]} {_PREDICATES[op.predicate.value.data]} {operands[1]}"
            case arith.SelectOp():
                return f"{operands[0]} ? {operands[1]} : {operands[2]}"
            case arith.IndexCastOp() | arith.ExtUIOp():
                return operands[0]
            case GetValueOp():
                return f"GetValue<{ELEMENT_TYPES[DType[op.dtype.data]]}>({operands[0]})"
            case _:
                return None

    def _statement(self, op: Operation) -> str | None:
        """A statement on queues, tensors or flags; None for any other op."""
        match op:
            case NextSlotOp():
                name = self._name(op.result, "slot")
                return f"static int64_t next{name} = 0;  int64_t {name} = next{name}++ % {op.slots.value.data};"
            case InitQueueOp():
                name, depth = self._name(op.queue, f"{op.position.data}Queue"), op.depth.value.data
                pipes = f"{op.producer.data} -> {', '.join(op.consumer_pipes)}"
                return (
                    f"TQue<TPosition::{op.position.data.upper()}, {depth}> {name};  "
                    f"pipe.InitBuffer({name}, {depth}, {op.bytes.value.data});  // {pipes}"
                )
            case InitBufferOp():
                name, position = self._name(op.buffer, f"{op.position.data}Buf"), op.position.data.upper()
                return f"TBuf<TPosition::{position}> {name};  pipe.InitBuffer({name}, {op.bytes.value.data});"
            case SliceOp():
                offset = str(op.offset.value.data)
                if op.dynamic is not None:
                    dynamic = self._of(op.dynamic)
                    offset = f"{dynamic} + {offset}" if op.offset.value.data else dynamic
                hint = "gm" if isinstance(op.result.type, GlobalType) else "part"
                return f"auto {self._name(op.result, hint)} = At({self._of(op.tensor)}, {offset});"
            case AllocTensorOp():
                return f"auto {self._name(op.tensor, 'local')} = {self._of(op.queue)}.AllocTensor();"
            case DequeOp():
                return f"auto {self._name(op.tensor, 'local')} = {self._of(op.queue)}.DeQue<PIPE_{op.pipe.data}>();"
            case EnqueOp():
                return f"{self._of(op.queue)}.EnQue({self._of(op.tensor)});"
            case FreeTensorOp():
                return f"{self._of(op.queue)}.FreeTensor<PIPE_{op.pipe.data}>({self._of(op.tensor)});"
            case PipeBarrierOp():
                return f"PipeBarrier<PIPE_{op.pipe.data}>();"
            case CrossCoreSetFlagOp():
                return f"CrossCoreSetFlag<{op.mode.value.data}, PIPE_{op.pipe.data}>({self._flag(op)});"
            case CrossCoreWaitFlagOp():
                return f"CrossCoreWaitFlag<{op.mode.value.data}>({self._flag(op)});"
            case _:
                return None

    def _flag(self, op: CrossCoreSetFlagOp | CrossCoreWaitFlagOp) -> str:
        return str(op.id.value.data) if op.slot is None else f"{op.id.value.data} + {self._of(op.slot)}"

    def _intrinsic(self, op: Intrinsic) -> None:
        name = "".join(part.capitalize() for part in op.name.removeprefix("kernel.").split("_"))
        options = op.options
        types = [ELEMENT_TYPES[DType[text]] for field, text in options.items() if field.endswith("type")]
        shown: list[str] = []
        for field, value in op.written_fields():
            if field.endswith("type"):
                continue
            if isinstance(value, SSAValue):
                text = self._of(value)
            elif isinstance(value, int) and op.is_pattern(field):
                text = format_bits(value, DType[options["type"]])
            else:
                text = str(value)
            shown.append(f".{field} = {text}")
        tensors = ", ".join(self._of(tensor) for tensor in op.tensors)
        template = f"<{', '.join(types)}>" if types else ""
        self._line(f"{name}{template}({tensors}, {{{', '.join(shown)}}});")
