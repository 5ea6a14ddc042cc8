"""Tiny transformers of the common families, every float type, against PyTorch eager and float64."""

from collections.abc import Callable
from typing import Any

import pytest

import sfumato
from compiler.compile import Request, compile_model
from dialects.isa import BY_OPCODE
from runtime.compare import compare

DTYPES = ("float32", "bfloat16", "float16")
FAMILIES = ("gpt2", "llama", "qwen2", "mistral", "deepseek_v2", "bert", "distilbert", "vit")

WHAT_IFS = (
    "ascend910b3:aiv_per_aic=1",
    "ascend910b3:aiv_per_aic=4,cube.block_m=8,cube.block_n=8",
    "ascend910b3:cube.block_m=32,cube.block_n=16,cube.l0a_layout=nz",
    "ascend910b4",
    "ascend950",
)

Make = Callable[..., Any]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_prefill(transformer: Make, family: str, dtype: str) -> None:
    transformer(family, dtype).check()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", FAMILIES[:5])
def test_decode(transformer: Make, family: str, dtype: str) -> None:
    transformer(family, dtype, "decode").check()


@pytest.mark.parametrize(
    ("family", "mode"), [*((one, "prefill") for one in FAMILIES), *((one, "decode") for one in FAMILIES[:5])]
)
def test_every_softmax_is_fused(transformer: Make, family: str, mode: str) -> None:
    compiled = compile_model(Request(source=transformer(family, mode=mode).path, stop="attention"))
    assert not compiled.report.remarks
    assert not any(op.name == "graph.softmax" for op in compiled.module.walk())


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["standard", "flash", "amla"])
@pytest.mark.parametrize("family", ["gpt2", "mistral", "distilbert"])
def test_attention_algorithms(transformer: Make, family: str, algorithm: str) -> None:
    transformer(family).check(attention=algorithm)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_pasa(transformer: Make, family: str, dtype: str) -> None:
    """Within the table's tolerance of eager, which computes attention in f32 inside: closer f16 cannot be."""
    case = transformer(family, dtype)
    outputs = sfumato.compile(case.path, attention="pasa").run(*case.inputs)
    for found, eager in zip(outputs, case.eager, strict=True):
        comparison = compare(found, eager)
        assert comparison.ok, comparison


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "bert"])
def test_decomposed(transformer: Make, family: str) -> None:
    transformer(family, decompose=True).check()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_flags_order_every_access(transformer: Make, family: str) -> None:
    transformer(family).check(sanitize=True)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["ascend910b1", "ascend910c", "tiny", *WHAT_IFS])
def test_targets(transformer: Make, target: str) -> None:
    transformer("gpt2").check(target=target)


DIRECT = "paths.l0c_ub.bytes_per_cycle=128,paths.ub_l1.bytes_per_cycle=128"


@pytest.mark.slow
@pytest.mark.parametrize("target", [f"tiny:{DIRECT}", f"ascend910b3:aiv_per_aic=1,{DIRECT}", "ascend950"])
def test_direct_paths_between_the_cores(transformer: Make, target: str) -> None:
    """Flash attention hands scores to UB and probabilities to L1: no workspace in global memory, less traffic."""
    case = transformer("gpt2")
    program = case.check(sanitize=True, attention="flash", target=target)
    used = {name for kernel in program.compiled.kernels for name in mnemonics(kernel)}
    assert {"fixpipe_ub", "nd2nz_ub_l1"} <= used
    without = target.replace(DIRECT, "").rstrip(",:")
    if without != target:
        through_memory, direct = (
            sfumato.compile(case.path, attention="flash", target=without).profile(),
            program.profile(),
        )
        # In the small UB of `tiny` what is handed over leaves room for smaller tiles only, which take longer.
        figures = ["gm_write_bytes", "gm_read_bytes", *(["cycles"] if without != "tiny" else [])]
        for figure in figures:
            assert direct[figure] < through_memory[figure]


def mnemonics(kernel: Any) -> set[str]:
    words = [code for code in (kernel.cube, kernel.vector) if code is not None]
    return {BY_OPCODE[int(opcode)].mnemonic for code in words for opcode in code["opcode"]}
