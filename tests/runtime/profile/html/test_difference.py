"""The page's line difference, run in the browser, against Python's difflib and the definition of an edit script."""

import difflib
import re
from importlib import resources
from typing import Any

import pytest

pytest.importorskip("selenium")

SCRIPT = (resources.files("runtime.profile.html") / "assets" / "difference.js").read_text()


@pytest.fixture
def difference(browser: Any) -> Any:
    browser.get("about:blank")
    return lambda old, new: browser.execute_script(f"{SCRIPT}\nreturn difference(arguments[0], arguments[1])", old, new)


def applied(rows: list[Any], old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    before = [old[one] for kind, one, _ in rows if kind != "add"]
    after = [new[one] for kind, _, one in rows if kind != "remove"]
    return before, after


@pytest.mark.parametrize("changes", [0, 1, 5, 40, 300])
def test_it_leads_from_one_text_to_the_other_in_few_edits(difference: Any, rng: Any, changes: int) -> None:
    old = [f"op_{number} = graph.add" for number in rng.integers(0, 90, 300).tolist()]
    new = list(old)
    for _ in range(changes):
        at = int(rng.integers(0, len(new)))
        if rng.random() < 0.5:
            new.insert(at, f"op_{rng.integers(90, 99)} = graph.mul")
        else:
            del new[at]
    rows = difference(old, new)
    assert applied(rows, old, new) == (old, new)
    for kind, one, other in rows:
        if kind == "same":
            assert old[one] == new[other]
    edits = sum(kind != "same" for kind, _, _ in rows)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    common = sum(block.size for block in matcher.get_matching_blocks())
    assert edits <= len(old) + len(new) - 2 * common, "Myers finds a shortest script, difflib need not"
    assert edits <= changes


def test_renumbered_values_are_the_same(difference: Any) -> None:
    old = [f"%{at} = arith.addi %{at - 1}, %0" for at in range(1, 50)]
    new = ["%1 = arith.constant 3", *[re.sub(r"%(\d+)", lambda found: f"%{int(found[1]) + 1}", line) for line in old]]
    assert [kind for kind, _, _ in difference(old, new)] == ["add"] + ["same"] * len(old)


def test_texts_too_different_to_compare_are_replaced(difference: Any) -> None:
    old, new = [f"old {at}" for at in range(3000)], [f"new {at}" for at in range(3000)]
    rows = difference(old, new)
    assert applied(rows, old, new) == (old, new)
    assert [kind for kind, _, _ in rows] == ["remove"] * 3000 + ["add"] * 3000


@pytest.mark.parametrize(("old", "new"), [([], []), ([], ["a"]), (["a"], []), (["a"], ["a"]), (["a", "b"], ["b", "a"])])
def test_small_texts(difference: Any, old: list[str], new: list[str]) -> None:
    assert applied(difference(old, new), old, new) == (old, new)
