"""Hand-written kernels whose figures can be counted by hand, for the tests of profiles."""

from collections.abc import Callable

import numpy as np
import pytest

from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from runtime.machine.description import load
from runtime.program import Argument, Buffer, Kernel, Launch, Program
from runtime.timing.simulator import simulate


def make(name, **fields):
    return INSTRUCTIONS[name].make(**fields)


def sync(src, dst):
    return [make(f"{what}_flag", src=src, dst=dst, id=0) for what in ("set", "wait")]


def _cube_program(depth):
    """Two launches of one block: an mmad of 16 x 16 x depth (f16) from 512-byte-aligned operands, stored as f32."""
    copy = dict(cols=depth, src_stride=2 * depth, type="f16", rows=16, dst_rows=16)
    load_fields = dict(k=depth, src_rows=16, transpose=0, type="f16")
    code = [
        make("nd2nz", dst=0, src=512, **copy),
        make("nd2nz", dst=8192, src=512 + 32 * depth, **copy),
        *sync("MTE2", "MTE1"),
        make("load_l0a", dst=0, src=0, m=16, **load_fields),
        make("load_l0b", dst=0, src=8192, n=16, **load_fields),
        *sync("MTE1", "M"),
        make("mmad", dst=0, a=0, b=0, m=16, n=16, k=depth, init=1, bias=0, use_bias=0, type="f16", acc="f32", mode="none"),
        *sync("M", "FIX"),
        make(
            "fixpipe", dst=512 + 64 * depth, src=0, m=16, n=16, src_rows=16, dst_stride=64, quant="none", relu=0,
            atomic="none", scale=0, acc="f32", type="f32",
        ),
    ]  # fmt: skip
    sizes = (32 * depth, 32 * depth, 1024)
    addresses = (512, 512 + 32 * depth, 512 + 64 * depth)
    buffers = [Buffer(n, s, "temporary", "f32", (s // 4,), a) for n, s, a in zip("abc", sizes, addresses, strict=True)]
    kernel = Kernel(
        "mm", "cube", 1, [Argument(n, "f32", (s // 4,), "inout") for n, s in zip("abc", sizes, strict=True)],
        cube=encode(code), cube_sources=["model.py:7 mm"], cube_source_of=np.zeros(len(code), np.int32), source=["model.py:7 mm"],
    )  # fmt: skip
    launch = Launch(0, ((0, 0), (1, 0), (2, 0)))
    return Program("tiny", [kernel], buffers, [launch, launch])


def _vector_program(apart, count=64 * 64, name="add"):
    """One launch of one block: f32 ``count`` elements added; the operands in UB lie ``apart`` bytes from one another."""
    size = 4 * count
    block = dict(bursts=1, burst_bytes=size, src_stride=size, dst_stride=size)
    strides = dict(dst_blk=1, src0_blk=1, src1_blk=1, dst_rep=4, src0_rep=4, src1_rep=4)
    code = [
        make("copy_gm_ub", dst=0, src=512, **block),
        make("copy_gm_ub", dst=apart, src=512 + size, **block),
        *sync("MTE2", "V"),
        *[make("vadd", dst=2 * apart, src0=0, src1=apart, count=count, mask=32, type="f32", **strides)] * 20,
        *sync("V", "MTE3"),
        make("copy_ub_gm", dst=512 + 2 * size, src=2 * apart, **block, atomic="none", type="f32"),
    ]
    buffers = [
        Buffer(each, size, "temporary", "f32", (count,), 512 + position * size) for position, each in enumerate("abc")
    ]
    directions = ("in", "in", "out")
    arguments = [Argument(each, "f32", (count,), way) for each, way in zip("abc", directions, strict=True)]
    kernel = Kernel(
        name, "vector", 1, arguments, vector=encode(code), vector_sources=["model.py:9"],
        vector_source_of=np.zeros(len(code), np.int32), source=["model.py:9"],
    )  # fmt: skip
    return Program("tiny", [kernel], buffers, [Launch(0, ((0, 0), (1, 0), (2, 0)))])


@pytest.fixture
def cube_program() -> Callable[[int], Program]:
    return _cube_program


@pytest.fixture
def vector_program() -> Callable[..., Program]:
    return _vector_program


@pytest.fixture
def timeline():
    return simulate(_cube_program(128), load("tiny"), record_trace=True)
