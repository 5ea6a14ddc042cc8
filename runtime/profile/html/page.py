"""Puts the page together: figures, data, style and scripts in one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from bokeh.document import Document
from bokeh.resources import Resources
from jinja2 import Environment, PackageLoader, select_autoescape

from dialects.errors import SfumatoError
from dialects.kernel import INTRINSICS
from runtime.atomic_file import write_text
from runtime.decoding import decode_kernel
from runtime.profile.html.core_plots import core_plots
from runtime.profile.html.gm_memory import held_bytes
from runtime.profile.html.ir_dumps import read_dumps
from runtime.profile.html.launch_plots import launch_plot, memory_plots
from runtime.profile.html.launch_records import launch_records
from runtime.profile.html.layers import layers
from runtime.profile.html.packing import packed_json
from runtime.profile.html.palette import LAUNCH_COLOR, MEMORY_COLORS, PIPE_COLORS, WAIT_COLORS
from runtime.profile.html.roofline import roofline_plot
from runtime.profile.html.time_bars import time_bars
from runtime.profile.report import profile_json
from runtime.profile.stall_reasons import WORDS
from runtime.profile.summary import KernelSummary, summarize
from runtime.program import CORES
from runtime.timing.result import Timeline

SHOWN_LINES = 30
"""Source lines of a kernel that the page knows, the costliest first."""

_SCRIPTS = ("elements.js", "packing.js", "difference.js", "kernels.js", "launch.js", "ir.js", "page.js")


def write(path: str | Path, timeline: Timeline, title: str, dumps: str | Path | None = None) -> None:
    """Write the page; the timeline must come from `simulate(..., record_trace=True)`.

    ``dumps`` is the directory that ``compile --dump-ir`` wrote for the program, if the page shall show the IR.
    """
    ir = None if dumps is None else read_dumps(dumps)
    summaries = summarize(timeline)
    plots = _plots(timeline, summaries)
    document = Document()
    for plot in plots.values():
        document.add_root(plot)
    elements = {place: (str(plot.ref["id"]), f"plot-{place}") for place, plot in plots.items()}
    roots = dict(elements.values())
    cycles = {summary.kernel.name: summary.cycles for summary in summaries}
    data = _data(timeline, title) | {
        "figures": {
            "docs": {"figures": document.to_json(deferred=False)},
            "item": {"docid": "figures", "roots": roots, "root_ids": list(roots)},
        },
        "ir": None if ir is None else packed_json(ir.json(cycles)),
    }
    text = _render(title, timeline, data, elements)
    try:
        write_text(path, text)
    except OSError as error:
        raise SfumatoError(f"cannot write the report to {path}: {error.strerror}") from error


def _plots(timeline: Timeline, summaries: Sequence[KernelSummary]) -> dict[str, Any]:
    """The figures by the place that they take on the page."""
    names = layers(timeline.program)
    launches = launch_plot(timeline, summaries, names)
    live, addresses = memory_plots(timeline, launches.x_range)
    spans, buffers = core_plots()
    plots = {"launches": launches, "live": live, "addresses": addresses, "spans": spans, "buffers": buffers}
    roofline = roofline_plot(timeline.machine, summaries)
    if roofline is not None:
        plots["roofline"] = roofline
    return plots | time_bars(timeline, summaries, names)


def _data(timeline: Timeline, title: str) -> dict[str, Any]:
    """What the scripts show: the profile's JSON, launches, and packed details."""
    profile = profile_json(timeline)
    kernels = timeline.program.kernels
    records = launch_records(timeline)
    for kernel in profile["kernels"]:
        kernel["lines"] = kernel["lines"][:SHOWN_LINES]
    return {
        "title": title,
        "profile": profile,
        "hbm_gb_per_s": timeline.machine.memory.hbm_gb_per_s,
        "held_bytes": held_bytes(timeline),
        "launches": [
            {"kernel": kernels[launch.kernel].name, "start": launch.start, "cycles": launch.cycles, "record": record}
            for launch, record in zip(timeline.launches, records.of_launch, strict=True)
        ],
        "records": records.records,
        "programs": packed_json({kernel.name: _programs(timeline, number) for number, kernel in enumerate(kernels)}),
        "colors": {"pipes": PIPE_COLORS, "waits": WAIT_COLORS, "memories": MEMORY_COLORS, "launch": LAUNCH_COLOR},
        "words": WORDS,
    }


def _programs(timeline: Timeline, number: int) -> dict[str, list[list[str]]]:
    """For each instruction of each of the kernel's programs: mnemonic, text, kernel op, source line."""
    kernel = timeline.program.kernels[number]
    programs = {core: decode_kernel(kernel, core) for core in CORES if kernel.code(core) is not None}
    return {
        core: [
            [
                decoded.mnemonic,
                decoded.text(),
                INTRINSICS[decoded.mnemonic].name if decoded.mnemonic in INTRINSICS else "",
                program.source(decoded.index) or "",
            ]
            for decoded in program.instructions
        ]
        for core, program in programs.items()
    }


def _render(title: str, timeline: Timeline, data: dict[str, Any], elements: dict[str, tuple[str, str]]) -> str:
    environment = Environment(
        loader=PackageLoader("runtime.profile.html", "assets"), autoescape=select_autoescape(["html"]),
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    # Bokeh reads a figure in the order in which it was written.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":"), "allow_nan": False}
    folder = resources.files("runtime.profile.html") / "assets"
    own = "\n".join((folder / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    bokeh = "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)
    scripts = [bokeh, f'"use strict";\n(() => {{\n{own}\n}})();']
    return environment.get_template("page.html").render(
        title=title,
        machine=timeline.machine,
        style=(folder / "page.css").read_text(encoding="utf-8"),
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
        data=data,
        elements=elements,
        has_ir=data["ir"] is not None,
    )


def _hash(script: str) -> str:
    """The script's hash, for the page's content security policy: a script that is not one of these does not run."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
