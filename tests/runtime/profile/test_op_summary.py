"""The CSV files have msprof's columns, and their figures are those of the JSON profile."""

import csv
from dataclasses import replace

import pytest

from dialects.errors import SfumatoError
from runtime.machine.description import load
from runtime.profile import op_summary
from runtime.profile.report import profile_json
from runtime.timing.simulator import simulate

# What msprof writes for an Atlas A2, as its documentation and its own tests list it.
MSPROF = (
    "aicore_time(us),aic_total_cycles,aic_mac_time(us),aic_mac_ratio,aic_scalar_time(us),aic_scalar_ratio,"
    "aic_mte1_time(us),aic_mte1_ratio,aic_mte2_time(us),aic_mte2_ratio,aic_fixpipe_time(us),aic_fixpipe_ratio,"
    "aic_icache_miss_rate,aiv_time(us),aiv_total_cycles,aiv_vec_time(us),aiv_vec_ratio,aiv_scalar_time(us),"
    "aiv_scalar_ratio,aiv_mte2_time(us),aiv_mte2_ratio,aiv_mte3_time(us),aiv_mte3_ratio,aiv_icache_miss_rate,"
    "cube_utilization(%)"
)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def written(timeline, tmp_path):
    op_summary.write(tmp_path / "csv", timeline)
    return tmp_path / "csv"


def test_columns_are_those_of_msprof_in_its_order(written):
    columns = list(rows(written / "op_summary.csv")[0])
    assert [name for name in columns if name in MSPROF.split(",")] == MSPROF.split(",")
    for name in ("Op Name", "OP Type", "Task Type", "Task Start Time(us)", "Task Duration(us)", "Task Wait Time(us)"):
        assert name in columns


def test_one_row_a_launch_with_the_profile_s_figures(written, timeline):
    machine = timeline.machine
    found = rows(written / "op_summary.csv")
    (kernel,) = profile_json(timeline)["kernels"]
    assert [row["Op Name"] for row in found] == ["mm", "mm"]
    assert {row["Task Type"] for row in found} == {"AI_CORE"}
    assert sum(float(row["Task Duration(us)"]) for row in found) == pytest.approx(kernel["time_us"], abs=2e-3)
    first, second = found
    gap = float(second["Task Start Time(us)"]) - float(first["Task Duration(us)"])
    assert gap == pytest.approx(float(second["Task Wait Time(us)"]), abs=2e-3)
    for name, column in (("M", "mac"), ("MTE1", "mte1"), ("MTE2", "mte2"), ("FIX", "fixpipe"), ("S", "scalar")):
        (queue,) = (queue for queue in kernel["queues"] if queue["pipe"] == name)
        busy = sum(float(row[f"aic_{column}_time(us)"]) for row in found)
        assert busy == pytest.approx(machine.time_us(queue["busy"]), abs=2e-3)
    for row in found:
        run = float(row["aicore_time(us)"])
        assert float(row["aic_mac_ratio"]) == pytest.approx(float(row["aic_mac_time(us)"]) / run, abs=2e-3)
        assert int(row["aic_total_cycles"]) == pytest.approx(run * machine.clock_mhz, abs=1)
        assert float(row["aiv_time(us)"]) == 0
        task = float(row["Task Duration(us)"])
        assert float(row["cube_utilization(%)"]) == pytest.approx(100 * run / task / machine.cube_cores, abs=0.1)


def test_vector_kernel(vector_program, tmp_path):
    op_summary.write(tmp_path, simulate(vector_program(8192, 2048, name="add_3"), load("tiny")))
    (row,) = rows(tmp_path / "op_summary.csv")
    assert (row["Op Name"], row["OP Type"], row["Task Type"]) == ("add_3", "add", "AI_VECTOR_CORE")
    assert (row["Input Shapes"], row["Input Data Types"], row["Output Shapes"]) == (
        '"2048;2048"',
        "FLOAT;FLOAT",
        '"2048"',
    )
    assert float(row["aiv_vec_time(us)"]) > 0
    assert float(row["aicore_time(us)"]) == 0


def test_statistics_sum_a_kernel_up(written, timeline):
    (row,) = rows(written / "op_statistic.csv")
    assert (row["OP Type"], row["Count"], row["Ratio(%)"]) == ("mm", "2", "100.000")
    assert float(row["Total Time(us)"]) == pytest.approx(timeline.machine.time_us(timeline.cycles), abs=2e-3)
    assert float(row["Min Time(us)"]) < float(row["Avg Time(us)"]) < float(row["Max Time(us)"])


def test_names_are_quoted(timeline, tmp_path):
    kernel = replace(timeline.program.kernels[0], name='a,"b"\nc')
    op_summary.write(tmp_path, replace(timeline, program=replace(timeline.program, kernels=[kernel])))
    assert {row["Op Name"] for row in rows(tmp_path / "op_summary.csv")} == {'a,"b"\nc'}


def test_a_bad_directory_is_refused(timeline, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SfumatoError, match="cannot write CSV files"):
        op_summary.write(tmp_path / "file", timeline)
