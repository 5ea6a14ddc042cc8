"""Layers are told by the names of weights, whatever the model calls them."""

import pytest

from runtime.profile.html.layers import UNKNOWN, layers
from runtime.program import Buffer, Launch


def weight(key):
    return Buffer(key, 4, "weight", "f32", (1,), 0, key=key)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["wte.weight", "h.0.ln.weight", "h.1.ln.weight", "head.weight"], ["wte", "h.0", "h.1", "head"]),
        (
            ["m.0.enc.layer.0.a.w", "m.0.enc.layer.0.b.w", "m.0.enc.layer.1.a.w", "m.0.enc.layer.1.b.w", "m.1.dense.w"],
            ["m.0.enc.layer.0", "m.0.enc.layer.0", "m.0.enc.layer.1", "m.0.enc.layer.1", "m.1.dense"],
        ),
        (
            ["layers.0.experts.0.w", "layers.0.experts.1.w", "layers.1.experts.0.w", "layers.1.experts.1.w"],
            ["layers.0", "layers.0", "layers.1", "layers.1"],
        ),
        (["fc.weight", "out.weight"], ["fc", "out"]),
        (["weight"], ["weight"]),
    ],
)
def test_the_numbered_module_is_the_layer(single_kernel, keys, expected):
    program = single_kernel([weight(key) for key in keys], [Launch(0, ((at, 0),)) for at in range(len(keys))])
    assert layers(program) == expected


def test_a_launch_without_weights_counts_with_the_one_before(single_kernel):
    buffers = [weight("h.0.w"), weight("h.1.w"), Buffer("t", 4, "temporary", "f32", (1,), 0)]
    order = [2, 0, 2, 1, 2]
    program = single_kernel(buffers, [Launch(0, ((at, 0),)) for at in order])
    assert layers(program) == ["h.0", "h.0", "h.0", "h.1", "h.1"]


def test_a_program_without_weights(single_kernel):
    program = single_kernel([Buffer("t", 4, "temporary", "f32", (1,), 0)], [Launch(0, ((0, 0),))])
    assert layers(program) == [UNKNOWN]
