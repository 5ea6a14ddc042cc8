from dataclasses import fields
from string import Template

import pytest

from compiler.options import CompileOptions
from compiler.pipelines import PHASE_NAMES, PHASES, pass_specs, phases_between
from dialects.errors import SfumatoError


def test_order_is_the_documented_one() -> None:
    assert PHASE_NAMES == ("import", "graph", "attention", "quant", "dispatch", "tile", "kernel", "isa")


def test_placeholders_are_options() -> None:
    options = {one.name for one in fields(CompileOptions)}
    for phase in PHASES:
        for spec in phase.passes:
            assert set(Template(spec).get_identifiers()) <= options
        assert phase.description


def test_options_reach_the_passes() -> None:
    specs = [
        spec for phase in PHASES for spec in pass_specs(phase, CompileOptions(precision="fp16", attention="flash"))
    ]
    assert "graph-set-precision{precision=fp16}" in specs
    assert "attn-choose-algorithm{algorithm=flash}" in specs


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (None, None, PHASE_NAMES),
        (None, "graph", ("import", "graph")),
        ("tile", None, ("kernel", "isa")),
        ("graph", "quant", ("attention", "quant")),
        ("isa", None, ()),
    ],
)
def test_phases_between(start: str | None, stop: str | None, expected: tuple[str, ...]) -> None:
    assert tuple(phase.name for phase in phases_between(start, stop)) == expected


def test_backwards() -> None:
    with pytest.raises(SfumatoError, match="--to graph lies before --from tile"):
        phases_between("tile", "graph")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (CompileOptions(quantize="fp8"), "--quantize fp8 is not supported yet"),
        (CompileOptions(attention="fast"), "--attention fast: expected one of"),
        (CompileOptions(calibration="c.npz"), "--calibration is not supported yet"),
        (CompileOptions(bind={"s0": 4}), "--bind is not supported yet"),
        (CompileOptions(precision="fp4"), "--precision fp4: expected one of"),
    ],
)
def test_later_options(options: CompileOptions, message: str) -> None:
    with pytest.raises(SfumatoError, match=message):
        options.check()
