"""The page in a headless browser: it draws, zooms, and choosing leads from one part to the others."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.profile.html import page

pytest.importorskip("selenium")

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def report(tmp_path_factory: Any) -> Path:
    """The report of a compiled model with its IR, written by the commands that a user would type."""
    torch = pytest.importorskip("torch")
    from compiler.cli.main import run

    folder = tmp_path_factory.mktemp("report")

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList(torch.nn.Linear(32, 32) for _ in range(2))
            self.norm = torch.nn.LayerNorm(32)

        def forward(self, x: Any) -> Any:
            for layer in self.layers:
                x = self.norm(torch.nn.functional.gelu(layer(x)))
            return x.softmax(-1)

    with torch.no_grad():
        torch.export.save(torch.export.export(Model().eval(), (torch.zeros(40, 32),)), folder / "m.pt2")
    names = {name: str(folder / name) for name in ("m.pt2", "m.sfu", "dumps", "m.html")}
    assert run(["compile", names["m.pt2"], "-o", names["m.sfu"], "--target", "tiny", "--dump-ir", names["dumps"]]) == 0
    assert (
        run(
            [
                "profile",
                names["m.sfu"],
                "--report",
                names["m.html"],
                "--ir",
                names["dumps"],
                "--json",
                str(folder / "j"),
            ]
        )
        == 0
    )
    return folder / "m.html"


def script(browser: Any, text: str) -> Any:
    return browser.execute_script(f"const get = (name) => Bokeh.documents[0].get_model_by_name(name); {text}")


def place(browser: Any, source: str, at: int) -> tuple[int, int]:
    """Scroll to a figure and return where the middle of one of its boxes is, in the window."""
    found = script(
        browser,
        f"""
        const source = get("{source}"), data = source.data;
        const plots = Bokeh.documents[0].roots();
        const plot = plots.find((root) => root.renderers.some((one) => one.data_source === source));
        const {{el, frame}} = Bokeh.index.find_one(plot);
        el.scrollIntoView({{block: "center"}});
        const area = el.getBoundingClientRect();
        const x = frame.x_scale.compute((data.left[{at}] + data.right[{at}]) / 2);
        const y = frame.y_scale.compute((data.top[{at}] + data.bottom[{at}]) / 2);
        return [area.left + x, area.top + y];
        """,
    )
    return round(found[0]), round(found[1])


def pointer(browser: Any, where: tuple[int, int]) -> Any:
    """Move the pointer; return the chain of actions, to go on with."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    builder = ActionBuilder(browser)
    builder.pointer_action.move_to_location(*where)
    builder.perform()
    return ActionChains(browser)


