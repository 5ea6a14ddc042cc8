"""Sweeps of a small model through processes and through a Dask cluster on this machine."""

import csv
import json
import re
from pathlib import Path
from shutil import which

import pytest

import sfumato


@pytest.fixture(scope="module")
def model(export_model) -> Path:
    import torch

    return export_model("product", torch.nn.Linear(96, 64, bias=False).half(), (torch.ones(160, 96).half(),))


def profiled(model: Path, target: str) -> dict:
    return sfumato.compile(model, target=target).profile()


def test_every_point_is_what_compile_and_profile_give(model, sfumato_command, tmp_path):
    files = {name: tmp_path / f"sweep.{name}" for name in ("csv", "json", "html")}
    finished = sfumato_command(
        *("sweep", model, "--target", "tiny", "--set", "aic=1,2", "--set", "l1_kib=16,64,1", "--jobs", 2),
        *("--csv", files["csv"], "--json", files["json"], "--plot", files["html"]),
    )
    assert finished.code == 0, finished.err
    report = json.loads(files["json"].read_text())
    base = profiled(model, "tiny")
    assert report["base"]["cycles"] == base["cycles"]
    assert len(report["points"]) == 6
    for point in report["points"]:
        settings = point["settings"]
        assert point["target"] == f"tiny:aic={settings['aic']},l1_kib={settings['l1_kib']}"
        if settings["l1_kib"] == "1":
            assert "L1" in point["error"]
            assert point["cycles"] is point["speedup"] is None
            continue
        wanted = profiled(model, point["target"])
        for key in ("cycles", "time_us", "cube_utilization", "hbm_bytes"):
            assert point[key] == wanted[key]
        assert point["speedup"] == base["time_us"] / wanted["time_us"]
    by_cores = {point["settings"]["aic"]: point for point in report["points"] if point["settings"]["l1_kib"] == "64"}
    assert by_cores["2"]["cycles"] < by_cores["1"]["cycles"]
    lines = list(csv.DictReader(files["csv"].open()))
    assert [line["aic"] for line in lines] == ["", "1", "1", "1", "2", "2", "2"]
    assert float(lines[1]["cycles"]) == report["points"][0]["cycles"]
    assert lines[3]["error"] == report["points"][2]["error"]
    table = [line.split() for line in finished.out.splitlines() if line.strip()]
    assert table[0] == ["aic", "l1_kib", "cycles", "us", "cube", "bound", "speed-up"]
    assert table[2][:3] == ["base", "base", f"{base['cycles']:,.0f}"]
    assert table[5] == ["1", "1", "-", "-", "-", "failed", "-"]
    assert "sfumato sweep: aic=1 l1_kib=1: " in finished.err
    page = files["html"].read_text()
    assert not re.search(r"""<(?:script|link)[^>]+(?:src|href)=["']http""", page)
    assert "l1_kib=16" in page


def test_a_cluster_gives_the_same(model, sfumato_command):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None, "protocol": "tcp://"}
    with distributed.LocalCluster(processes=False, **options) as cluster:
        words = ("sweep", model, "--target", "tiny", "--set", "aic=1,2", "--json", "-")
        remote = sfumato_command(*words, "--scheduler", cluster.scheduler_address)
    assert remote.code == 0, remote.err
    assert json.loads(remote.out) == json.loads(sfumato_command(*words, "--jobs", 1).out)


@pytest.mark.skipif(which("chromedriver") is None, reason="pictures are drawn by Chromium")
def test_pictures(model, sfumato_command, tmp_path):
    words = ("sweep", model, "--target", "tiny", "--jobs", 1)
    numbers = sfumato_command(*words, "--set", "aic=1,2", "--plot", tmp_path / "p.png")
    assert numbers.code == 0, numbers.err
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    names = sfumato_command(*words, "--set", "precision=keep,fp32", "--plot", tmp_path / "p.svg")
    assert names.code == 0, names.err
    picture = (tmp_path / "p.svg").read_text()
    assert {"keep", "fp32", "microseconds"} <= set(re.findall(r">([^<>]+)</text>", picture))


def test_from_python(model):
    report = sfumato.sweep(model, {"aic": [1, 2], "hbm_gb_per_s": ["x1"]}, target="tiny", jobs=1)
    assert [point["settings"] for point in report["points"]] == [
        {"aic": "1", "hbm_gb_per_s": "x1"},
        {"aic": "2", "hbm_gb_per_s": "x1"},
    ]
    assert report["points"][1]["cycles"] == report["base"]["cycles"] == profiled(model, "tiny")["cycles"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("{model}",), 2, "--set"),
        (("{model}", "--set", "aic=1", "--jobs", "0"), 2, "0 is not a number from 1 up"),
        (("{model}", "--set", "aicc=1"), 1, "did you mean aic"),
        (("{model}", "--set", "aic=1", "--plot", "p.pdf"), 1, "a plot is written as .html, .png, .svg"),
        (("{model}", "--set", "aic=1", "--scheduler", "tcp://127.0.0.1:1"), 1, "no Dask scheduler answers there"),
        (("{model}", "--set", "aic=1", "--scheduler", "nonsense://x"), 1, "no Dask scheduler answers there"),
        (("none.pt2", "--set", "aic=1"), 1, "none.pt2: no such file"),
        (("{model}", "--set", "l1_kib=1", "--target", "tiny:l1_kib=1", "--jobs", "1"), 1, "base: "),
    ],
)
def test_faults(model, sfumato_command, monkeypatch, words, code, message):
    monkeypatch.setattr("compiler.sweep.run.CONNECT_SECONDS", 1)
    finished = sfumato_command("sweep", *(word.format(model=model) for word in words))
    assert (finished.code, "Traceback" in finished.err) == (code, False), finished.err
    assert message in finished.err
