"""Temporaries live from the first launch that has them to the last."""

from types import SimpleNamespace

from runtime.profile.html.gm_memory import held_bytes, lifetimes, live_bytes
from runtime.program import Buffer, Launch


def test_lives_and_bytes(single_kernel):
    buffers = [
        Buffer("w", 100, "weight", "f32", (25,), 0, key="w"),
        Buffer("a", 8, "temporary", "f32", (2,), 512),
        Buffer("b", 16, "temporary", "f32", (4,), 1024),
        Buffer("c", 32, "temporary", "f32", (8,), 512),
        Buffer("in", 4, "input", "f32", (1,), 2048, index=0),
    ]
    launches = [Launch(0, tuple((at, 0) for at in uses)) for uses in ((4, 1), (0, 1, 2), (2,), (2, 3))]
    program = single_kernel(buffers, launches)
    timeline = SimpleNamespace(program=program, launches=launches)
    found = lifetimes(timeline)
    assert [(one.buffer.name, one.first, one.last) for one in found] == [("a", 0, 1), ("c", 3, 3), ("b", 1, 3)]
    assert live_bytes(timeline, found) == [8, 24, 16, 48]
    assert held_bytes(timeline) == {"weights": 100, "inputs": 4}
