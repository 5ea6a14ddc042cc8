"""Exports PyTorch modules, reads them up to the graph phase and runs what the attention passes make of them in numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from compiler.compile import Request, compile_model
from compiler.universe import make_context
from dialects.attn import AttentionOp
from dialects.graph import SoftmaxOp
from passes.analysis.evaluate import evaluate
from passes.attn.attn_choose_algorithm import AttnChooseAlgorithm
from passes.attn.attn_expand_attention import AttnExpandAttention
from passes.attn.attn_expand_flash import AttnExpandFlash
from passes.attn.attn_fuse_attention import AttnFuseAttention
from passes.attn.attn_sink_masks import AttnSinkMasks
from passes.attn.attn_specialize_masks import AttnSpecializeMasks
from passes.remarks import Remark, collected
from runtime.compare import single_operation_tolerance


@dataclass
class Fused:
    """A module after fusion, what was said about it, inputs, and PyTorch's outputs."""

    module: ModuleOp
    remarks: list[Remark]
    inputs: list[np.ndarray]
    weights: dict[str, np.ndarray]
    expected: list[np.ndarray]

    @property
    def attentions(self) -> list[AttentionOp]:
        return [op for op in self.module.walk() if isinstance(op, AttentionOp)]

    @property
    def main(self) -> FuncOp:
        (found,) = (op for op in self.module.ops if isinstance(op, FuncOp) and op.sym_name.data == "main")
        return found

    @property
    def softmaxes(self) -> int:
        return sum(isinstance(op, SoftmaxOp) for op in self.module.walk())

    def results(self, algorithm: str | None = None, chunk: int | None = None) -> list[np.ndarray]:
        """What the module computes, after attention was written out as ``algorithm``."""
        module = self.module
        if algorithm is not None:
            module = module.clone()
            for one in (AttnChooseAlgorithm(algorithm), AttnExpandAttention(), AttnExpandFlash()):
                one.apply(make_context(), module)
                module.verify()
            assert not any(isinstance(op, AttentionOp) for op in module.walk())
        return evaluate(module, self.inputs, self.weights, chunk)

    def check(self, length: int) -> None:
        """Fused, as products and as a recurrence over chunks of any length, it gives what PyTorch gives.

        ``length``: how many terms its sums have, one after the other.
        """
        for algorithm, chunk in ((None, None), ("standard", None), ("flash", None), ("flash", 1), ("flash", 3)):
            for found, expected in zip(self.results(algorithm, chunk), self.expected, strict=True):
                tolerance = single_operation_tolerance("f32", length) * np.abs(expected).max()
                np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=f"{algorithm} {chunk}")


@pytest.fixture(scope="session")
def fused(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fused]:
    """``fused(module, *inputs)``: export, read, fuse."""
    path: Path = tmp_path_factory.mktemp("attention") / "model.pt2"

    def make(module: Any, *inputs: torch.Tensor) -> Fused:
        with torch.no_grad():
            expected = module(*inputs)
            torch.export.save(torch.export.export(module, inputs, strict=False), path)
        compiled = compile_model(Request(source=path, stop="graph")).module
        with collected() as remarks:
            for one in (AttnSpecializeMasks(), AttnSinkMasks(), AttnFuseAttention()):
                one.apply(make_context(), compiled)
        compiled.verify()
        outputs = expected if isinstance(expected, tuple) else (expected,)
        arrays = [one.numpy() for one in inputs]
        weights = {name: one.detach().numpy() for name, one in module.state_dict().items()}
        return Fused(compiled, remarks, arrays, weights, [one.float().numpy() for one in outputs])

    return make
