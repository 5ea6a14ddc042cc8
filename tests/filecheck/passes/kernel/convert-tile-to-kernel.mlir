// RUN: sfumato-opt %s -p convert-tile-to-kernel --split-input-file | filecheck %s

// Loads and stores get queues between the pipes; blocks take the tiles round robin, double-buffered.
tile.kernel @exp kind "vector" blocks 2 : i64 arguments {directions = ["in", "out"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<37x96xf32>, %y: tensor<37x96xf32>):
    tile.grid [3] {
    ^bb1(%i: index):
      %start, %rows = tile.range %i step 16 of 37 as "row"
      %cols = arith.constant 96 : index
      %offset = arith.muli %start, %cols : index
      %v = tile.view %x[%offset] strides [96, 1] extents(%rows, %cols) : tensor<37x96xf32> -> !tile.tile<16x96xf32, gm, nd>
      %t = tile.load %v extents(%rows, %cols) : !tile.tile<16x96xf32, gm, nd> -> !tile.tile<16x96xf32, ub, nd>
      %e = tile.compute "exp"(%t) extents(%rows, %cols) : (!tile.tile<16x96xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
      %w = tile.view %y[%offset] strides [96, 1] extents(%rows, %cols) : tensor<37x96xf32> -> !tile.tile<16x96xf32, gm, nd>
      tile.store %e to %w extents(%rows, %cols) : !tile.tile<16x96xf32, ub, nd>, !tile.tile<16x96xf32, gm, nd>
    }
  }
} {note = 7 : i64}
// CHECK:      kernel.kernel @exp "vector" blocks 2 [{name = "in0", type = tensor<37x96xf32>, direction = "in"}, {name = "out1", type = tensor<37x96xf32>, direction = "out"}] attributes {note = 7 : i64} {
// CHECK-NEXT:   kernel.program "vector" (%[[X:[0-9]+]]: !kernel.global<f32>, %[[Y:[0-9]+]]: !kernel.global<f32>) {
// CHECK-NEXT:     %[[IN:[0-9]+]] = kernel.init_queue "vecin" depth 2 bytes 6144 from "MTE2" to ["V"]
// CHECK-NEXT:     %[[OUT:[0-9]+]] = kernel.init_queue "vecout" depth 2 bytes 6144 from "V" to ["MTE3"]
// CHECK:          %[[BLOCK:[0-9]+]] = kernel.get_block_idx
// CHECK:          scf.for
// CHECK:            arith.addi %{{[0-9]+}}, %[[BLOCK]]
// CHECK:            %[[ROWS:[0-9]+]] = arith.minsi
// CHECK:            %[[T:[0-9]+]] = kernel.alloc_tensor %[[IN]]
// CHECK:            kernel.data_copy_pad_in(%[[T]], %{{.*}}) {bursts = %[[ROWS]], burst_bytes = 384, src_stride = 384, dst_stride = 384}
// CHECK-NEXT:       kernel.enque %[[IN]], %[[T]]
// CHECK:            %[[E:[0-9]+]] = kernel.alloc_tensor %[[OUT]]
// CHECK:            %[[U:[0-9]+]] = kernel.deque %[[IN]] on "V"
// CHECK:            kernel.exp(%[[E]], %[[U]])
// CHECK:            kernel.enque %[[OUT]], %[[E]]
// CHECK:            kernel.free_tensor %[[IN]], %[[U]] on "V"
// CHECK:            %[[S:[0-9]+]] = kernel.deque %[[OUT]] on "MTE3"
// CHECK:            kernel.data_copy_pad_out(%{{.*}} : !kernel.global<f32>, %[[S]]) {bursts = %[[ROWS]],
// CHECK-NEXT:       kernel.free_tensor %[[OUT]], %[[S]] on "MTE3"

// -----

