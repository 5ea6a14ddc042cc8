"""The ``xdsl.universe`` entry point: makes our dialects and passes known to ``sfumato-opt``, ``xdsl-opt`` and
``xdsl-gui``.

Everything is a factory: a dialect or a pass is imported when a file or a pipeline names it.
"""

from functools import partial

from xdsl.context import Context
from xdsl.universe import Universe

from dialects import DIALECTS, load_dialect
from passes import PASSES, load_pass

UNIVERSE = Universe(
    all_dialects={name: partial(load_dialect, name) for name in DIALECTS},
    all_passes={name: partial(load_pass, name) for name in PASSES},
)

_BUILTIN_DIALECTS = ("arith", "builtin", "func", "scf", "test")
"""xDSL's own dialects that our levels use (``test`` only in examples of operations)."""


def make_context() -> Context:
    """Return a context that knows our dialects and the builtin ones that our levels use, all loaded on first use."""
    from xdsl.dialects import get_all_dialects

    upstream = get_all_dialects()
    context = Context()
    for name in _BUILTIN_DIALECTS:
        context.register_dialect(name, upstream[name])
    for name, factory in UNIVERSE.all_dialects.items():
        context.register_dialect(name, factory)
    return context
