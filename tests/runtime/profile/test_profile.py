"""The profile's JSON, text and trace on a hand-written kernel."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from runtime.machine.description import load
from runtime.profile import trace
from runtime.profile.report import profile_json, text_report
from runtime.program import Argument, Buffer, Kernel, Launch, Program
from runtime.timing.simulator import simulate

TINY = load("tiny")
PROGRAM_KEYS = (
    "target clock_mhz cycles time_us flops cube_utilization gm_read_bytes gm_write_bytes peak_gm_bytes kernels"
)
KERNEL_KEYS = (
    "name kind cores launches cycles time_us bound pipes flops cube_utilization gm_read_bytes gm_write_bytes source"
)


def cube_program(depth):
    """One block, one mmad of 16 x 16 x depth (f16) from 512-byte-aligned operands, stored as f32."""
    make = lambda name, **fields: INSTRUCTIONS[name].make(**fields)  # noqa: E731
    sync = lambda src, dst: [make(f"{what}_flag", src=src, dst=dst, id=0) for what in ("set", "wait")]  # noqa: E731
    copy = dict(cols=depth, src_stride=2 * depth, type="f16", rows=16, dst_rows=16)
    load_fields = dict(k=depth, src_rows=16, transpose=0, type="f16")
    code = [
        make("nd2nz", dst=0, src=512, **copy),
        make("nd2nz", dst=8192, src=512 + 32 * depth, **copy),
        *sync("MTE2", "MTE1"),
        make("load_l0a", dst=0, src=0, m=16, **load_fields),
        make("load_l0b", dst=0, src=8192, n=16, **load_fields),
        *sync("MTE1", "M"),
        make("mmad", dst=0, a=0, b=0, m=16, n=16, k=depth, init=1, bias=0, use_bias=0, type="f16", acc="f32", mode="none"),
        *sync("M", "FIX"),
        make(
            "fixpipe", dst=512 + 64 * depth, src=0, m=16, n=16, src_rows=16, dst_stride=64, quant="none", relu=0,
            atomic="none", scale=0, acc="f32", type="f32",
        ),
    ]  # fmt: skip
    sizes = (32 * depth, 32 * depth, 1024)
    addresses = (512, 512 + 32 * depth, 512 + 64 * depth)
    buffers = [Buffer(n, s, "temporary", "f32", (s // 4,), a) for n, s, a in zip("abc", sizes, addresses, strict=True)]
    kernel = Kernel(
        "mm", "cube", 1, [Argument(n, "f32", (s // 4,), "inout") for n, s in zip("abc", sizes, strict=True)],
        cube=encode(code), cube_sources=["model.py:7 mm"], cube_source_of=np.zeros(len(code), np.int32), source=["model.py:7 mm"],
    )  # fmt: skip
    launch = Launch(0, ((0, 0), (1, 0), (2, 0)))
    return Program("tiny", [kernel], buffers, [launch, launch])


@pytest.fixture
def timeline():
    return simulate(cube_program(128), TINY, record_trace=True)


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
    assert profile["cycles"] == kernel["cycles"] == pytest.approx(timeline.cycles)
    assert profile["time_us"] == pytest.approx(timeline.cycles / 1800)
    ideal = 2 * 16 * 16 * 128 / 4096
    assert kernel["cube_utilization"] == pytest.approx(ideal / (TINY.cube_cores * timeline.cycles))
    assert all(0 <= share <= 1 for share in kernel["pipes"].values())
    assert kernel["pipes"]["vector"] == 0
    assert kernel["source"] == ["model.py:7 mm"]


def test_a_short_kernel_is_bound_by_its_loads_and_a_slow_launch_by_launching(timeline):
    (kernel,) = profile_json(timeline)["kernels"]
    assert kernel["bound"] == "mte2"
    slow = simulate(cube_program(128), load("ascend910b3"))
    assert profile_json(slow)["kernels"][0]["bound"] == "launch"
    note = f"bound by launch: starting the kernel ({slow.machine.launch_cycles:,.0f} cycles each time)"
    assert note in text_report(slow)
    assert "bound by" not in text_report(timeline)


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
    assert "mm" in text.splitlines()[4]
    assert "model.py:7 mm" in text
    assert max(map(len, text.splitlines()[2:])) < 140


def test_text_sums_a_source_line_over_kernels():
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
def test_text_shortens_paths_and_json_does_not(tmp_path, monkeypatch, whole, shown):
    monkeypatch.chdir(tmp_path)
    whole, shown = (text.format(here=tmp_path.as_posix()) for text in (whole, shown))
    program = cube_program(16)
    program.kernels[0].cube_sources = [whole]
    timeline = simulate(program, TINY)
    assert {row["source"] for row in profile_json(timeline)["kernels"][0]["lines"]} == {whole}
    assert shown in [line.partition("  ")[0] for line in text_report(timeline).splitlines()]


def test_setup_is_reported_apart():
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
    assert "setup, once at loading: " in text_report(timeline).splitlines()[1]


def test_trace_is_json_with_a_process_a_core_and_a_thread_a_queue(timeline, tmp_path):
    path = tmp_path / "trace.json"
    trace.write(path, timeline)
    events = json.loads(path.read_text())["traceEvents"]
    threads = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert sorted(threads.values()) == ["PIPE-FIX", "PIPE-M", "PIPE-MTE1", "PIPE-MTE2", "PIPE-MTE3", "PIPE-S"]
    spans = [event for event in events if event["ph"] == "X"]
    assert [event["args"]["source"] for event in spans if event["name"] == "mmad"] == ["model.py:7 mm"] * 2
    for queue in threads:
        own = sorted((event["ts"], event["ts"] + event["dur"]) for event in spans if event["tid"] == queue)
        assert all(after[0] >= before[1] - 1e-9 for before, after in itertools.pairwise(own))
    assert max(event["ts"] + event["dur"] for event in spans) <= timeline.cycles / 1800 + 1e-9


def test_trace_of_an_unrecorded_timeline_or_to_a_bad_path_is_refused(timeline, tmp_path):
    with pytest.raises(ValueError, match="record_trace"):
        trace.write(tmp_path / "t.json", simulate(cube_program(128), TINY))
    with pytest.raises(SfumatoError, match="cannot write the trace"):
        trace.write(tmp_path / "absent" / "t.json", timeline)
