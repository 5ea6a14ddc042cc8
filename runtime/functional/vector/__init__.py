"""The vector unit: addressing shared by its instructions, and one module a group of instructions."""

from runtime.functional.operation import Handler
from runtime.functional.vector import arithmetic, movement, reduction, selection

HANDLERS: dict[str, Handler] = {
    **arithmetic.HANDLERS,
    **selection.HANDLERS,
    **reduction.HANDLERS,
    **movement.HANDLERS,
}
