"""The profile's JSON and text on a hand-written kernel."""

import json
from dataclasses import replace

import pytest

from runtime.machine.description import load
from runtime.profile.report import profile_json
from runtime.profile.text import WIDTH, text_report
from runtime.timing.simulator import simulate

TINY = load("tiny")
PROGRAM_KEYS = (
    "target clock_mhz cycles time_us flops cube_utilization gm_read_bytes gm_write_bytes peak_gm_bytes kernels"
)
KERNEL_KEYS = (
    "name kind cores launches cycles time_us bound pipes flops cube_utilization gm_read_bytes gm_write_bytes source"
)


def test_json_has_the_contract_fields_and_hand_counted_values(timeline):
    profile = json.loads(json.dumps(profile_json(timeline)))
    (kernel,) = profile["kernels"]
    assert set(PROGRAM_KEYS.split()) <= set(profile)
    assert set(KERNEL_KEYS.split()) <= set(kernel)
    assert list(kernel["pipes"]) == ["cube", "vector", "mte1", "mte2", "mte3", "fixpipe", "scalar"]
    assert (profile["target"], profile["clock_mhz"]) == ("tiny", 1800)
    assert kernel["launches"] == 2
    assert kernel["cores"] == 1
    assert profile["flops"] == kernel["flops"] == 2 * 2 * 16 * 16 * 128
    assert profile["gm_read_bytes"] == 2 * 2 * 16 * 128 * 2
    assert profile["gm_write_bytes"] == 2 * 16 * 16 * 4
    assert profile["hbm_bytes"] == 2 * 16 * 128 * 2, "the second launch finds its operands in L2"
    assert profile["peak_gm_bytes"] == 512 + 64 * 128 + 1024
    assert profile["cycles"] == pytest.approx(timeline.cycles)
    assert kernel["cycles"] == pytest.approx(timeline.cycles)
    assert profile["time_us"] == pytest.approx(timeline.cycles / 1800)
    ideal = 2 * 16 * 16 * 128 / 4096
    assert kernel["cube_utilization"] == pytest.approx(ideal / (TINY.cube_cores * timeline.cycles))
    assert all(0 <= share <= 1 for share in kernel["pipes"].values())
    assert kernel["pipes"]["vector"] == 0
    assert kernel["source"] == ["model.py:7 mm"]


def test_queues_have_their_slowest_core_and_their_waits(timeline):
    (kernel,) = profile_json(timeline)["kernels"]
    queues = {queue["pipe"]: queue for queue in kernel["queues"]}
    assert set(queues) == {"S", "M", "MTE1", "MTE2", "MTE3", "FIX"}
    for queue in queues.values():
        assert queue["core"] == "cube"
        assert queue["slowest"] == queue["busy"], "there is one core"
        assert queue["imbalance"] == 1
        assert sum(queue["waits"].values()) == pytest.approx(sum(queue["stalls"].values()))
        assert queue["busy"] + sum(queue["waits"].values()) <= kernel["cycles"] - kernel["launch_cycles"] + 1e-6
    assert queues["M"]["waits"]["flag"] == pytest.approx(queues["M"]["stalls"]["wait MTE1"])
    assert kernel["l2_hit"] == 0.5, "the first launch misses everything, the second nothing"


def test_imbalance_is_the_slowest_core_over_the_mean(timeline):
    launch = timeline.launches[0]
    used = launch.use.cores["cube"]
    queues = used.queues | {"M": replace(used.queues["M"], busy=300.0, busiest=200.0)}
    cores = {"cube": replace(used, cores=2, queues=queues)}
    uneven = replace(launch, use=replace(launch.use, cores=cores))
    (kernel,) = profile_json(replace(timeline, launches=(uneven, uneven)))["kernels"]
    (found,) = (queue for queue in kernel["queues"] if queue["pipe"] == "M")
    assert (found["busy"], found["slowest"], found["imbalance"]) == (300, 400, pytest.approx(4 / 3))


