"""Flags between cores."""

import pytest

from dialects.errors import SfumatoError
from dialects.isa.fields import Register
from runtime.machine.description import load
from runtime.timing.simulator import simulate

TINY = load("tiny")


def fill(make, repeats):
    return make("vdup", dst=0, scalar=0, count=64 * repeats, mask=64, dst_blk=1, dst_rep=0, type="f32")


def test_a_handshake_costs_its_cycles(make, build):
    cube = [make("cross_set", pipe="FIX", id=0, mode=2), make("cross_wait", id=1, mode=2)]
    vector = [make("cross_wait", id=0, mode=2), make("cross_set", pipe="MTE3", id=1, mode=2)]
    use = simulate(build("mix", cube=cube, vector=vector, blocks=2), TINY).launches[0].use
    assert use.cores["vector"].cores == 4
    assert 2 * TINY.sync.handshake_cycles <= use.cycles <= 2 * TINY.sync.handshake_cycles + 20


def test_a_cube_core_waits_for_both_its_vector_cores(make, build):
    cube = [make("cross_wait", id=1, mode=2)]
    vector = [
        make("sub_idx", rd=Register(0)),
        make("if", a=Register(0)),
        fill(make, 250),
        make("end"),
        make("cross_set", pipe="V", id=1, mode=2),
    ]
    use = simulate(build("mix", cube=cube, vector=vector), TINY).launches[0].use
    assert use.cycles >= 250 + TINY.sync.handshake_cycles


def test_all_cores_of_a_kind_meet(make, build):
    meet = [make("cross_set", pipe="V", id=2, mode=0), make("cross_wait", id=2, mode=0)]
    work = [make("block_idx", rd=Register(0)), make("if", a=Register(0)), fill(make, 200), make("end")]
    use = simulate(build("vector", vector=[*work, *meet, *meet], blocks=4), TINY).launches[0].use
    assert use.cycles >= 200 + 2 * TINY.sync.handshake_cycles
    assert use.cores["vector"].queues["S"].stalls["wait cross-core"] > 0


def test_a_missing_partner_is_a_deadlock(make, build):
    with pytest.raises(SfumatoError, match="deadlock: cube core of block 0"):
        simulate(build("mix", cube=[make("cross_wait", id=0, mode=2)], vector=[]), TINY)
