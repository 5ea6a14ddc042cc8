"""A kernel on a cube core and its two vector cores that hand tiles over through global memory and cross-core flags."""

import numpy as np
import pytest

MIX = """
kernel.kernel @mix "mix" blocks {blocks} [{{name = "a", type = tensor<{m}x16xf16>, direction = "in"}},
    {{name = "b", type = tensor<16x16xf16>, direction = "in"}}, {{name = "c", type = tensor<{m}x16xf32>, direction = "out"}},
    {{name = "ws", type = tensor<{slots}x256xf32>, direction = "workspace"}}] {{
  kernel.program "cube" (%a : !kernel.global<f16>, %b : !kernel.global<f16>, %c : !kernel.global<f32>, %ws : !kernel.global<f32>) {{
    %q1 = kernel.init_queue "a1" depth 2 bytes 1024 from "MTE2" to ["MTE1"]
    %qa = kernel.init_queue "a2" depth 2 bytes 512 from "MTE1" to ["M"]
    %qb = kernel.init_queue "b2" depth 2 bytes 512 from "MTE1" to ["M"]
    %qc = kernel.init_queue "co1" depth 2 bytes 1024 from "M" to ["FIX"]
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c512 = arith.constant 512 : index
    %c1024 = arith.constant 1024 : index
    %tiles = arith.constant {tiles} : index
    %block = kernel.get_block_idx
    %blocks = kernel.get_block_num
    scf.for %i = %block to %tiles step %blocks {{
      %turn = arith.divui %i, %blocks : index
      %slot = arith.remui %turn, %c2 : index
      %aoff = arith.muli %i, %c512 : index
      %at = kernel.slice %a[%aoff] : !kernel.global<f16>
      %l1 = kernel.alloc_tensor %q1
      %l1b = kernel.slice %l1[512] : !kernel.local
      kernel.nd2nz(%l1, %at : !kernel.global<f16>) {{rows = 16, cols = 16, src_stride = 32, dst_rows = 16, type = f16}}
      kernel.nd2nz(%l1b, %b : !kernel.global<f16>) {{rows = 16, cols = 16, src_stride = 32, dst_rows = 16, type = f16}}
      kernel.enque %q1, %l1
      %r1 = kernel.deque %q1 on "MTE1"
      %r1b = kernel.slice %r1[512] : !kernel.local
      %a2 = kernel.alloc_tensor %qa
      %b2 = kernel.alloc_tensor %qb
      kernel.load_data_a(%a2, %r1) {{m = 16, k = 16, src_rows = 16, type = f16}}
      kernel.load_data_b(%b2, %r1b) {{n = 16, k = 16, src_rows = 16, transpose = 1, type = f16}}
      kernel.free_tensor %q1, %r1 on "MTE1"
      kernel.enque %qa, %a2
      kernel.enque %qb, %b2
      %ma = kernel.deque %qa on "M"
      %mb = kernel.deque %qb on "M"
      %acc = kernel.alloc_tensor %qc
      kernel.mmad(%acc, %ma, %mb) {{m = 16, n = 16, k = 16, init = 1, type = f16, acc = f32}}
      kernel.free_tensor %qa, %ma on "M"
      kernel.free_tensor %qb, %mb on "M"
      kernel.enque %qc, %acc
      %done = kernel.deque %qc on "FIX"
      kernel.cross_core_wait_flag id 2 + %slot mode 2
      %base = arith.muli %block, %c2 : index
      %row = arith.addi %base, %slot : index
      %woff = arith.muli %row, %c1024 : index
      %w = kernel.slice %ws[%woff] : !kernel.global<f32>
      kernel.fixpipe(%w : !kernel.global<f32>, %done) {{m = 16, n = 16, src_rows = 16, dst_stride = 64, acc = f32, type = f32}}
      kernel.cross_core_set_flag "FIX" id 0 + %slot mode 2
      kernel.free_tensor %qc, %done on "FIX"
    }}
    kernel.cross_core_wait_flag id 2 mode 2
    kernel.cross_core_wait_flag id 3 mode 2
  }}
  kernel.program "vector" (%a : !kernel.global<f16>, %b : !kernel.global<f16>, %c : !kernel.global<f32>, %ws : !kernel.global<f32>) {{
    %in = kernel.init_queue "vecin" depth 2 bytes 512 from "MTE2" to ["V"]
    %out = kernel.init_queue "vecout" depth 2 bytes 512 from "V" to ["MTE3"]
    %c2 = arith.constant 2 : index
    %c512 = arith.constant 512 : index
    %c1024 = arith.constant 1024 : index
    %tiles = arith.constant {tiles} : index
    %block = kernel.get_block_idx
    %blocks = kernel.get_block_num
    %sub = kernel.get_sub_block_idx
    kernel.cross_core_set_flag "MTE2" id 2 mode 2
    kernel.cross_core_set_flag "MTE2" id 3 mode 2
    scf.for %i = %block to %tiles step %blocks {{
      %turn = arith.divui %i, %blocks : index
      %slot = arith.remui %turn, %c2 : index
      %half = arith.muli %sub, %c512 : index
      %base = arith.muli %block, %c2 : index
      %row = arith.addi %base, %slot : index
      %woff0 = arith.muli %row, %c1024 : index
      %woff = arith.addi %woff0, %half : index
      %w = kernel.slice %ws[%woff] : !kernel.global<f32>
      %t = kernel.alloc_tensor %in
      kernel.cross_core_wait_flag id 0 + %slot mode 2
      kernel.data_copy_pad_in(%t, %w : !kernel.global<f32>) {{bursts = 1, burst_bytes = 512, src_stride = 0, dst_stride = 0}}
      kernel.cross_core_set_flag "MTE2" id 2 + %slot mode 2
      kernel.enque %in, %t
      %u = kernel.deque %in on "V"
      %o = kernel.alloc_tensor %out
      kernel.adds(%o, %u) {{scalar = 1.0, count = 128, mask = 64, type = f32}}
      kernel.free_tensor %in, %u on "V"
      kernel.enque %out, %o
      %v = kernel.deque %out on "MTE3"
      %coff0 = arith.muli %i, %c1024 : index
      %coff = arith.addi %coff0, %half : index
      %cs = kernel.slice %c[%coff] : !kernel.global<f32>
      kernel.data_copy_pad_out(%cs : !kernel.global<f32>, %v) {{bursts = 1, burst_bytes = 512, src_stride = 0, dst_stride = 0}}
      kernel.free_tensor %out, %v on "MTE3"
    }}
  }}
}}
"""


@pytest.mark.parametrize(("tiles", "blocks"), [(1, 1), (5, 1), (7, 2), (2, 3)])
def test_cube_and_vector_cores_share_a_channel(run_text, tiles, blocks):
    rng = np.random.default_rng(tiles)
    a = rng.integers(-5, 6, (16 * tiles, 16)).astype(np.float16)
    b = rng.integers(-5, 6, (16, 16)).astype(np.float16)
    c = np.zeros((16 * tiles, 16), np.float32)
    workspace = np.zeros((2 * blocks, 256), np.float32)
    run_text(MIX.format(m=16 * tiles, slots=2 * blocks, tiles=tiles, blocks=blocks), [a, b, c, workspace])
    np.testing.assert_array_equal(c, a.astype(np.float32) @ b.astype(np.float32) + 1)
