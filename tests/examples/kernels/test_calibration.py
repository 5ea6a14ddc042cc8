"""The calibration script: what it reads off simulations, and how it refits constants."""

from __future__ import annotations

import json
from math import prod

import numpy as np
import pytest
from calibration import main
from calibration_constants import FITTED, LARGEST_FACTOR, UNMEASURED, dependence, settings_of
from measured_instructions import DISPUTED, compare_instructions
from measured_kernels import ROWS, run_row

from runtime.machine.description import load

BY_NAME = {row.name: row for row in ROWS}


@pytest.fixture(scope="module")
def comparisons():
    return {one.name: one for one in compare_instructions()}


def test_rows_have_names_of_their_own():
    assert len(BY_NAME) == len(ROWS)


def test_settings_name_constants_of_every_machine():
    for target in {row.target for row in ROWS}:
        for settings in (settings_of(dict.fromkeys(FITTED, 1.01)), *(one.settings(0.9) for one in UNMEASURED)):
            load(f"{target}:{settings}")


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.judged and row.unit == "us" and row.measured < 50])
def test_short_kernels_take_the_time_that_was_measured(name):
    row = BY_NAME[name]
    assert run_row(row).simulated == pytest.approx(row.measured, rel=row.tolerance)


def test_bank_rows_are_exact():
    for name in ("add, no conflict", "add, read-read", "add, read-write"):
        assert run_row(BY_NAME[name]).simulated == pytest.approx(BY_NAME[name].measured, rel=0.005)


def test_settings_change_the_simulated_machine():
    row = BY_NAME["gemm 1536"]
    half = run_row(row, "launch.cube_cycles=x0.5").simulated
    machine = load(row.target)
    assert run_row(row).simulated - half == pytest.approx(machine.time_us(machine.launch_cycles("cube")) / 2)


def test_instructions_cost_what_was_measured_unless_sources_differ(comparisons):
    assert {name: one.error for name, one in comparisons.items() if abs(one.error) > 0.05 and not one.note} == {}


def test_instructions_occupy_the_pipe_they_are_measured_on(comparisons):
    assert {name: one.busiest for name, one in comparisons.items() if one.busiest != one.pipe} == {}
    assert set(DISPUTED) <= set(comparisons)


# Rows that are products of powers of the constants, as a refit takes them to be: it must find the factors that were used.

POWERS = {
    f"row {number}": dict(zip(FITTED, powers, strict=True))
    for number, powers in enumerate(np.random.default_rng(1).integers(-1, 3, (3 * len(FITTED), len(FITTED))).tolist())
}


def simulate(settings):
    factors = {
        key: float(value.removeprefix("x"))
        for key, _, value in (one.partition("=") for one in settings.split(",") if one)
    }
    return {
        name: 10 * prod(factors.get(key, 1.0) ** power for key, power in powers.items())
        for name, powers in POWERS.items()
    }


def test_refit_finds_the_constants_behind_the_rows():
    truth = {key: 1.0 + 0.05 * (position % 4 - 1) for position, key in enumerate(FITTED)}
    measured = simulate(settings_of(truth))
    found = dependence(measured, dict.fromkeys(measured, 0.001), simulate).refit()
    assert found == pytest.approx(truth, rel=0.01)


def test_refit_does_not_look_at_the_row_left_out():
    measured = simulate("")
    spoiled = measured | {"row 3": measured["row 3"] * 2}
    tolerances = dict.fromkeys(measured, 0.1)
    whole = dependence(spoiled, tolerances, simulate)
    assert whole.refit(without=3) == pytest.approx(dict.fromkeys(FITTED, 1.0), abs=1e-6)
    assert whole.refit() != pytest.approx(dict.fromkeys(FITTED, 1.0), abs=1e-3)


def test_refit_moves_no_constant_further_than_allowed():
    measured = {name: figure * 1000 for name, figure in simulate("").items()}
    factors = dependence(measured, dict.fromkeys(measured, 0.001), simulate).refit().values()
    assert max(factors) <= LARGEST_FACTOR * 1.000001
    assert min(factors) >= 1 / LARGEST_FACTOR / 1.000001


def test_command_line(capsys, tmp_path):
    report = tmp_path / "report.json"
    options = ["--rows", "add, *", "--no-instructions", "--leave-one-out", "--sensitivity", "--json", str(report)]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "add, read-read" in printed
    assert "OUTSIDE" not in printed
    found = json.loads(report.read_text())
    assert [one["row"] for one in found["kernels"]] == ["add, no conflict", "add, read-read", "add, read-write"]
    assert {one["constant"] for one in found["sensitivity"]} == {one.name for one in UNMEASURED}
    assert all(abs(one["error_left_out"]) < 0.005 for one in found["leave_one_out"])


def test_unknown_rows_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--rows", "nothing"])
    assert "no kernel matches 'nothing'" in capsys.readouterr().err