// Both kinds of core: the consumer hands out the channel's two free slots, the producer takes them back at the end.
tile.kernel @linear_exp kind "mix" blocks 1 : i64 arguments {directions = ["in", "in", "out", "workspace"]} {
  tile.program "cube" {
  ^bb0(%x: tensor<16x64xf16>, %w: tensor<64x64xf16>, %y: tensor<16x64xf32>, %s: tensor<1x2x16x64xf32>):
    %c = tile.channel depth 2 id 0 from "cube" in %s : tensor<1x2x16x64xf32> -> !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    tile.grid [1] {
    ^bb1(%i: index):
      %n = arith.constant 64 : index
      %m = arith.constant 16 : index
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %v = tile.view %x[%zero] strides [64, 1] extents(%m, %n) : tensor<16x64xf16> -> !tile.tile<16x64xf16, gm, nd>
      %u = tile.view %w[%zero] strides [64, 1] extents(%n, %n) : tensor<64x64xf16> -> !tile.tile<64x64xf16, gm, nd>
      %p = tile.accumulator : !tile.tile<16x64xf32, l0c, nz>
      %a1 = tile.load %v extents(%m, %n) : !tile.tile<16x64xf16, gm, nd> -> !tile.tile<16x64xf16, l1, nz>
      %b1 = tile.load %u extents(%n, %n) : !tile.tile<64x64xf16, gm, nd> -> !tile.tile<64x64xf16, l1, nz>
      %a2 = tile.subview %a1[%zero, %zero] extents(%m, %n) : !tile.tile<16x64xf16, l1, nz> -> !tile.tile<16x64xf16, l1, nz>
      %b2 = tile.subview %b1[%zero, %zero] extents(%n, %n) : !tile.tile<64x64xf16, l1, nz> -> !tile.tile<64x64xf16, l1, nz>
      %a = tile.move %a2 extents(%m, %n) : !tile.tile<16x64xf16, l1, nz> -> !tile.tile<16x64xf16, l0a, zz>
      %b = tile.move %b2 extents(%n, %n) transpose : !tile.tile<64x64xf16, l1, nz> -> !tile.tile<64x64xf16, l0b, zn>
      %q = tile.mmad %a, %b, %p first %one extents(%m, %n, %n) : !tile.tile<16x64xf16, l0a, zz>, !tile.tile<64x64xf16, l0b, zn> -> !tile.tile<16x64xf32, l0c, nz>
      tile.put %q into %c row %zero extents(%m, %n) : !tile.tile<16x64xf32, l0c, nz>, !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    }
  }
  tile.program "vector" {
  ^bb0(%x: tensor<16x64xf16>, %w: tensor<64x64xf16>, %y: tensor<16x64xf32>, %s: tensor<1x2x16x64xf32>):
    %c = tile.channel depth 2 id 0 from "cube" in %s : tensor<1x2x16x64xf32> -> !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    tile.grid [1] {
    ^bb1(%i: index):
      %n = arith.constant 64 : index
      %zero = arith.constant 0 : index
      %start, %rows = tile.range %i step 16 of 16 as "row"
      %offset, %share = tile.split_rows %rows by 8
      %t = tile.take %c : !tile.channel<!tile.tile<16x64xf32, gm, nd>> -> !tile.tile<16x64xf32, gm, nd>
      %h = tile.subview %t[%offset, %zero] extents(%share, %n) : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<8x64xf32, gm, nd>
      %l = tile.load %h extents(%share, %n) : !tile.tile<8x64xf32, gm, nd> -> !tile.tile<8x64xf32, ub, nd>
      tile.release %c : !tile.channel<!tile.tile<16x64xf32, gm, nd>>
      %e = tile.compute "exp"(%l) extents(%share, %n) : (!tile.tile<8x64xf32, ub, nd>) -> !tile.tile<8x64xf32, ub, nd>
      %place = arith.muli %offset, %n : index
      %v = tile.view %y[%place] strides [64, 1] extents(%share, %n) : tensor<16x64xf32> -> !tile.tile<8x64xf32, gm, nd>
      tile.store %e to %v extents(%share, %n) : !tile.tile<8x64xf32, ub, nd>, !tile.tile<8x64xf32, gm, nd>
    }
  }
}
// CHECK:      kernel.kernel @linear_exp "mix" blocks 1
// CHECK:        kernel.program "cube"
// CHECK-DAG:      %[[CO1:[0-9]+]] = kernel.init_queue "co1" depth 1 bytes 4096 from "M" to ["FIX"]
// CHECK-DAG:      %[[A1:[0-9]+]] = kernel.init_queue "a1" depth 1 bytes 10240 from "MTE2" to ["MTE1"]
// CHECK-DAG:      %[[A2:[0-9]+]] = kernel.init_queue "a2" depth 1 bytes 2048 from "MTE1" to ["M"]
// CHECK-DAG:      %[[B2:[0-9]+]] = kernel.init_queue "b2" depth 1 bytes 8192 from "MTE1" to ["M"]
// CHECK:          kernel.nd2nz({{.*}}) {rows = 16, cols = 64, src_stride = 128, dst_rows = 16, type = f16}
// CHECK-NEXT:     kernel.nd2nz({{.*}}) {rows = 64, cols = 64, src_stride = 128, dst_rows = 64, type = f16}
// CHECK-NEXT:     kernel.enque %[[A1]]
// CHECK:          kernel.load_data_a({{.*}}) {m = 16, k = 64, src_rows = 16, type = f16}
// CHECK:          kernel.load_data_b({{.*}}) {n = 64, k = 64, src_rows = 64, transpose = 1, type = f16}
// CHECK:          kernel.mmad({{.*}}) {m = 16, n = 64, k = 64, init = 1, type = f16, acc = f32}
// CHECK-NEXT:     kernel.enque %[[CO1]]
// CHECK:          kernel.cross_core_wait_flag id 1 mode 2
// CHECK:          kernel.fixpipe({{.*}}) {m = 16, n = 64, src_rows = 16, dst_stride = 256, acc = f32, type = f32}
// CHECK-NEXT:     kernel.cross_core_set_flag "FIX" id 0 mode 2
// CHECK-COUNT-2:  kernel.cross_core_wait_flag id 1 mode 2
// CHECK:        kernel.program "vector"
// CHECK-COUNT-2:  kernel.cross_core_set_flag "MTE2" id 1 mode 2
// CHECK:          kernel.get_sub_block_idx
// CHECK:          kernel.cross_core_wait_flag id 0 mode 2
// CHECK:          kernel.data_copy_pad_in
// CHECK:          kernel.enque
// CHECK-NEXT:     kernel.cross_core_set_flag "MTE2" id 1 mode 2
// CHECK:          kernel.exp
// CHECK:          kernel.data_copy_pad_out

