"""Makes one-function modules and measures errors in units in the last place."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate


def make_module(types, build):
    """A module with `main` of these argument types; `build(add, *arguments)` returns the outputs."""
    block = Block(arg_types=types)

    def add(op):
        block.add_op(op)
        return op.results[0]

    outputs = build(add, *block.args)
    block.add_op(ReturnOp(*outputs))
    return ModuleOp([FuncOp("main", (types, [value.type for value in outputs]), Region(block))])


@pytest.fixture
def module():
    return make_module


@pytest.fixture
def run_passes():
    def run(module, *passes):
        module.verify()
        for one in passes:
            one.apply(Context(), module)
            module.verify()
        return module

    return run


@pytest.fixture
def expanded():
    """The values of an op after graph-expand-math, computed with primitives only."""
    from passes.graph.graph_expand_math import GraphExpandMath

    def run(make, *inputs, element=f32):
        types = [tensor(np.shape(value), element) for value in inputs]
        module = make_module(types, lambda add, *arguments: [add(make(*arguments))])
        module.verify()
        GraphExpandMath().apply(Context(), module)
        module.verify()
        return evaluate(module, inputs)[0]

    return run


@pytest.fixture
def samples():
    """f32 values of all exponents, subnormals, both infinities and NaN, and dense ones of usual size."""

    def make(seed=0, count=1 << 16):
        rng = np.random.default_rng(seed)
        bits = rng.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32).view(np.float32)
        special = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4028235e38, -3.4028235e38]
        usual = [rng.normal(0.0, scale, count // 4) for scale in (0.3, 1.0, 5.0, 30.0)]
        dense = np.linspace(-110.0, 110.0, count)
        parts = [bits[np.isfinite(bits)], special, *usual, dense]
        return np.concatenate([np.asarray(part, np.float32) for part in parts])

    return make


@pytest.fixture
def ulps():
    """The errors of f32 results in units of the last place of the exact values; a wrong NaN or infinity is infinite."""

    def measure(found, exact):
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = exact.astype(np.float32)
            error = np.zeros(found.shape)
            finite = np.isfinite(rounded) & np.isfinite(found)
            unit = np.spacing(np.abs(rounded[finite])).astype(np.float64)
            error[finite] = np.abs(found[finite].astype(np.float64) - exact[finite]) / unit
            largest = np.float32(3.4028232e38)
            edge = ~finite & ((np.abs(found) >= largest) & (np.abs(rounded) >= largest))
            same = (np.isnan(found) & np.isnan(rounded)) | (found == rounded)
            error[~finite & ~same & ~edge] = np.inf
        return error

    return measure
