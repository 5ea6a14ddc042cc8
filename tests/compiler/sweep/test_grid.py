import pytest

from compiler.options import CompileOptions
from compiler.sweep.grid import parse_axis, points_of
from dialects.errors import SfumatoError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("aic=20,24", ("20", "24")),
        ("aic=4:20:8", ("4", "12", "20")),
        ("aic=4:19:8", ("4", "12")),
        ("clock_mhz=1.5:2:0.25", ("1.5", "1.75", "2")),
        ("aic=1,2:4:1,x2", ("1", "2", "3", "4", "x2")),
        ("aic=2,1:3:1", ("2", "1", "3")),
        ("target=tiny,ascend910b3:aic=4", ("tiny", "ascend910b3:aic=4")),
    ],
)
def test_values_of_an_axis(text, values):
    assert parse_axis(text).values == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aic", "expected KEY=VALUE"),
        ("=3", "expected KEY=VALUE"),
        ("aic=3,,4", "expected KEY=VALUE"),
        ("aic=8:4:1", "a range is FIRST:LAST:STEP"),
        ("aic=1:4:0", "a range is FIRST:LAST:STEP"),
        ("aic=1:1000000:1", "100000 are the most"),
    ],
)
def test_faulty_axes_are_named(text, message):
    with pytest.raises(SfumatoError, match=message):
        parse_axis(text)


def test_the_base_comes_first_then_every_combination():
    axes = [parse_axis("aic=1,2"), parse_axis("precision=keep,fp16"), parse_axis("l1_kib=64")]
    points = points_of(axes, CompileOptions(target="tiny"))
    assert [dict(point.settings) for point in points] == [
        {},
        {"aic": "1", "precision": "keep", "l1_kib": "64"},
        {"aic": "1", "precision": "fp16", "l1_kib": "64"},
        {"aic": "2", "precision": "keep", "l1_kib": "64"},
        {"aic": "2", "precision": "fp16", "l1_kib": "64"},
    ]
    assert points[0].options.target == "tiny"
    assert points[2].options == CompileOptions(target="tiny:aic=1,l1_kib=64", precision="fp16")


def test_settings_are_added_to_those_of_the_target_or_replace_them():
    axes = [parse_axis("target=tiny:aic=4,ascend910b3:ub_kib=64"), parse_axis("aic=2")]
    assert [point.options.target for point in points_of(axes, CompileOptions())[1:]] == [
        "tiny:aic=2",
        "ascend910b3:ub_kib=64,aic=2",
    ]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (["aicc=1"], "did you mean aic"),
        (["aic=1,0"], "'cube_cores' must be a finite number > 0"),
        (["precision=fp9"], "expected one of keep"),
        (["target=moon"], "unknown target 'moon'"),
        (["aic=1", "aic=2"], "names a key twice"),
        (["aic=1:1000:1", "aiv=1:1000:1"], "the grid has 1000000 points"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_compiled(axes, message):
    with pytest.raises(SfumatoError, match=message):
        points_of([parse_axis(text) for text in axes], CompileOptions())
