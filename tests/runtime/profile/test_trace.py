"""The trace: what Chrome and Perfetto need of it, and that its figures are the simulation's."""

import gzip
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa.fields import Pipe
from runtime.machine.description import load
from runtime.profile import trace
from runtime.program import Kernel
from runtime.timing.result import SPAN, WAIT, CoreTrace
from runtime.timing.simulator import simulate


@pytest.fixture
def events(timeline, tmp_path):
    trace.write(tmp_path / "trace.json", timeline)
    return json.loads((tmp_path / "trace.json").read_text())["traceEvents"]


def named(events, name):
    return [event for event in events if event["ph"] == "M" and event["name"] == name]


def slices(events, category):
    return [event for event in events if event["ph"] == "X" and event["cat"] == category]


def test_a_process_a_core_and_a_thread_a_pipe_in_the_order_of_the_data(events):
    processes = {event["pid"]: event["args"]["name"] for event in named(events, "process_name")}
    assert processes == {0: "launches", 1: "cube core 0"}
    names = {event["tid"]: event["args"]["name"] for event in named(events, "thread_name") if event["pid"] == 1}
    order = {
        event["tid"]: event["args"]["sort_index"] for event in named(events, "thread_sort_index") if event["pid"] == 1
    }
    assert [names[thread] for thread in sorted(order, key=order.get)] == [
        "PIPE-S", "PIPE-MTE2", "PIPE-MTE1", "PIPE-M", "PIPE-FIX", "PIPE-MTE3",
    ]  # fmt: skip


def test_spans_of_a_pipe_do_not_overlap_in_whole_nanoseconds_and_end_within_the_run(events, timeline):
    spans = slices(events, "instruction")
    for thread in {event["tid"] for event in spans}:
        times = [(round(event["ts"] * 1000), round(event["dur"] * 1000)) for event in spans if event["tid"] == thread]
        for (start, duration), (after, _) in itertools.pairwise(sorted(times)):
            assert start + duration <= after
    assert max(event["ts"] + event["dur"] for event in spans) <= timeline.machine.time_us(timeline.cycles) + 1e-3


def test_an_instruction_tells_its_source_its_kernel_op_and_its_cycles(events, timeline):
    mmads = [event for event in slices(events, "instruction") if event["name"] == "mmad"]
    assert len(mmads) == 2
    for event in mmads:
        assert event["args"]["source"] == "model.py:7 mm"
        assert event["args"]["op"] == "kernel.mmad"
        assert event["args"]["text"].startswith("mmad dst=[0]")
        assert event["tid"] == Pipe.M
    used = sum(launch.use.cores["cube"].queues["M"].busy for launch in timeline.launches)
    assert sum(event["args"]["cycles"] for event in mmads) == pytest.approx(used, abs=0.02)


def test_launches_have_a_row_of_their_own(events, timeline):
    starts = [event["ts"] for event in slices(events, "launch") if event["name"] == "mm"]
    assert starts == pytest.approx([timeline.machine.time_us(launch.start) for launch in timeline.launches], abs=1e-3)
    launching = [event["dur"] for event in slices(events, "launch") if event["name"] == "launching"]
    assert launching == pytest.approx(
        [timeline.machine.time_us(launch.launch_cycles) for launch in timeline.launches], abs=2e-3
    )


def test_flags_are_arrows_from_the_producing_span_to_the_consuming_one(timeline, tmp_path):
    first = timeline.launches[0]
    (core,) = first.use.trace
    flag = np.array([(0, Pipe.MTE1, Pipe.M, 3, _end_of(core, Pipe.MTE1) + 2, _start_of(core, Pipe.M) - 1)], WAIT)
    use = replace(first.use, trace=(replace(core, waits=flag),))
    trace.write(tmp_path / "t.json", replace(timeline, launches=(replace(first, use=use),)))
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    (start,), (finish,) = ([event for event in events if event["ph"] == kind] for kind in "sf")
    assert start["name"] == finish["name"] == "flag 3: MTE1 to M"
    assert start["id"] == finish["id"]
    assert finish["bp"] == "e"
    for arrow, mnemonic in ((start, "load_l0b"), (finish, "mmad")):
        (span,) = (event for event in slices(events, "instruction") if event["name"] == mnemonic)
        assert (arrow["pid"], arrow["tid"]) == (span["pid"], span["tid"])
        assert span["ts"] <= arrow["ts"] < span["ts"] + span["dur"]


def _end_of(core, pipe):
    return core.spans["end"][core.spans["pipe"] == pipe].max()


def _start_of(core, pipe):
    return core.spans["start"][core.spans["pipe"] == pipe].min()


def test_cross_core_flags_join_processes(timeline, tmp_path):
    """A mix block: the cube core's fixpipe sets a flag that the second vector core's scalar unit waits for."""
    first = timeline.launches[0]
    cube = replace(first.use.trace[0], waits=np.zeros(0, WAIT))
    none = np.zeros(0, SPAN)
    waits = np.array([(0, Pipe.FIX, Pipe.S, 5, _end_of(cube, Pipe.FIX), _end_of(cube, Pipe.FIX) + 9)], WAIT)
    traces = (cube, CoreTrace("vector", 0, 0, none), CoreTrace("vector", 0, 1, none, waits))
    kernel = timeline.program.kernels[0]
    mixed = Kernel("mm", "mix", 1, kernel.arguments, cube=kernel.cube, vector=kernel.cube[:0])
    program = replace(timeline.program, kernels=[mixed])
    launches = (replace(first, use=replace(first.use, trace=traces)),)
    trace.write(tmp_path / "t.json", replace(timeline, program=program, launches=launches))
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    processes = {event["args"]["name"]: event["pid"] for event in named(events, "process_name")}
    (start,), (finish,) = ([event for event in events if event["ph"] == kind] for kind in "sf")
    assert (start["pid"], start["tid"]) == (processes["cube core 0"], Pipe.FIX)
    assert (finish["pid"], finish["tid"]) == (processes["vector core 1"], Pipe.S)
    assert start["name"] == "cross-core flag 5: FIX to S"


def test_compressed(timeline, tmp_path):
    for name in ("plain.json", "packed.json.gz"):
        trace.write(tmp_path / name, timeline)
    packed = (tmp_path / "packed.json.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "plain.json").read_bytes()
    trace.write(tmp_path / "packed.json.gz", timeline)
    assert (tmp_path / "packed.json.gz").read_bytes() == packed, "the same input gives the same bytes"


def test_only_some_kernels(timeline, tmp_path):
    kernels = [*timeline.program.kernels, replace(timeline.program.kernels[0], name="other")]
    first, second = timeline.launches
    both = replace(
        timeline, program=replace(timeline.program, kernels=kernels), launches=(first, replace(second, kernel=1))
    )
    trace.write(tmp_path / "t.json", both, ["other"])
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    assert {event["args"]["kernel"] for event in slices(events, "instruction")} == {"other"}
    with pytest.raises(SfumatoError, match="no kernel 'third'; it has: mm, other"):
        trace.write(tmp_path / "t.json", both, ["third"])


def test_an_unrecorded_timeline_or_a_bad_path_is_refused_and_nothing_half_written(timeline, cube_program, tmp_path):
    with pytest.raises(ValueError, match="record_trace"):
        trace.write(tmp_path / "t.json", simulate(cube_program(128), load("tiny")))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SfumatoError, match="cannot write the trace"):
        trace.write(tmp_path / "absent" / "t.json", timeline)