// -----

// Slots in the consumer's memory: a buffer of the channel in both programs, filled by fixpipe and by MTE3.
builtin.module attributes {sfumato.target = "tiny:paths.l0c_ub.bytes_per_cycle=128,paths.ub_l1.bytes_per_cycle=128"} {
  tile.kernel @direct kind "mix" blocks 1 : i64 arguments {directions = ["in", "out"]} {
    tile.program "cube" {
    ^bb0(%x: tensor<16x64xf16>, %y: tensor<16x64xf32>):
      %c = tile.channel depth 2 id 0 from "vector" -> !tile.channel<!tile.tile<16x64xf16, l1, nz>>
      %d = tile.channel depth 2 id 2 from "cube" -> !tile.channel<!tile.tile<16x16xf32, ub, nd>>
      tile.grid [1] {
      ^bb1(%i: index):
        %n = arith.constant 64 : index
        %m = arith.constant 16 : index
        %zero = arith.constant 0 : index
        %one = arith.constant 1 : index
        %p = tile.accumulator : !tile.tile<16x16xf32, l0c, nz>
        %t = tile.take %c : !tile.channel<!tile.tile<16x64xf16, l1, nz>> -> !tile.tile<16x64xf16, l1, nz>
        %a1 = tile.subview %t[%zero, %zero] extents(%m, %n) : !tile.tile<16x64xf16, l1, nz> -> !tile.tile<16x64xf16, l1, nz>
        %a = tile.move %a1 extents(%m, %n) : !tile.tile<16x64xf16, l1, nz> -> !tile.tile<16x64xf16, l0a, zz>
        %b = tile.move %a1 extents(%m, %n) : !tile.tile<16x64xf16, l1, nz> -> !tile.tile<16x64xf16, l0b, zn>
        %q = tile.mmad %a, %b, %p first %one extents(%m, %m, %n) : !tile.tile<16x64xf16, l0a, zz>, !tile.tile<16x64xf16, l0b, zn> -> !tile.tile<16x16xf32, l0c, nz>
        tile.release %c : !tile.channel<!tile.tile<16x64xf16, l1, nz>>
        tile.put %q into %d row %zero extents(%m, %m) : !tile.tile<16x16xf32, l0c, nz>, !tile.channel<!tile.tile<16x16xf32, ub, nd>>
      }
    }
    tile.program "vector" {
    ^bb0(%x: tensor<16x64xf16>, %y: tensor<16x64xf32>):
      %c = tile.channel depth 2 id 0 from "vector" -> !tile.channel<!tile.tile<16x64xf16, l1, nz>>
      %d = tile.channel depth 2 id 2 from "cube" -> !tile.channel<!tile.tile<16x16xf32, ub, nd>>
      tile.grid [1] {
      ^bb1(%i: index):
        %n = arith.constant 64 : index
        %m = arith.constant 16 : index
        %zero = arith.constant 0 : index
        %start, %rows = tile.range %i step 16 of 16 as "row"
        %offset, %share = tile.split_rows %rows by 8
        %place = arith.muli %offset, %n : index
        %v = tile.view %x[%place] strides [64, 1] extents(%share, %n) : tensor<16x64xf16> -> !tile.tile<8x64xf16, gm, nd>
        %l = tile.load %v extents(%share, %n) : !tile.tile<8x64xf16, gm, nd> -> !tile.tile<8x64xf16, ub, nd>
        %e = tile.compute "exp"(%l) extents(%share, %n) : (!tile.tile<8x64xf16, ub, nd>) -> !tile.tile<8x64xf16, ub, nd>
        tile.put %e into %c row %offset extents(%share, %n) : !tile.tile<8x64xf16, ub, nd>, !tile.channel<!tile.tile<16x64xf16, l1, nz>>
        %t = tile.take %d : !tile.channel<!tile.tile<16x16xf32, ub, nd>> -> !tile.tile<8x16xf32, ub, nd>
        %r = tile.compute "exp"(%t) extents(%share, %m) : (!tile.tile<8x16xf32, ub, nd>) -> !tile.tile<8x16xf32, ub, nd>
        tile.release %d : !tile.channel<!tile.tile<16x16xf32, ub, nd>>
        %w = tile.view %y[%place] strides [64, 1] extents(%share, %m) : tensor<16x64xf32> -> !tile.tile<8x16xf32, gm, nd>
        tile.store %r to %w extents(%share, %m) : !tile.tile<8x16xf32, ub, nd>, !tile.tile<8x16xf32, gm, nd>
      }
    }
  }
}
// CHECK:      kernel.kernel @direct "mix" blocks 1
// CHECK:        kernel.program "cube"
// CHECK:          %[[IN:[0-9]+]] = kernel.init_buffer "a1" bytes 4096 channel 0
// CHECK-COUNT-2:  kernel.cross_core_set_flag "MTE1" id 1 mode 2
// CHECK:          %[[OUT:[0-9]+]] = kernel.init_buffer "vecin" bytes 2048 channel 2
// CHECK:          kernel.cross_core_wait_flag id 0 mode 2
// CHECK:          %[[SLOT:[0-9]+]] = kernel.slice %[[IN]]
// CHECK:          kernel.load_data_a(%{{[0-9]+}}, %[[SLOT]])
// CHECK:          kernel.mmad
// CHECK:          kernel.cross_core_set_flag "MTE1" id 1 mode 2
// CHECK:          kernel.cross_core_wait_flag id 3 mode 2
// CHECK:          kernel.fixpipe_ub({{.*}}) {m = 16, n = 16, share = 8, src_rows = 16, dst_stride = 128, acc = f32, type = f32}
// CHECK-NEXT:     kernel.cross_core_set_flag "FIX" id 2 mode 2
// CHECK:        kernel.program "vector"
// CHECK:          kernel.init_buffer "a1" bytes 4096 channel 0
// CHECK:          kernel.init_buffer "vecin" bytes 2048 channel 2
// CHECK-COUNT-2:  kernel.cross_core_set_flag "V" id 3 mode 2
// CHECK:          kernel.cross_core_wait_flag id 1 mode 2
// CHECK:          kernel.nd2nz_ub({{.*}}) {rows = %{{.*}}, cols = 64, src_stride = 128, dst_rows = 16, type = f16}
// CHECK-NEXT:     kernel.cross_core_set_flag "MTE3" id 0 mode 2
// CHECK:          kernel.cross_core_wait_flag id 2 mode 2
// CHECK:          kernel.exp
// CHECK:          kernel.cross_core_set_flag "V" id 3 mode 2

