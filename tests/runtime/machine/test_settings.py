import pytest

from dialects.errors import SfumatoError
from runtime.machine.description import load
from runtime.machine.settings import join_target, split_target


@pytest.mark.parametrize(
    ("settings", "read", "value"),
    [
        ("l1_kib=256", lambda m: m.l1_bytes, 262144),
        ("ub_bytes=4096", lambda m: m.ub_bytes, 4096),
        ("ub_kib=x0.5", lambda m: m.ub_bytes, 98304),
        ("l2_mib=96", lambda m: m.memory.l2_bytes, 96 * 1024**2),
        ("hbm_gib=32", lambda m: m.memory.gm_bytes, 32 * 1024**3),
        ("hbm_gb_per_s=800", lambda m: m.memory.hbm_gb_per_s, 800.0),
        ("memory.hbm_gb_per_s=x2", lambda m: m.memory.hbm_gb_per_s, 3200.0),
        ("clock_mhz=900", lambda m: m.clock_mhz, 900.0),
        ("cube.macs_per_cycle.f16=8192", lambda m: m.cube.macs_per_cycle["f16"], 8192),
        ("vector.cycles_per_repeat.vexp.f32=1", lambda m: m.vector.cycles_per_repeat["vexp"]["f32"], 1.0),
        ("paths.l1_l0a.bytes_per_cycle=x2", lambda m: m.paths["l1_l0a"].bytes_per_cycle, 512.0),
        ("paths.gm_ub.curve=gm_ub_910b1", lambda m: m.paths["gm_ub"].curve, "gm_ub_910b1"),
        ("curves.gm_ub_910b1.cycles=x2", lambda m: m.curves["gm_ub_910b1"].cycles[0], 470.6),
        ("paths.gm_l1.misaligned_row_cycles=2", lambda m: m.paths["gm_l1"].misaligned_row_cycles, 2.0),
    ],
)
def test_a_setting_changes_its_figure(settings, read, value):
    changed, base = load(f"ascend910b3:{settings}"), load("ascend910b3")
    assert read(changed) == pytest.approx(value) if isinstance(value, float) else read(changed) == value
    assert read(base) != read(changed)
    assert changed.name == f"ascend910b3:{settings}"


@pytest.mark.parametrize(
    ("settings", "cores"),
    [
        ("aic=10", (10, 20, 2)),
        ("aic=10,aiv=10", (10, 10, 2)),
        ("aiv=10", (20, 10, 2)),
        ("aiv_per_aic=4", (20, 80, 4)),
        ("aic=5,aiv_per_aic=1", (5, 5, 1)),
        ("cube_cores=10", (10, 40, 2)),
    ],
)
def test_vector_cores_follow_short_names_only(settings, cores):
    machine = load(f"ascend910b3:{settings}")
    assert (machine.cube_cores, machine.vector_cores, machine.vector_per_cube) == cores


def test_l2_keeps_its_effective_part():
    whole, half = load("ascend910b3").memory, load("ascend910b3:l2_mib=96").memory
    assert half.l2_effective_bytes == pytest.approx(whole.l2_effective_bytes / 2, abs=1)


def test_a_file_takes_settings_too(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('inherits = "tiny"\n')
    assert load(f"{path}:aic=3").vector_cores == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("l1_kb=256", "unknown key 'l1_kb', did you mean l1_kib"),
        ("memory.hbm_gbs=1", "did you mean memory.hbm_gb_per_s"),
        ("memory.hbm_gbs=1", "there are memory.gm_bytes, memory.l2_bytes"),
        ("nonsense=1", "there are aic, aiv, aiv_per_aic, l1_kib"),
        ("cube.head_cycels=1", "did you mean cube.head_cycles"),
        ("head_cycles=1", "could be cube.head_cycles or vector.head_cycles"),
        ("summary=words", "unknown key 'summary'"),
        ("aic=2.5", "makes cube_cores 2.5, which must be a whole number"),
        ("l1_kib=many", "'l1_kib' must be a number, or a factor such as x2, got 'many'"),
        ("aic=0", "'cube_cores' must be a finite number > 0"),
        ("clock_mhz=inf", "'clock_mhz' must be a number"),
        ("aic=3,cube_cores=4", "sets cube_cores a second time"),
        ("aic=3,aiv", "expected key=value between commas, got 'aiv'"),
        ("curves.gm_ub_910b1.cycles=3", "must be a factor such as x2"),
        ("paths.gm_l1.bytes_per_cycle=64", "has a curve and bytes_per_cycle"),
        ("paths.l1_l0a.curve=none", "names 'none'"),
        ("paths.l1_l0a.row_cycles=x2", "has no value that could be multiplied"),
    ],
)
def test_faulty_settings_are_named(settings, message):
    with pytest.raises(SfumatoError) as raised:
        load(f"ascend910b3:{settings}")
    assert message in str(raised.value)


def test_split_and_join_are_inverse():
    assert split_target("tiny") == ("tiny", ())
    for target in ("tiny:aic=3", "a/b.toml:aic=3,hbm_gb_per_s=x2"):
        assert join_target(*split_target(target)) == target
