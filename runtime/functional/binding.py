"""Binds instructions with resolved fields to the memories of a core, once for each set of fields."""

from __future__ import annotations

from collections.abc import Mapping

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from runtime.decoding import CoreProgram, Decoded
from runtime.functional import cube, fixpipe, mte, vector
from runtime.functional.operation import Fields, Handler, Operation
from runtime.functional.overflow import OverflowWatch
from runtime.memory.spaces import Capacities, LocalSpace, Space, core_spaces

_BY_NAME: dict[str, Handler] = {**mte.HANDLERS, **cube.HANDLERS, **fixpipe.HANDLERS, **vector.HANDLERS}
HANDLERS: dict[int, Handler] = {INSTRUCTIONS[name].opcode: handler for name, handler in _BY_NAME.items()}
"""Opcode -> what the instruction does."""

_GLOBAL = frozenset(op.opcode for op in INSTRUCTIONS.values() if any(field.kind == "addr:gm" for field in op.fields))
CACHE_LIMIT = 20_000
"""Bound operations a core keeps before it starts afresh."""


class CoreMemory:
    """The on-chip buffers of one core, and the operations already bound to them."""

    def __init__(self, core: str, machine: Capacities, tracked: bool, overflows: OverflowWatch | None = None) -> None:
        """Make the buffers of a ``core`` ("cube" or "vector"); ``overflows`` sees what is bound."""
        self.spaces: dict[str, LocalSpace] = core_spaces(core, machine, tracked)
        self.bound: dict[int, dict[Fields, Operation]] = {opcode: {} for opcode in HANDLERS}
        self._overflows = overflows

    def poison(self) -> None:
        """Forget the contents of the buffers."""
        for space in self.spaces.values():
            space.poison()

    def bind(self, program: CoreProgram, spaces: Mapping[str, Space], index: int, fields: Fields) -> Operation:
        """Check the fields of instruction ``index`` and return its operation on ``spaces`` (these buffers, and GM)."""
        decoded = program.instructions[index]
        opcode = decoded.instruction.opcode
        try:
            _check(decoded, fields)
            operation = HANDLERS[opcode](spaces, fields)
        except SfumatoError as error:
            raise program.error(index, str(error)) from error
        if self._overflows is not None:
            operation = self._overflows.watched(program, index, spaces, fields, operation)
        if opcode not in _GLOBAL:  # the buffers of GM differ from launch to launch
            cache = self.bound[opcode]
            if len(cache) >= CACHE_LIMIT:
                cache.clear()
            cache[fields] = operation
        return operation


def _check(decoded: Decoded, fields: Fields) -> None:
    """Check the fields that came from registers, as the verifier did those that are immediates."""
    for position, field in enumerate(decoded.instruction.fields):
        value = fields[position]
        if not decoded.registers >> position & 1:
            continue
        too_high = value > field.high and field.kind != "addr:gm" and not field.pattern
        if (value < field.low and not field.pattern) or too_high or value % field.multiple:
            limits = f"{field.low} to {field.high}" + (
                f" in multiples of {field.multiple}" if field.multiple > 1 else ""
            )
            raise SfumatoError(f"field '{field.name}' is {value}, outside {limits}")
    for violation in decoded.instruction.rules(fields):
        raise SfumatoError(violation)
