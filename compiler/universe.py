"""The ``xdsl.universe`` entry point: makes our dialects and passes known to ``sfumato-opt``, ``xdsl-opt`` and
``xdsl-gui``.

Everything is a factory: a dialect or a pass is imported when a file or a pipeline names it.
"""

import re
from functools import partial

from xdsl.context import Context
from xdsl.universe import Universe
from xdsl.utils.mlir_lexer import MLIRLexer

from dialects import DIALECTS, load_dialect
from passes import PASSES, load_pass

UNIVERSE = Universe(
    all_dialects={name: partial(load_dialect, name) for name in DIALECTS},
    all_passes={name: partial(load_pass, name) for name in PASSES},
)

# xDSL 0.74 matches strings by a repetition inside a repetition: one that is not closed on its line takes time
# exponential in its length. The same pattern, with an inner repetition that never gives back what it took.
MLIRLexer._unescaped_characters_regex = re.compile(  # pyright: ignore[reportPrivateUsage]
    r'"(?:[^"\\\n\v\f]++|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"'
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
