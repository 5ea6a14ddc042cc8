"""AMLA's error on the simulator, beside flash attention's and its own without compensation, on the paper's distributions.

Queries of 128 heads that share one latent key, whose first 512 columns are the values (arXiv 2509.25224): errors are
relative (Frobenius) to attention in float64. With values and weights in bf16, what the rounding of each rescaling adds
is bounded, and larger where it is not compensated.
"""

from __future__ import annotations

import numpy as np
import pytest
from ml_dtypes import bfloat16
from xdsl.context import Context
from xdsl.dialects.builtin import FunctionType, ModuleOp, bf16
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

from dialects.attn import AttentionOp
from dialects.graph import CastOp
from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import tensor
from dialects.interned import i64_attr
from passes.attn.attn_choose_algorithm import AttnChooseAlgorithm
from passes.attn.attn_expand_amla import AttnExpandAmla
from passes.attn.attn_expand_flash import AttnExpandFlash
from passes.base import SfumatoPass

HEADS, KEYS, CHUNK, LATENT, ROPE = 128, 1024, 128, 512, 64
SCALE = (LATENT + ROPE) ** -0.5

FLASH = (AttnChooseAlgorithm("flash"), AttnExpandFlash())
AMLA = (AttnChooseAlgorithm("amla"), AttnExpandAmla())
UNCOMPENSATED = (AttnChooseAlgorithm("amla"), AttnExpandAmla(compensate=False))


def drawn(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Queries and keys: normal, with queries five times as large, and with scores that rise along the keys."""
    random = np.random.default_rng(0)
    query = random.standard_normal((HEADS, LATENT + ROPE)) * (5 if name == "large" else 1)
    key = random.standard_normal((KEYS, LATENT + ROPE))
    if name == "rising":
        query = np.abs(query)
        key += np.linspace(0, 1, KEYS)[:, None]
    return query.astype(bfloat16), key.astype(bfloat16)


def written(passes: tuple[SfumatoPass, ...], heads: int = HEADS, keys: int = KEYS, chunk: int | None = CHUNK) -> str:
    """A function of queries, keys and values that computes attention as these passes expand it, as text.

    Its result is what is rounded to bf16 in the end, and keys are cut into chunks of ``chunk``.
    """
    types = [tensor((rows, width), bf16) for rows, width in ((heads, 576), (keys, 576), (keys, LATENT))]
    block = Block(arg_types=types)
    op = AttentionOp.make(*block.args, scale=SCALE)
    block.add_ops([op, ReturnOp(op.result)])
    module = ModuleOp([FuncOp("main", (types, [op.result.type]), Region(block))])
    for one in passes:
        one.apply(Context(), module)
    (function,) = module.body.block.ops
    assert isinstance(function, FuncOp)
    last = function.get_return_op()
    assert last is not None
    rounded = last.operands[0].owner
    assert isinstance(rounded, CastOp)
    last.operands[0] = rounded.operand
    function.properties["function_type"] = FunctionType.from_lists(types, [rounded.operand.type])
    for op in module.walk():
        if isinstance(op, RecurrenceOp) and chunk is not None:
            op.properties["chunk"] = i64_attr(chunk)
    return str(module)


def exact(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Attention in float64."""
    scores = query.astype(np.float64) @ key.astype(np.float64).T * SCALE
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights @ key[:, :LATENT].astype(np.float64) / weights.sum(1, keepdims=True)


@pytest.mark.parametrize("name", ["normal", "large", "rising"])
def test_error_is_bounded_and_compensation_lowers_it(run_text, name):
    query, key = drawn(name)
    expected = exact(query, key)
    inputs = [query, key, np.ascontiguousarray(key[:, :LATENT])]

    def error(passes: tuple[SfumatoPass, ...]) -> float:
        (found,) = run_text(written(passes), inputs, "ascend910b3")
        return float(np.linalg.norm(found.astype(np.float64) - expected) / np.linalg.norm(expected))

    base, amla, without = (error(passes) for passes in (FLASH, AMLA, UNCOMPENSATED))
    assert amla < 2 * base + 3e-4
    assert without > amla


def test_tiles_larger_than_the_memories_next_to_the_units(run_text):
    """Without a chunk given, 256 rows are one tile whose products L0C does not hold, cut short in its last chunk."""
    random = np.random.default_rng(0)
    query, key = (random.standard_normal((rows, LATENT + ROPE)).astype(bfloat16) for rows in (2 * HEADS, 700))
    text = written(AMLA, 2 * HEADS, 700, chunk=None)
    (found,) = run_text(text, [query, key, np.ascontiguousarray(key[:, :LATENT])], "ascend910c")
    expected = exact(query, key)
    assert np.linalg.norm(found.astype(np.float64) - expected) < 2e-3 * np.linalg.norm(expected)
