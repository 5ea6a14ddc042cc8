"""Every reason of the timing model belongs to one category, and none gets lost."""

import pytest

from runtime.profile.stall_reasons import WORDS, by_category, category


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("issue", "issue"),
        ("queue full", "issue"),
        ("MTE2 queue full", "issue"),
        ("wait MTE2", "flag"),
        ("wait S", "flag"),
        ("wait cross-core", "core"),
        ("barrier", "barrier"),
        ("port", "port"),
        ("l2 read", "data"),
        ("l2 write", "data"),
        ("l2", "data"),
        ("hbm", "data"),
        ("fetch", "data"),
        ("moon phase", "other"),
    ],
)
def test_category(reason, expected):
    assert category(reason) == expected
    assert expected in WORDS


def test_sums_keep_all_cycles():
    stalls = {"wait M": 3.0, "wait V": 4.0, "hbm": 2.0, "something new": 1.0, "port": 0.0}
    assert by_category(stalls) == {"data": 2.0, "flag": 7.0, "other": 1.0}
