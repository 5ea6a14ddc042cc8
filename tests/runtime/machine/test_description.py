import dataclasses

import numpy as np
import pytest

from dialects.errors import SfumatoError
from runtime.machine.description import Curve, load, names


def test_every_built_in_description_loads():
    assert names() == ("ascend910b1", "ascend910b2", "ascend910b3", "ascend910b4", "ascend910c", "ascend950", "tiny")
    for name in names():
        machine = load(name)
        assert machine.name == name
        assert machine.vector_cores == machine.cube_cores * machine.vector_per_cube


def test_peak_rates_are_those_of_the_vendor():
    tflops = {
        name: 2e-6 * load(name).cube.macs_per_cycle["f16"] * load(name).cube_cores * load(name).clock_mhz
        for name in names()
    }
    assert tflops["ascend910b1"] == pytest.approx(363.7, abs=0.1)
    assert tflops["ascend910b2"] == pytest.approx(353.9, abs=0.1)
    assert tflops["ascend910b3"] == pytest.approx(294.9, abs=0.1)
    assert tflops["ascend910b4"] == pytest.approx(245.8, abs=0.1)
    assert tflops["ascend910c"] == pytest.approx(363.7, abs=0.1)


def test_tiny_is_smaller_in_every_capacity():
    small, large = load("tiny"), load("ascend910b3")
    for key in ("cube_cores", "vector_cores", "l1_bytes", "l0a_bytes", "l0b_bytes", "l0c_bytes", "ub_bytes"):
        assert getattr(small, key) < getattr(large, key)


def test_a_description_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load("tiny").cube_cores = 3


@pytest.mark.parametrize(("cube", "vector", "pair", "mix"), [(4, 8, 2, 4), (4, 7, 2, 3), (3, 20, 2, 3), (5, 4, 1, 4)])
def test_a_mix_kernel_runs_where_cube_and_vector_cores_fit(tmp_path, cube, vector, pair, mix):
    path = tmp_path / "uneven.toml"
    path.write_text(f'inherits = "tiny"\ncube_cores = {cube}\nvector_cores = {vector}\nvector_per_cube = {pair}\n')
    machine = load(str(path))
    assert [machine.cores(kind) for kind in ("cube", "vector", "mix")] == [cube, vector, mix]


def test_inherited_keys_can_be_overridden(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('inherits = "tiny"\nub_bytes = 65536\n[memory]\nhbm_gb_per_s = 200\n')
    machine = load(str(path))
    assert (machine.name, machine.ub_bytes, machine.memory.hbm_gb_per_s) == ("mine", 65536, 200.0)
    assert machine.memory.line_bytes == load("tiny").memory.line_bytes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ub_bites = 1", "unknown key 'ub_bites'"),
        ("[memory]\nspeed = 1", "unknown key 'memory.speed'"),
        ('ub_bytes = "many"', "'ub_bytes' must be of type int, got 'many'"),
        ("ub_bytes = 1.5", "'ub_bytes' must be of type int"),
        ("ub_bytes = true", "'ub_bytes' must be of type int"),
        ("ub_bytes = 0", "'ub_bytes' must be a finite number > 0"),
        ("[launch]\nmix_cycles = -1", "'launch.mix_cycles' must be a finite number >= 0"),
        ("clock_mhz = inf", "'clock_mhz' must be a finite number"),
        ("memory = 3", "'memory' must be a table"),
        ('[paths.gm_ub]\ncurve = "none"', "paths.gm_ub.curve names 'none'"),
        ("[paths.ub_l0a]\nbytes_per_cycle = 1", "paths.ub_l0a is not a data path"),
        ("[curves.c]\nbytes = [2, 1]\ncycles = [1, 2]", "curves.c must rise"),
        ("[curves.c]\nbytes = [1]\ncycles = [1]", "curves.c needs two or more points"),
        ("ub_bytes = ", "not valid TOML"),
        ("[cube]\nblock_m = 12", "cube.block_m is 12; fractals of 8, 16, 32, 64 rows"),
        ("[cube]\nblock_n = 128", "cube.block_n is 128"),
        ('[cube]\nl0a_layout = "zn"', "cube.l0a_layout is 'zn', expected zz or nz"),
        ("[cube.macs_per_cycle]\nf8 = 1", "cube.block_k.f8 is missing"),
        ("[vector]\nrepeat_bytes = 512", "vector.repeat_bytes is 512; masks, strides and compare results"),
        ("event_ids = 9", "event_ids is 9; instructions encode 8"),
        ("cross_flags = 12", "cross_flags is 12; instructions encode 11"),
    ],
)
def test_defects_are_named(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(f'inherits = "tiny"\n{text}\n')
    with pytest.raises(SfumatoError) as raised:
        load(str(path))
    assert message in str(raised.value)


def test_missing_keys_names_and_files_are_named(tmp_path):
    path = tmp_path / "empty.toml"
    path.write_text("")
    with pytest.raises(SfumatoError, match="key 'summary' is missing"):
        load(str(path))
    with pytest.raises(SfumatoError, match="unknown target 'ascend'; known targets: ascend910b1"):
        load("ascend")
    with pytest.raises(SfumatoError, match="No such file"):
        load(str(tmp_path / "absent.toml"))
    loop = tmp_path / "loop.toml"
    loop.write_text(f'inherits = "{loop}"')
    with pytest.raises(SfumatoError, match="inherits from itself"):
        load(str(loop))


def test_a_curve_interpolates_and_continues():
    curve = Curve((1000, 2000, 4000), (100.0, 120.0, 200.0))
    inside = np.array([1000, 1500, 2000, 3000, 4000])
    assert [curve.at(int(size)) for size in inside] == pytest.approx(np.interp(inside, curve.bytes, curve.cycles))
    assert curve.at(0) == pytest.approx(80.0)
    assert curve.at(8000) == pytest.approx(400.0)
