"""The page is one file that needs nothing else, and nothing in a program can put code into it."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest

from dialects.errors import SfumatoError
from runtime.profile.html import page
from runtime.profile.html.launch_records import launch_records
from runtime.timing.simulator import simulate

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u2028$&"


@pytest.fixture
def evil(timeline):
    """The timeline of a program whose every name is an attack."""
    program = timeline.program
    kernel = replace(program.kernels[0], name=EVIL, cube_sources=[EVIL], source=[EVIL])
    buffers = [replace(buffer, name=EVIL) for buffer in program.buffers]
    return replace(timeline, program=replace(program, kernels=[kernel], buffers=buffers))


def written(path, *arguments):
    page.write(path, *arguments)
    return path.read_text()


def test_nothing_is_loaded(timeline, tmp_path):
    text = written(tmp_path / "r.html", timeline, "mm")
    assert not re.search(
        r"""<(script|img|iframe|object|embed)\b[^>]*\bsrc=|<link\b|@import|\burl\((?!['"]?(data:|#))""",
        strip_scripts(text),
    )
    assert "default-src 'none'" in text
    assert len(text) < 2_000_000


def strip_scripts(text):
    return re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL)


def test_only_our_scripts_may_run(timeline, tmp_path):
    text = written(tmp_path / "r.html", timeline, "mm")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    allowed = re.search(r"script-src ([^;]*);", policy)[1].split()
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert "unsafe" not in re.search(r"script-src [^;]*", policy)[0]


def test_names_are_data_and_not_markup(evil, tmp_path):
    (tmp_path / "00-x.mlir").write_text(f"builtin.module {{\n  func.func @main() {{\n    {EVIL}\n  }}\n}}\n")
    text = written(tmp_path / "r.html", evil, EVIL, tmp_path)
    assert "<script>document.title" not in text
    assert "<img" not in strip_scripts(text)
    data = re.search(r'<script type="application/json" id="profile-data">(.*?)</script>', text, flags=re.DOTALL)[1]
    assert json.loads(data)["profile"]["kernels"][0]["name"] == EVIL


def test_the_data_are_those_of_the_profile(timeline, tmp_path):
    text = written(tmp_path / "r.html", timeline, "mm")
    data = json.loads(re.search(r'id="profile-data">(.*?)</script>', text, flags=re.DOTALL)[1])
    assert data["profile"]["cycles"] == timeline.cycles
    assert [launch["start"] for launch in data["launches"]] == [launch.start for launch in timeline.launches]
    assert data["ir"] is None
    assert "No IR was given" in text


def test_identical_launches_share_a_record(timeline):
    first, second = timeline.launches
    assert launch_records(timeline).of_launch == [0, 1] or launch_records(timeline).of_launch == [1, 0]
    same = replace(timeline, launches=(first, replace(second, use=first.use)))
    assert launch_records(same).of_launch == [0, 0]
    assert len(launch_records(same).records) == 1


def test_an_unrecorded_timeline_a_bad_path_and_a_bad_directory_are_refused(timeline, cube_program, tmp_path):
    with pytest.raises(ValueError, match="record_trace"):
        page.write(tmp_path / "r.html", simulate(cube_program(16), timeline.machine), "mm")
    with pytest.raises(SfumatoError, match="cannot write the report"):
        page.write(tmp_path / "absent" / "r.html", timeline, "mm")
    with pytest.raises(SfumatoError, match="cannot read IR dumps"):
        page.write(tmp_path / "r.html", timeline, "mm", tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_command_line(sfumato_command, tmp_path, timeline):
    timeline.program.save(tmp_path / "p.sfu")
    assert sfumato_command("profile", tmp_path / "p.sfu", "--report", tmp_path / "r.html").code == 0
    assert "p - Sfumato profile" in (tmp_path / "r.html").read_text()
    for option, needed in (("--ir", "--report"), ("--trace-kernel", "--trace")):
        finished = sfumato_command("profile", tmp_path / "p.sfu", option, "x")
        assert finished.code == 1
        assert f"{option} goes with {needed}" in finished.err


@pytest.mark.parametrize("target", ["ascend910b3", "ascend950"])
def test_kernels_of_both_kinds_of_core(export_model, sfumato_command, tmp_path, target):
    """On the second machine a cube core stores straight into the buffers of its vector cores."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(64, 96), torch.nn.GELU()).eval()
    archive = export_model("mixed", model, (torch.zeros(40, 64),))
    assert sfumato_command("compile", archive, "-o", tmp_path / "p.sfu", "--target", target).code == 0
    finished = sfumato_command("profile", tmp_path / "p.sfu", "--report", tmp_path / "r.html")
    assert finished.code == 0, finished.err
    data = json.loads(re.search(r'id="profile-data">(.*?)</script>', (tmp_path / "r.html").read_text(), re.DOTALL)[1])
    (kernel,) = data["profile"]["kernels"]
    assert kernel["kind"] == "mix"
    buffers = {buffer["space"] for buffer in data["records"][0]["buffers"]}
    assert {"l1", "l0a", "l0b", "l0c", "ub"} <= buffers