// -----

// A tile carried around a loop lies outside of it: where its start lies, if nothing else needs that, and where the next
// value is computed, if nothing needs the present one then.
tile.kernel @total kind "vector" blocks 1 : i64 arguments {directions = ["in", "out"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<128xf32>, %y: tensor<64xf32>):
    tile.grid [1] {
    ^bb1(%i: index):
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %n = arith.constant 64 : index
      %end = arith.constant 128 : index
      %start = tile.constant 0.0 : f32 -> !tile.tile<1x1xf32, ub, nd>
      %s0 = tile.compute "copy"(%start) extents(%one, %n) : (!tile.tile<1x1xf32, ub, nd>) -> !tile.tile<1x64xf32, ub, nd>
      %sum = scf.for %k = %zero to %end step %n iter_args(%s = %s0) -> (!tile.tile<1x64xf32, ub, nd>) {
        %v = tile.view %x[%k] strides [0, 1] extents(%one, %n) : tensor<128xf32> -> !tile.tile<1x64xf32, gm, nd>
        %t = tile.load %v extents(%one, %n) : !tile.tile<1x64xf32, gm, nd> -> !tile.tile<1x64xf32, ub, nd>
        %next = tile.compute "add"(%s, %t) extents(%one, %n) : (!tile.tile<1x64xf32, ub, nd>, !tile.tile<1x64xf32, ub, nd>) -> !tile.tile<1x64xf32, ub, nd>
        scf.yield %next : !tile.tile<1x64xf32, ub, nd>
      }
      %out = tile.compute "copy"(%sum) extents(%one, %n) : (!tile.tile<1x64xf32, ub, nd>) -> !tile.tile<1x64xf32, ub, nd>
      %w = tile.view %y[%zero] strides [0, 1] extents(%one, %n) : tensor<64xf32> -> !tile.tile<1x64xf32, gm, nd>
      tile.store %out to %w extents(%one, %n) : !tile.tile<1x64xf32, ub, nd>, !tile.tile<1x64xf32, gm, nd>
    }
  }
}
// CHECK:      kernel.kernel @total
// CHECK:        %[[S:[0-9]+]] = kernel.init_buffer "veccalc" bytes 256
// CHECK-NEXT:   kernel.duplicate(%[[S]])
// CHECK-NOT:    kernel.copy
// CHECK:        scf.for
// CHECK:          kernel.add(%[[S]], %[[S]], %{{[0-9]+}})
// CHECK-NOT:      kernel.copy
// CHECK:        }
// CHECK:        kernel.copy(%{{[0-9]+}}, %[[S]])

