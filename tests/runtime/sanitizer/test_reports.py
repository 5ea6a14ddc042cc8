"""What a report of a compiled model says: both instructions, their buffers, kernel ops and PyTorch lines, and the remedy."""

import re
from pathlib import Path

import numpy as np
import pytest

import sfumato
from dialects.errors import SfumatoError
from runtime.mutation.mutants import mutations
from runtime.program import Program


@pytest.fixture
def softmax(export_model, tmp_path):
    """A softmax compiled for the small machine, written to a file and read again; its input; the line of its source."""
    import torch

    class Model(torch.nn.Module):
        def forward(self, x):
            return x.softmax(-1)

    x = torch.randn(40, 130)
    program = sfumato.compile(export_model("reported", Model(), (x,)), target="tiny").compiled
    program.save(tmp_path / "p.sfu")
    line = next(
        n for n, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "return x.softmax(-1)" in text
    )
    return Program.load(tmp_path / "p.sfu"), [x.numpy()], f"test_reports.py:{line}"


def report(program, inputs, mnemonic, action="delete", number=0):
    from runtime.launch import run

    chosen = [one for one in mutations(program) if (one.mnemonic, one.action) == (mnemonic, action)]
    with pytest.raises(SfumatoError) as raised:
        run(chosen[number].apply(program), inputs, sanitize=True)
    return str(raised.value)


def test_a_missing_barrier(softmax):
    program, inputs, line = softmax
    text = report(program, inputs, "barrier")
    assert text.startswith("the sanitizer found ")
    first, then, remedy = re.search(r"   first (.*\n.*)\n   then  (.*\n.*)\n   (.*)", text).groups()
    for step in (first, then):
        assert re.match(
            r"`v\w+ dst=.*` (reads|writes) (vec\w+\.\d+.*, its bytes 0x\w+ to 0x\w+)\n"
            r" +instruction \d+ of block 0, vector core 0, queue V: kernel\.\w+\(.*vec\w+\.\d+.*\), .*"
            + re.escape(line),
            step,
        ), step
    assert "`barrier pipe=V`" in remedy


def test_a_missing_wait_names_the_flag_to_wait_for(softmax):
    program, inputs, line = softmax
    waits = [one for one in mutations(program) if (one.mnemonic, one.action) == ("wait_flag", "delete")]
    texts = [report(program, inputs, "wait_flag", number=number) for number in range(len(waits))]
    assert any("`wait_flag src=MTE2, dst=V` in front of the second" in text for text in texts)
    assert any("`wait_flag src=V, dst=MTE3` in front of the second" in text for text in texts)
    assert all(line in text for text in texts)


def test_a_deadlock_names_what_waits(softmax):
    program, inputs, line = softmax
    text = report(program, inputs, "set_flag")
    assert re.search(
        r"deadlock: .* wait behind .*`wait_flag .*`, from kernel\.deque vecin\.0, .*" + re.escape(line), text
    )


def test_an_address_out_of_its_buffer(softmax):
    program, inputs, line = softmax
    text = report(program, inputs, "vexp", "outside")
    assert "of ub, which has 0x8000 (32768 bytes)" in text
    assert line in text


def test_an_unordered_wait_is_reported_before_what_stops_the_run(export_model):
    """Both the race and the error that the race led to are told."""
    from dialects.isa import INSTRUCTIONS
    from dialects.isa.encoding import encode
    from runtime.functional.interpreter import run_kernel
    from runtime.machine.description import load
    from runtime.program import Argument, Kernel

    dup = dict(scalar=0, count=64, mask=64, dst_blk=1, dst_rep=8, type="f32")
    code = [
        INSTRUCTIONS["vdup"].make(dst=0, **dup),
        INSTRUCTIONS["vdup"].make(dst=0, **dup),
        INSTRUCTIONS["wait_flag"].make(src="MTE2", dst="V", id=0),
    ]
    kernel = Kernel("k", "vector", 1, [Argument("x", "f32", (8,), "in")], vector=encode(code))
    with pytest.raises(SfumatoError, match=r"(?s)1\. race: 256 bytes of ub.*the run then stopped: deadlock"):
        run_kernel(kernel, [np.zeros(8, np.float32)], load("tiny"), sanitize=True)


def test_an_address_that_leaves_its_buffer_for_another_one(softmax):
    """The buffers of the kernel level are limits, though the memory goes on behind them."""
    program, inputs, line = softmax
    text = report(program, inputs, "copy_gm_ub", "neighbour")
    assert re.search(
        r"out of bounds: ub 0x\w+ to 0x\w+ is not inside a slot of vecin\.0, 0x0 to 0x\w+ in 2 slots", text
    )
    assert line in text