def soon(browser: Any, condition: str) -> Any:
    """Wait until a script returns something true, and return it."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 20).until(lambda _: script(browser, condition))


def text(browser: Any, selector: str) -> str:
    return browser.execute_script("return document.querySelector(arguments[0]).textContent", selector)


def click(browser: Any, selector: str) -> None:
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def test_it_draws_without_an_error_and_loads_nothing(opened: Any, report: Path, browser_errors: Any) -> None:
    browser = opened(report)
    loaded = "return performance.getEntriesByType('resource').map((one) => one.name)"
    assert [name for name in script(browser, loaded) if not name.startswith("data:")] == []
    kernels = script(browser, "return document.querySelectorAll('#kernel-table tbody tr').length")
    assert kernels == script(browser, "return new Set(get('launches').data.kernel).size")
    assert len(script(browser, "return get('spans').data.left")) > 10
    for figure in browser.find_elements("css selector", ".plot"):
        assert figure.size["height"] > 50
    assert browser_errors(browser) == []


def test_ctrl_and_wheel_zoom_and_the_memory_follows(opened: Any, report: Path, browser_errors: Any) -> None:
    from selenium.webdriver import Keys
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    browser = opened(report)
    where = place(browser, "launches", 0)
    shown = "const r = Bokeh.documents[0].roots()[{}].x_range; return r.end - r.start"
    before = script(browser, shown.format(0))
    origin = ScrollOrigin.from_viewport(*where)
    actions = pointer(browser, where).key_down(Keys.CONTROL).scroll_from_origin(origin, 0, -400).key_up(Keys.CONTROL)
    actions.perform()
    soon(browser, f"{shown.format(0)} < {0.9 * before}")
    assert script(browser, shown.format(1)) == script(browser, shown.format(0))
    assert browser_errors(browser) == []


def test_a_click_on_a_launch_leads_to_its_pipes_and_its_ir(opened: Any, report: Path, browser_errors: Any) -> None:
    browser = opened(report)
    chosen = script(browser, "return document.querySelector('#kernel-table tr.chosen').dataset.kernel")
    names = script(browser, "return get('launches').data.kernel")
    at = next(position for position, name in enumerate(names) if name != chosen)
    pointer(browser, place(browser, "launches", at)).click().perform()
    soon(browser, f"return document.getElementById('launch-title').textContent.startsWith({names[at]!r})")
    assert script(browser, "return document.querySelector('#kernel-table tr.chosen').dataset.kernel") == names[at]
    assert script(browser, "return document.getElementById('ir-scope').value") == f"kernel:{names[at]}"
    soon(browser, "return get('spans').data.name.length")
    assert browser_errors(browser) == []


def test_hovering_a_span_tells_its_instruction(opened: Any, report: Path) -> None:
    browser = opened(report)
    data = script(browser, "return get('spans').data")
    widest = max(range(len(data["left"])), key=lambda at: data["right"][at] - data["left"][at])
    pointer(browser, place(browser, "spans", widest)).perform()
    tooltip = """
    const tips = [...document.querySelectorAll(".bk-Tooltip")].map((one) => one.shadowRoot.textContent);
    return tips.find((text) => text.includes("takes"));
    """
    told = soon(browser, tooltip)
    for column in ("name", "where", "cycles", "source"):
        assert data[column][widest] in told


def test_the_ir_of_a_kernel_in_each_pass_and_its_differences(opened: Any, report: Path, browser_errors: Any) -> None:
    browser = opened(report)
    name = script(browser, "return document.querySelector('#kernel-table tr.chosen').dataset.kernel")
    passes = script(browser, "return [...document.querySelectorAll('#passes .name')].map((one) => one.textContent)")
    assert {"tile-form-loops", "convert-tile-to-kernel", "convert-kernel-to-isa"} <= set(passes)
    for wanted, expected in (("tile-choose-schedule", "schedule"), ("convert-kernel-to-isa", "isa.")):
        buttons = "[...document.querySelectorAll('#passes button')]"
        find = f"return {buttons}.find((one) => one.textContent.startsWith('{wanted}')).dataset.pass"
        button = f"#passes button[data-pass='{script(browser, find)}']"
        click(browser, button)
        added = script(
            browser, "return [...document.querySelectorAll('#ir-text .line.add')].map((one) => one.textContent)"
        )
        assert any(expected in line for line in added)
        assert text(browser, f"{button} .plus") == f"+{len(added)}"
    assert name in text(browser, "#ir-text")
    browser.execute_script(
        "const view = document.getElementById('ir-view'); view.value = 'sides'; view.dispatchEvent(new Event('change'))"
    )
    assert script(browser, "return document.querySelectorAll('#ir-text .pair').length") > 0
    assert browser_errors(browser) == []


def test_sorting_and_filtering_kernels(opened: Any, report: Path) -> None:
    browser = opened(report)
    column = "return [...document.querySelectorAll('#kernel-table tbody tr')].map((row) => row.cells[{}].textContent)"
    times = [float(value.replace(",", "")) for value in script(browser, column.format(3))]
    assert times == sorted(times, reverse=True)
    click(browser, "#kernel-table th:nth-child(4)")
    assert [float(value.replace(",", "")) for value in script(browser, column.format(3))] == sorted(times)
    names = script(browser, column.format(0))
    browser.execute_script(
        "const f = document.getElementById('kernel-filter'); f.value = arguments[0]; f.dispatchEvent(new Event('input'))",
        names[0],
    )
    assert script(browser, column.format(0)) == [name for name in names if names[0] in name]


def test_all_cores_and_the_buttons(opened: Any, report: Path, browser_errors: Any) -> None:
    browser = opened(report)
    rows = "return new Set(get('spans').data.where).size"
    few = script(browser, rows)
    browser.execute_script(
        "const c = document.getElementById('core-choice'); c.value = 'all'; c.dispatchEvent(new Event('change'))"
    )
    assert script(browser, rows) > few
    labels = script(browser, "return [...get('core-axis').major_label_overrides.values()].length")
    assert labels == script(browser, rows)
    repeated = script(
        browser, "const k = get('launches').data.kernel; return k.find((name, at) => k.indexOf(name) !== at)"
    )
    click(browser, f"#kernel-table tr[data-kernel='{repeated}']")
    soon(browser, f"return document.getElementById('launch-title').textContent.startsWith({repeated!r})")
    before = text(browser, "#launch-title")
    forward = not script(browser, "return document.getElementById('next-launch').disabled")
    for button in ("next", "previous") if forward else ("previous", "next"):
        click(browser, f"#{button}-launch")
        soon(
            browser,
            f"return (document.getElementById('launch-title').textContent === {before!r}) === {str(button != ('next' if forward else 'previous')).lower()}",
        )
    assert browser_errors(browser) == []


def test_flags_that_were_waited_for_are_drawn_between_the_pipes(opened: Any, timeline: Any, tmp_path: Path) -> None:
    """One tile goes through a cube core: each pipe waits for the one before."""
    page.write(tmp_path / "r.html", timeline, "mm")
    browser = opened(tmp_path / "r.html")
    arrows = script(browser, "return get('arrows').data")
    labels = script(browser, "return [...get('core-axis').major_label_overrides.values()]")
    ends = [(labels[int(y0)], labels[int(y1)]) for y0, y1 in zip(arrows["y0"], arrows["y1"], strict=True)]
    assert sorted(ends) == sorted(
        [("cube 0 MTE2", "cube 0 MTE1"), ("cube 0 MTE1", "cube 0 M"), ("cube 0 M", "cube 0 FIX")]
    )
    before = script(browser, "const d = get('spans').data; return d.before[d.name.indexOf('mmad')]")
    assert before.endswith("waiting for a flag of MTE1")
    click(browser, "#show-arrows")
    assert script(browser, "return get('arrows').data.x0.length") == 0


def test_names_of_a_program_are_shown_and_never_run(
    opened: Any, timeline: Any, tmp_path: Path, browser_errors: Any
) -> None:
    program = timeline.program
    kernel = replace(program.kernels[0], name=EVIL, cube_sources=[EVIL], source=[EVIL])
    program = replace(program, kernels=[kernel], buffers=[replace(buffer, name=EVIL) for buffer in program.buffers])
    dump = f'builtin.module {{\n  tile.kernel @x {{\n    "{EVIL}"() : () -> ()\n  }} loc("{EVIL}":7:0)\n}}\n'
    (tmp_path / f"00-{EVIL.replace('/', '')}.mlir").write_text(dump)
    page.write(tmp_path / "r.html", replace(timeline, program=program), EVIL, tmp_path)
    browser = opened(tmp_path / "r.html")
    assert EVIL in text(browser, "#kernel-table")
    browser.execute_script(
        "const s = document.getElementById('ir-scope'); s.value = 'module'; s.dispatchEvent(new Event('change'))"
    )
    assert EVIL in text(browser, "#ir-text")
    for source in ("launches", "spans"):
        pointer(browser, place(browser, source, 0)).perform()
        time.sleep(0.3)
    assert script(browser, "return document.querySelectorAll('main img, main script').length") == 0
    assert "owned" not in browser.title.replace(EVIL, "")
    assert browser.title == f"{EVIL} - Sfumato profile"
    assert browser_errors(browser) == []