// -----

// A carried tile is copied where its start is needed again, and where the next value cannot be computed in its place.
tile.kernel @scaled kind "vector" blocks 1 : i64 arguments {directions = ["in", "out"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<128xf32>, %y: tensor<64xf32>):
    tile.grid [1] {
    ^bb1(%i: index):
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %n = arith.constant 64 : index
      %end = arith.constant 128 : index
      %start = tile.constant 0.0 : f32 -> !tile.tile<1x1xf32, ub, nd>
      %s0 = tile.compute "copy"(%start) extents(%one, %n) : (!tile.tile<1x1xf32, ub, nd>) -> !tile.tile<1x64xf32, ub, nd>
      %sum = scf.for %k = %zero to %end step %n iter_args(%s = %s0) -> (!tile.tile<1x64xf32, ub, nd>) {
        %v = tile.view %x[%k] strides [0, 1] extents(%one, %n) : tensor<128xf32> -> !tile.tile<1x64xf32, gm, nd>
        %t = tile.load %v extents(%one, %n) : !tile.tile<1x64xf32, gm, nd> -> !tile.tile<1x64xf32, ub, nd>
        %u = tile.compute "mul"(%s, %t) extents(%one, %n) : (!tile.tile<1x64xf32, ub, nd>, !tile.tile<1x64xf32, ub, nd>) -> !tile.tile<1x64xf32, ub, nd>
        %next = tile.compute "exp"(%s) extents(%one, %n) : (!tile.tile<1x64xf32, ub, nd>) -> !tile.tile<1x64xf32, ub, nd>
        scf.yield %next : !tile.tile<1x64xf32, ub, nd>
      }
      %out = tile.compute "add"(%sum, %s0) extents(%one, %n) : (!tile.tile<1x64xf32, ub, nd>, !tile.tile<1x64xf32, ub, nd>) -> !tile.tile<1x64xf32, ub, nd>
      %w = tile.view %y[%zero] strides [0, 1] extents(%one, %n) : tensor<64xf32> -> !tile.tile<1x64xf32, gm, nd>
      tile.store %out to %w extents(%one, %n) : !tile.tile<1x64xf32, ub, nd>, !tile.tile<1x64xf32, gm, nd>
    }
  }
}
// CHECK:      kernel.kernel @scaled
// CHECK:        %[[S0:[0-9]+]] = kernel.init_buffer "veccalc" bytes 256
// CHECK-NEXT:   kernel.duplicate(%[[S0]])
// CHECK:        %[[S:[0-9]+]] = kernel.init_buffer "veccalc" bytes 256
// CHECK-NEXT:   kernel.copy(%[[S]], %[[S0]])
// CHECK:        scf.for
// CHECK:          kernel.exp(%[[NEXT:[0-9]+]], %[[S]])
// CHECK:          kernel.copy(%[[S]], %[[NEXT]])
// CHECK:        kernel.add(%{{[0-9]+}}, %[[S]], %[[S0]])

