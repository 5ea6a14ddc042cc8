"""Kernels written by hand at the kernel level compute what numpy does, for any shape, without a race the sanitizer could find."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

VECTOR_ADD = """
kernel.kernel @add "vector" blocks {blocks} [{{name = "x", type = tensor<{n}xf32>, direction = "in"}},
    {{name = "y", type = tensor<{n}xf32>, direction = "in"}}, {{name = "z", type = tensor<{n}xf32>, direction = "out"}}] {{
  kernel.program "vector" (%x : !kernel.global<f32>, %y : !kernel.global<f32>, %z : !kernel.global<f32>) {{
    %in = kernel.init_queue "vecin" depth {depth} bytes {two_tiles} from "MTE2" to ["V"]
    %out = kernel.init_queue "vecout" depth {out_depth} bytes {one_tile} from "V" to ["MTE3"]
    %scratch = kernel.init_buffer "veccalc" bytes {one_tile}
    %b = kernel.get_block_idx
    %nb = kernel.get_block_num
    %n = arith.constant {n} : index
    %tile = arith.constant {tile} : index
    %four = arith.constant 4 : index
    %tiles = arith.constant {tiles} : index
    scf.for %i = %b to %tiles step %nb {{
      %start = arith.muli %i, %tile : index
      %left = arith.subi %n, %start : index
      %count = arith.minsi %left, %tile : index
      %bytes = arith.muli %count, %four : index
      %offset = arith.muli %start, %four : index
      %t = kernel.alloc_tensor %in
      %t1 = kernel.slice %t[{one_tile}] : !kernel.local
      %xs = kernel.slice %x[%offset] : !kernel.global<f32>
      %ys = kernel.slice %y[%offset] : !kernel.global<f32>
      kernel.data_copy_pad_in(%t, %xs : !kernel.global<f32>) {{bursts = 1, burst_bytes = %bytes, src_stride = 0, dst_stride = 0}}
      kernel.data_copy_pad_in(%t1, %ys : !kernel.global<f32>) {{bursts = 1, burst_bytes = %bytes, src_stride = 0, dst_stride = 0}}
      kernel.enque %in, %t
      %u = kernel.deque %in on "V"
      %u1 = kernel.slice %u[{one_tile}] : !kernel.local
      kernel.muls(%scratch, %u1) {{scalar = 2.0, count = %count, mask = 64, type = f32}}
      %o = kernel.alloc_tensor %out
      kernel.add(%o, %u, %scratch) {{count = %count, mask = 64, type = f32}}
      kernel.free_tensor %in, %u on "V"
      kernel.enque %out, %o
      %v = kernel.deque %out on "MTE3"
      %zs = kernel.slice %z[%offset] : !kernel.global<f32>
      kernel.data_copy_pad_out(%zs : !kernel.global<f32>, %v) {{bursts = 1, burst_bytes = %bytes, src_stride = 0, dst_stride = 0}}
      kernel.free_tensor %out, %v on "MTE3"
    }}
  }}
}}
"""


@given(
    n=st.integers(1, 1500),
    tile=st.sampled_from([64, 128, 192]),
    blocks=st.integers(1, 5),
    depth=st.integers(1, 4),
    out_depth=st.integers(1, 3),
)
@settings(max_examples=25, deadline=None)
def test_vector_add_over_tiles_with_tails(run_text, n, tile, blocks, depth, out_depth):
    text = VECTOR_ADD.format(
        n=n,
        tile=tile,
        tiles=-(-n // tile),
        blocks=blocks,
        depth=depth,
        out_depth=out_depth,
        one_tile=4 * tile,
        two_tiles=8 * tile,
    )
    x, y = np.arange(n, dtype=np.float32), np.linspace(-1, 1, n, dtype=np.float32)
    z = np.zeros(n, np.float32)
    run_text(text, [x, y, z])
    np.testing.assert_array_equal(z, x + 2 * y)


def test_program_size_does_not_depend_on_the_trip_count(run_text):
    sizes = set()
    for n in (640, 6400):
        text = VECTOR_ADD.format(
            n=n, tile=64, tiles=n // 64, blocks=2, depth=2, out_depth=2, one_tile=256, two_tiles=512
        )
        z = np.zeros(n, np.float32)
        sizes.add(len(run_text(text, [z, z, np.zeros(n, np.float32)]).vector))
    assert len(sizes) == 1


MATMUL = """
kernel.kernel @matmul "cube" blocks {blocks} [{{name = "a", type = tensor<{m}x{k}xf16>, direction = "in"}},
    {{name = "b", type = tensor<{n}x{k}xf16>, direction = "in"}}, {{name = "c", type = tensor<{m}x{n}xf32>, direction = "out"}}] {{
  kernel.program "cube" (%a : !kernel.global<f16>, %b : !kernel.global<f16>, %c : !kernel.global<f32>) {{
    %qa1 = kernel.init_queue "a1" depth 2 bytes 8192 from "MTE2" to ["MTE1"]
    %qb1 = kernel.init_queue "b1" depth 2 bytes 8192 from "MTE2" to ["MTE1"]
    %qa2 = kernel.init_queue "a2" depth 2 bytes 2048 from "MTE1" to ["M"]
    %qb2 = kernel.init_queue "b2" depth 2 bytes 2048 from "MTE1" to ["M"]
    %qc = kernel.init_queue "co1" depth 2 bytes 4096 from "M" to ["FIX"]
    %block = kernel.get_block_idx
    %blocks = kernel.get_block_num
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c15 = arith.constant 15 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %c128 = arith.constant 128 : index
    %m = arith.constant {m} : index
    %n = arith.constant {n} : index
    %k = arith.constant {k} : index
    %tiles_n = arith.constant {tiles_n} : index
    %tiles = arith.constant {tiles} : index
    scf.for %t = %block to %tiles step %blocks {{
      %i = arith.floordivsi %t, %tiles_n : index
      %j = arith.remsi %t, %tiles_n : index
      %i0 = arith.muli %i, %c32 : index
      %j0 = arith.muli %j, %c32 : index
      %ml = arith.subi %m, %i0 : index
      %mt = arith.minsi %ml, %c32 : index
      %nl = arith.subi %n, %j0 : index
      %nt = arith.minsi %nl, %c32 : index
      %mp = arith.addi %mt, %c15 : index
      %mq = arith.floordivsi %mp, %c16 : index
      %mr = arith.muli %mq, %c16 : index
      %acc = kernel.alloc_tensor %qc
      scf.for %k1 = %c0 to %k step %c128 {{
        %kl = arith.subi %k, %k1 : index
        %kt = arith.minsi %kl, %c128 : index
        %aoff0 = arith.muli %i0, %k : index
        %aoff1 = arith.addi %aoff0, %k1 : index
        %aoff = arith.muli %aoff1, %c2 : index
        %boff0 = arith.muli %j0, %k : index
        %boff1 = arith.addi %boff0, %k1 : index
        %boff = arith.muli %boff1, %c2 : index
        %as = kernel.slice %a[%aoff] : !kernel.global<f16>
        %bs = kernel.slice %b[%boff] : !kernel.global<f16>
        %a1 = kernel.alloc_tensor %qa1
        kernel.nd2nz(%a1, %as : !kernel.global<f16>) {{rows = %mt, cols = %kt, src_stride = {stride}, dst_rows = 32, type = f16}}
        kernel.enque %qa1, %a1
        %b1 = kernel.alloc_tensor %qb1
        kernel.nd2nz(%b1, %bs : !kernel.global<f16>) {{rows = %nt, cols = %kt, src_stride = {stride}, dst_rows = 32, type = f16}}
        kernel.enque %qb1, %b1
        %a1r = kernel.deque %qa1 on "MTE1"
        %b1r = kernel.deque %qb1 on "MTE1"
        scf.for %k0 = %c0 to %kt step %c32 {{
          %k0l = arith.subi %kt, %k0 : index
          %k0t = arith.minsi %k0l, %c32 : index
          %col = arith.divui %k0, %c16 : index
          %coff = arith.muli %col, %c16 : index
          %cbytes0 = arith.muli %coff, %c32 : index
          %cbytes = arith.muli %cbytes0, %c2 : index
          %asub = kernel.slice %a1r[%cbytes] : !kernel.local
          %bsub = kernel.slice %b1r[%cbytes] : !kernel.local
          %a2 = kernel.alloc_tensor %qa2
          %b2 = kernel.alloc_tensor %qb2
          kernel.load_data_a(%a2, %asub) {{m = %mt, k = %k0t, src_rows = 32, type = f16}}
          kernel.load_data_b(%b2, %bsub) {{n = %nt, k = %k0t, src_rows = 32, type = f16}}
          kernel.enque %qa2, %a2
          kernel.enque %qb2, %b2
          %a2r = kernel.deque %qa2 on "M"
          %b2r = kernel.deque %qb2 on "M"
          %position = arith.addi %k1, %k0 : index
          %first = arith.cmpi eq, %position, %c0 : index
          %init = arith.index_cast %first : i1 to index
          kernel.mmad(%acc, %a2r, %b2r) {{m = %mt, n = %nt, k = %k0t, init = %init, type = f16, acc = f32}}
          kernel.free_tensor %qa2, %a2r on "M"
          kernel.free_tensor %qb2, %b2r on "M"
        }}
        kernel.free_tensor %qa1, %a1r on "MTE1"
        kernel.free_tensor %qb1, %b1r on "MTE1"
      }}
      kernel.enque %qc, %acc
      %done = kernel.deque %qc on "FIX"
      %coff1 = arith.muli %i0, %n : index
      %coff2 = arith.addi %coff1, %j0 : index
      %coff3 = arith.muli %coff2, %c4 : index
      %cs = kernel.slice %c[%coff3] : !kernel.global<f32>
      kernel.fixpipe(%cs : !kernel.global<f32>, %done) {{m = %mt, n = %nt, src_rows = %mr, dst_stride = {c_stride}, acc = f32, type = f32}}
      kernel.free_tensor %qc, %done on "FIX"
    }}
  }}
}}
"""


@given(m=st.integers(1, 70), n=st.integers(1, 70), k=st.integers(1, 300), blocks=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_matmul_through_every_queue_of_the_cube_core(run_text, m, n, k, blocks):
    text = MATMUL.format(
        m=m, n=n, k=k, blocks=blocks, tiles_n=-(-n // 32), tiles=-(-n // 32) * -(-m // 32), stride=2 * k, c_stride=4 * n
    )
    rng = np.random.default_rng(m * n + k)
    a, b = (rng.integers(-4, 5, (rows, k)).astype(np.float16) for rows in (m, n))
    c = np.zeros((m, n), np.float32)
    run_text(text, [a, b, c])
    np.testing.assert_array_equal(c, a.astype(np.float32) @ b.astype(np.float32).T)
