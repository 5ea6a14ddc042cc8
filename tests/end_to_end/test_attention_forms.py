"""Every form of attention, by every algorithm, on the simulator against PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sfumato
from dialects.errors import SfumatoError
from runtime.compare import TOLERANCES

FORMS = (
    "plain",
    "grouped",
    "decode",
    "multi_query",
    "few",
    "few_first",
    "few_biased",
    "one_key",
    "one_of_each",
    "long",
    "window",
    "padded",
    "soft_cap",
    "alibi",
    "sinks",
    "bias",
    "narrow",
    "wide",
    "latent",
)


@pytest.mark.parametrize("algorithm", ["standard", "flash", "amla"])
@pytest.mark.parametrize("form", FORMS)
def test_form(attention_form: Callable[..., Any], form: str, algorithm: str) -> None:
    program = attention_form(form).check(attention=algorithm)
    assert program.compilation is not None
    assert not program.compilation.report.remarks
    recurrences = [kernel for kernel in program.compiled.kernels if "attention" in kernel.name]
    assert bool(recurrences) == (algorithm != "standard" and not form.startswith("one_"))  # one key: no loop


@pytest.mark.parametrize("splits", [2, 3])
@pytest.mark.parametrize(
    "form", ["grouped", "decode", "window", "padded", "soft_cap", "sinks", "bias", "few", "few_first", "few_biased"]
)
def test_divided_keys(attention_form: Callable[..., Any], form: str, splits: int) -> None:
    """Parts that divide the keys, and parts that overlap, are combined to the same."""
    attention_form(form).check(attention_splits=splits, sanitize=splits == 3)


@pytest.mark.parametrize("algorithm", ["flash", "amla"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("form", ["grouped", "padded", "soft_cap", "sinks", "wide", "latent"])
def test_narrow_types(attention_form: Callable[..., Any], form: str, dtype: str, algorithm: str) -> None:
    attention_form(form, dtype).check(attention=algorithm)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("form", [form for form in FORMS if form != "soft_cap"])
def test_pasa(attention_form: Callable[..., Any], form: str, dtype: str) -> None:
    """In f16 whatever the model's type: no further from float64 than twice eager, or than the table allows f16.

    PyTorch computes some of these forms in f32 inside, which no algorithm in f16 can keep up with.
    """
    case = attention_form(form, dtype)
    program = sfumato.compile(case.path, attention="pasa")
    (found,) = program.run(*case.inputs, sanitize=True)
    (eager,), (exact,) = case.eager, case.exact
    ours, theirs = (np.abs(one.astype(np.float64) - exact).max() for one in (found, eager))
    assert found.dtype == eager.dtype
    assert ours <= max(2 * theirs, TOLERANCES["f16"] * np.abs(exact).max())
    recurrences = [kernel for kernel in program.compiled.kernels if "attention" in kernel.name]
    assert bool(recurrences) != form.startswith("one_")  # one key: no loop


@pytest.mark.parametrize(("form", "dtype", "reason"), [("plain", "float32", "fp16"), ("soft_cap", "float16", "tanh")])
def test_what_pasa_refuses(attention_form: Callable[..., Any], form: str, dtype: str, reason: str) -> None:
    with pytest.raises(SfumatoError, match=rf"attention_forms.py:\d+: .*'pasa'.*{reason}.*--attention flash"):
        sfumato.compile(attention_form(form, dtype).path, attention="pasa")


@pytest.mark.parametrize("algorithm", ["flash", "amla"])
@pytest.mark.parametrize("form", ["grouped", "window", "sinks"])
def test_flags_order_every_access(attention_form: Callable[..., Any], form: str, algorithm: str) -> None:
    attention_form(form).check(sanitize=True, attention=algorithm)


def test_hidden_chunks_are_not_walked(attention_form: Callable[..., Any]) -> None:
    """More tiles than cores: what a causal mask hides is half of all work, what a narrow window hides nearly all."""
    forms = [attention_form(name, "float16") for name in ("square", "triangle", "stripe")]
    full, causal, window = (sfumato.compile(form.path).profile() for form in forms)
    assert causal["gm_read_bytes"] < 0.7 * full["gm_read_bytes"]
    assert window["gm_read_bytes"] < 0.4 * full["gm_read_bytes"]
    assert causal["cycles"] < 0.65 * full["cycles"]
    assert window["cycles"] < 0.5 * full["cycles"]
