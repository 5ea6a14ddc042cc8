"""Direct paths between the cores of a block: UB to L1 and L0C to UB, ordered by cross-core flags."""

import numpy as np
import pytest

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.fields import Register as R

DIRECT = "tiny:paths.l0c_ub.bytes_per_cycle=128,paths.ub_l1.bytes_per_cycle=128"


def make(name, **fields):
    return INSTRUCTIONS[name].make(**fields)


def flag(src, dst):
    return [make("set_flag", src=src, dst=dst, id=0), make("wait_flag", src=src, dst=dst, id=0)]


def cross_set(pipe, number):
    return make("cross_set", pipe=pipe, id=number, mode=2)


def cross_wait(number):
    return make("cross_wait", id=number, mode=2)


def programs(m, k, share):
    """X [m, k] times its transpose: the vector cores load `share` rows each, and store theirs of the product."""
    matrix = dict(k=k, src_rows=32, transpose=0, type="f16")
    cube = [
        cross_wait(0),
        make("load_l0a", dst=0, src=0, m=m, **matrix),
        make("load_l0b", dst=0, src=0, n=m, **matrix),
        *flag("MTE1", "M"),
        make("mmad", dst=0, a=0, b=0, m=m, n=m, k=k, init=1, bias=0, use_bias=0, type="f16", acc="f32", mode="none"),
        *flag("M", "FIX"),
        make(
            "fixpipe_ub", dst=4096, src=0, m=m, n=m, share=share, src_rows=32, dst_stride=128, quant="none", relu=0,
            acc="f32", type="f32",
        ),
        cross_set("FIX", 1),
    ]  # fmt: skip
    rows = dict(bursts=R(6), dst_stride=128)
    vector = [
        make("arg", rd=R(1), index=0), make("arg", rd=R(2), index=1), make("sub_idx", rd=R(3)),
        make("mul", rd=R(4), a=R(3), b=share), make("sub", rd=R(5), a=m, b=R(4)), make("min", rd=R(5), a=R(5), b=share),
        make("max", rd=R(6), a=R(5), b=0),
        make("mul", rd=R(5), a=R(4), b=2 * k), make("add", rd=R(1), a=R(1), b=R(5)),
        make("copy_gm_ub", dst=0, src=R(1), burst_bytes=2 * k, src_stride=2 * k, **rows),
        *flag("MTE2", "MTE3"),
        make("mul", rd=R(5), a=R(4), b=32),
        make("nd2nz_ub_l1", dst=R(5), src=0, rows=R(6), cols=k, src_stride=128, dst_rows=32, type="f16"),
        cross_set("MTE3", 0), cross_wait(1),
        make("mul", rd=R(5), a=R(4), b=4 * m), make("add", rd=R(2), a=R(2), b=R(5)),
        make("copy_ub_gm", dst=R(2), src=4096, bursts=R(6), burst_bytes=4 * m, src_stride=128, dst_stride=4 * m,
             atomic="none", type="f32"),
    ]  # fmt: skip
    return cube, vector


@pytest.mark.parametrize(("m", "share", "ratio"), [(32, 16, 2), (21, 11, 2), (7, 2, 4), (5, 5, 1), (3, 3, 2)])
@pytest.mark.parametrize("k", [16, 21])
def test_rows_go_to_their_vector_cores_and_back(run_program, m, share, ratio, k):
    x = np.random.default_rng(0).integers(-9, 10, (m, k)).astype(np.float16)
    out = np.zeros((m, m), np.float32)
    cube, vector = programs(m, k, share)
    run_program([("in", x), ("out", out)], vector, cube, target=f"{DIRECT},aiv_per_aic={ratio}")
    np.testing.assert_array_equal(out, x.astype(np.float32) @ x.astype(np.float32).T)


@pytest.mark.parametrize(
    ("sets", "waits", "message"),
    [
        (("MTE3", 0), 0, r"race: \d+ bytes of l1, .* are read by one instruction and overwritten"),
        (("FIX", 1), 1, r"race: \d+ bytes of ub, .* are read by one instruction and overwritten"),
    ],
)
def test_unordered_accesses_of_two_cores_are_reported(run_program, sets, waits, message):
    x, out = np.ones((16, 16), np.float16), np.zeros((16, 16), np.float32)
    cube, vector = programs(16, 16, 8)
    unordered = [
        [one for one in program if (one.mnemonic, *one.values[-2:]) not in removed]
        for program in (cube, vector)
        for removed in [{("cross_set", sets[1], 2), ("cross_wait", waits, 2)}]
    ]
    assert len(unordered[0]) == len(cube) - 1
    with pytest.raises(SfumatoError, match=message):
        run_program([("in", x), ("out", out)], unordered[1], unordered[0], target=DIRECT)


@pytest.mark.parametrize(
    ("target", "message"), [("tiny", "there is no path to"), (f"{DIRECT},aiv_per_aic=1", "UB of vector core 1")]
)
def test_paths_that_the_machine_does_not_have_are_refused(run_program, target, message):
    x, out = np.ones((16, 16), np.float16), np.zeros((16, 16), np.float32)
    cube, vector = programs(16, 16, 8)
    with pytest.raises(SfumatoError, match=message):
        run_program([("in", x), ("out", out)], vector, cube, target=target)