def test_a_short_kernel_is_bound_by_its_loads_and_a_slow_launch_by_launching(timeline, cube_program):
    (kernel,) = profile_json(timeline)["kernels"]
    assert kernel["bound"] == "mte2"
    slow = simulate(cube_program(128), load("ascend910b3"))
    assert profile_json(slow)["kernels"][0]["bound"] == "launch"
    note = f"launch: starting the kernel (up to {slow.machine.launch_cycles('cube'):,.0f} cycles each time)"
    assert note in text_report(slow)
    assert "launch: " not in text_report(timeline)


def test_cycles_of_source_lines_are_the_busy_cycles_of_the_pipes(timeline):
    (kernel,) = profile_json(timeline)["kernels"]
    by_pipe = {line["pipe"]: line["cycles"] for line in kernel["lines"]}
    assert {line["source"] for line in kernel["lines"]} == {"model.py:7 mm"}
    names = {"M": "cube", "MTE1": "mte1", "MTE2": "mte2", "FIX": "fixpipe"}
    assert set(by_pipe) == set(names)
    for pipe, cycles in by_pipe.items():
        assert cycles == pytest.approx(kernel["pipes"][names[pipe]] * kernel["cycles"])


def test_text_names_kernels_and_lines(timeline):
    text = text_report(timeline)
    assert "2 launches" in text
    assert text.splitlines()[5].startswith("mm ")
    assert "model.py:7 mm" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_text_of_long_names_stays_narrow(timeline):
    kernel = replace(timeline.program.kernels[0], name="attention_" * 30 + "7")
    text = text_report(replace(timeline, program=replace(timeline.program, kernels=[kernel])))
    assert max(len(line) for line in text.splitlines() if line.startswith("attention")) <= WIDTH


def test_text_sums_a_source_line_over_kernels(cube_program):
    program = cube_program(128)
    program.kernels.append(replace(program.kernels[0], name="again"))
    program.launches[1] = replace(program.launches[1], kernel=1)
    rows = [row.split() for row in text_report(simulate(program, TINY)).splitlines() if row.startswith("model.py:7")]
    assert len({(*row[:-1],) for row in rows}) == len(rows) > 1


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        ("/opt/venv/lib/python3.11/site-packages/bert/model.py:7", "bert/model.py:7"),
        ("/usr/lib/python3/dist-packages/bert/model.py:7 (layer.0)", "bert/model.py:7 (layer.0)"),
        ("{here}/models/mine.py:3", "models/mine.py:3"),
        ("{here}-other/mine.py:3", "{here}-other/mine.py:3"),
        ("(unknown)", "(unknown)"),
    ],
)
def test_text_shortens_paths_and_json_does_not(tmp_path, monkeypatch, cube_program, whole, shown):
    monkeypatch.chdir(tmp_path)
    whole, shown = (text.format(here=tmp_path.as_posix()) for text in (whole, shown))
    program = cube_program(16)
    program.kernels[0].cube_sources = [whole]
    timeline = simulate(program, TINY)
    assert {row["source"] for row in profile_json(timeline)["kernels"][0]["lines"]} == {whole}
    assert shown in [line.partition("  ")[0] for line in text_report(timeline).splitlines()]


def test_setup_is_reported_apart(cube_program):
    program = cube_program(128)
    plain = profile_json(simulate(program, TINY))
    assert (plain["setup_cycles"], plain["setup_kernels"]) == (0.0, [])
    program.setup = [program.launches[0]] * 2
    timeline = simulate(program, TINY)
    profile = profile_json(timeline)
    assert profile["setup_cycles"] == plain["cycles"], "two launches, as the run has"
    assert profile["setup_kernels"] == plain["kernels"]
    assert {key: value for key, value in profile.items() if not key.startswith("setup")} == {
        key: value for key, value in plain.items() if not key.startswith("setup")
    }
    assert "setup, once at loading: " in text_report(timeline).splitlines()[2]