// -----

// A store that combines with memory stays one.
tile.kernel @add_to kind "vector" blocks 1 : i64 arguments {directions = ["in", "inout"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<96xf32>, %y: tensor<96xf32>):
    tile.grid [1] {
    ^bb1(%i: index):
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %n = arith.constant 96 : index
      %v = tile.view %x[%zero] strides [0, 1] extents(%one, %n) : tensor<96xf32> -> !tile.tile<1x96xf32, gm, nd>
      %t = tile.load %v extents(%one, %n) : !tile.tile<1x96xf32, gm, nd> -> !tile.tile<1x96xf32, ub, nd>
      %e = tile.compute "exp"(%t) extents(%one, %n) : (!tile.tile<1x96xf32, ub, nd>) -> !tile.tile<1x96xf32, ub, nd>
      %w = tile.view %y[%zero] strides [0, 1] extents(%one, %n) : tensor<96xf32> -> !tile.tile<1x96xf32, gm, nd>
      tile.store %e to %w extents(%one, %n) atomic "add" : !tile.tile<1x96xf32, ub, nd>, !tile.tile<1x96xf32, gm, nd>
    }
  }
}
// CHECK: kernel.kernel @add_to
// CHECK:   kernel.data_copy_pad_out({{.*}}) {{.*}}, atomic = add}

// -----

// Left alone: host code.
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tile.launch @exp(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}
// CHECK:      func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT:   %0 = tile.launch @exp(%x) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:   func.return %0

// -----

// A sum in memory: a block's tile of it, cross-core flags of the pipes that store to it, atomic stores. Both kinds of
// core name it; bits are added as integers, and what begins the sum is there before the same pipe adds to it.
tile.kernel @sum kind "mix" blocks 2 : i64 arguments {directions = ["in", "workspace"]} {
  tile.program "cube" {
  ^bb0(%x: tensor<16x16xf16>, %m: tensor<2x1x16x16xf32>):
    %n = arith.constant 16 : index
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %o = tile.workspace id 4 in %m : tensor<2x1x16x16xf32> -> !tile.tile<16x16xf32, gm, nd>
    %v = tile.view %x[%zero] strides [16, 1] extents(%n, %n) : tensor<16x16xf16> -> !tile.tile<16x16xf16, gm, nd>
    %t = tile.load %v extents(%n, %n) : !tile.tile<16x16xf16, gm, nd> -> !tile.tile<16x16xf16, l1, nz>
    %s = tile.subview %t[%zero, %zero] extents(%n, %n) : !tile.tile<16x16xf16, l1, nz> -> !tile.tile<16x16xf16, l1, nz>
    %a = tile.move %s extents(%n, %n) : !tile.tile<16x16xf16, l1, nz> -> !tile.tile<16x16xf16, l0a, zz>
    %b = tile.move %s extents(%n, %n) : !tile.tile<16x16xf16, l1, nz> -> !tile.tile<16x16xf16, l0b, zn>
    %c = tile.accumulator : !tile.tile<16x16xf32, l0c, nz>
    %p = tile.mmad %a, %b, %c first %one extents(%n, %n, %n) : !tile.tile<16x16xf16, l0a, zz>, !tile.tile<16x16xf16, l0b, zn> -> !tile.tile<16x16xf32, l0c, nz>
    tile.wait %o for "vector" : !tile.tile<16x16xf32, gm, nd>
    tile.store %p to %o extents(%n, %n) atomic "add" : !tile.tile<16x16xf32, l0c, nz>, !tile.tile<16x16xf32, gm, nd>
    tile.signal %o from "cube" : !tile.tile<16x16xf32, gm, nd>
  }
  tile.program "vector" {
  ^bb0(%x: tensor<16x16xf16>, %m: tensor<2x1x16x16xf32>):
    %n = arith.constant 16 : index
    %o = tile.workspace id 4 in %m : tensor<2x1x16x16xf32> -> !tile.tile<16x16xf32, gm, nd>
    %one = tile.constant 1.0 : f32 -> !tile.tile<1x1xf32, ub, nd>
    %first = tile.compute "copy"(%one) extents(%n, %n) : (!tile.tile<1x1xf32, ub, nd>) -> !tile.tile<16x16xf32, ub, nd>
    tile.store %first to %o extents(%n, %n) : !tile.tile<16x16xf32, ub, nd>, !tile.tile<16x16xf32, gm, nd>
    %two = tile.constant 2 : i32 -> !tile.tile<1x1xi32, ub, nd>
    %k = tile.compute "copy"(%two) extents(%n, %n) : (!tile.tile<1x1xi32, ub, nd>) -> !tile.tile<16x16xi32, ub, nd>
    %bits = tile.bitcast %o : !tile.tile<16x16xf32, gm, nd> -> !tile.tile<16x16xi32, gm, nd>
    tile.store %k to %bits extents(%n, %n) atomic "add" : !tile.tile<16x16xi32, ub, nd>, !tile.tile<16x16xi32, gm, nd>
    tile.signal %o from "vector" : !tile.tile<16x16xf32, gm, nd>
    tile.wait %o for "cube" : !tile.tile<16x16xf32, gm, nd>
  }
}
// CHECK:      kernel.kernel @sum "mix" blocks 2
// CHECK:        kernel.program "cube"
// CHECK:          %[[B:[0-9]+]] = kernel.get_block_idx
// CHECK:          %[[AT:[0-9]+]] = arith.muli %[[B]], %{{[0-9]+}} : index
// CHECK:          kernel.cross_core_wait_flag id 4 mode 2
// CHECK:          %[[O:[0-9]+]] = kernel.slice %{{[0-9]+}}[%[[AT]]
// CHECK:          kernel.fixpipe(%[[O]]{{.*}}atomic = add
// CHECK:          kernel.cross_core_set_flag "FIX" id 5 mode 2
// CHECK:        kernel.program "vector"
// CHECK:          kernel.data_copy_pad_out
// CHECK-NEXT:     kernel.pipe_barrier "MTE3"
// CHECK:          kernel.data_copy_pad_out({{.*}}atomic = add, type = i32}
// CHECK:          kernel.cross_core_set_flag "MTE3" id 4 mode 2
// CHECK-NEXT:     kernel.cross_core_wait_flag id 5 mode 2
