// RUN: sfumato-opt %s -p tile-partition-cores --split-input-file | filecheck %s

// Only vector work: one program, no more blocks than vector cores or tiles.
builtin.module attributes {sfumato.target = "tiny"} {
  tile.kernel @exp arguments {directions = ["in", "out"]} {
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
}
// CHECK:      tile.kernel @exp kind "vector" blocks 3 : i64
// CHECK-NEXT:   tile.program "vector" {
// CHECK-NOT:    tile.program
// CHECK:          tile.range %{{.*}} step 16 of 37 as "row"
// CHECK-NOT:      tile.split_rows
// CHECK:          tile.load
// CHECK:          tile.compute "exp"
// CHECK:          tile.store

// -----

// The fixpipe converts and clips on the way out: no vector core is needed.
builtin.module attributes {sfumato.target = "tiny"} {
  tile.kernel @linear_relu arguments {directions = ["in", "in", "out"]} {
  ^bb0(%x: tensor<64x64xf16>, %w: tensor<64x64xf16>, %y: tensor<64x64xf16>):
    tile.grid [4, 1] {
    ^bb1(%i: index, %j: index):
      %n = arith.constant 64 : index
      %zero = arith.constant 0 : index
      %start, %rows = tile.range %i step 16 of 64 as "row"
      %offset = arith.muli %start, %n : index
      %a = tile.view %x[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf16> -> !tile.tile<16x64xf16, gm, nd>
      %b = tile.view %w[%zero] strides [64, 1] extents(%n, %n) : tensor<64x64xf16> -> !tile.tile<64x64xf16, gm, nd>
      %p = tile.matmul %a, %b extents(%rows, %n, %n) chunks(64, 32) : !tile.tile<16x64xf16, gm, nd>, !tile.tile<64x64xf16, gm, nd> -> !tile.tile<16x64xf32, l0c, nz>
      %c = tile.compute "cast"(%p) extents(%rows, %n) : (!tile.tile<16x64xf32, l0c, nz>) -> !tile.tile<16x64xf16, ub, nd>
      %r = tile.compute "relu"(%c) extents(%rows, %n) : (!tile.tile<16x64xf16, ub, nd>) -> !tile.tile<16x64xf16, ub, nd>
      %v = tile.view %y[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf16> -> !tile.tile<16x64xf16, gm, nd>
      tile.store %r to %v extents(%rows, %n) : !tile.tile<16x64xf16, ub, nd>, !tile.tile<16x64xf16, gm, nd>
    }
  }
}
// CHECK:      tile.kernel @linear_relu kind "cube" blocks 2 : i64
// CHECK-NEXT:   tile.program "cube" {
// CHECK-NOT:    tile.program
// CHECK:          %[[P:[0-9a-z_]+]] = tile.matmul
// CHECK-NOT:      tile.compute
// CHECK:          tile.store %[[P]] to %{{.*}} relu : !tile.tile<16x64xf32, l0c, nz>, !tile.tile<16x64xf16, gm, nd>

// -----

// Anything else goes through a channel: the two vector cores of a block take half of the rows each.
builtin.module attributes {sfumato.target = "tiny"} {
  tile.kernel @linear_exp arguments {directions = ["in", "in", "out"]} {
  ^bb0(%x: tensor<64x64xf16>, %w: tensor<64x64xf16>, %y: tensor<64x64xf32>):
    tile.grid [4, 1] {
    ^bb1(%i: index, %j: index):
      %n = arith.constant 64 : index
      %zero = arith.constant 0 : index
      %start, %rows = tile.range %i step 16 of 64 as "row"
      %offset = arith.muli %start, %n : index
      %a = tile.view %x[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf16> -> !tile.tile<16x64xf16, gm, nd>
      %b = tile.view %w[%zero] strides [64, 1] extents(%n, %n) : tensor<64x64xf16> -> !tile.tile<64x64xf16, gm, nd>
      %p = tile.matmul %a, %b extents(%rows, %n, %n) chunks(64, 32) : !tile.tile<16x64xf16, gm, nd>, !tile.tile<64x64xf16, gm, nd> -> !tile.tile<16x64xf32, l0c, nz>
      %e = tile.compute "exp"(%p) extents(%rows, %n) : (!tile.tile<16x64xf32, l0c, nz>) -> !tile.tile<16x64xf32, ub, nd>
      %v = tile.view %y[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf32> -> !tile.tile<16x64xf32, gm, nd>
      tile.store %e to %v extents(%rows, %n) : !tile.tile<16x64xf32, ub, nd>, !tile.tile<16x64xf32, gm, nd>
    }
  }
  func.func @main(%x: tensor<64x64xf16>, %w: tensor<64x64xf16>) -> tensor<64x64xf32> {
    %0 = tile.launch @linear_exp(%x, %w) : (tensor<64x64xf16>, tensor<64x64xf16>) -> tensor<64x64xf32>
    func.return %0 : tensor<64x64xf32>
  }
}
// CHECK:      tile.kernel @linear_exp kind "mix" blocks 2 : i64 {{.*}}["in", "in", "out", "workspace"]
// CHECK-NEXT:   tile.program "cube" {
// CHECK-NEXT:   ^{{.*}}, %[[W:[0-9a-z_]+]]: tensor<2x2x16x64xf32>):
// CHECK-NEXT:     %[[C:[0-9a-z_]+]] = tile.channel depth 2 id 0 from "cube" in %[[W]]
// CHECK-NEXT:     tile.grid [4, 1] {
// CHECK-NEXT:     ^{{bb[0-9]+}}(%[[ROUND:[0-9a-z_]+]]: index,
// CHECK:            %[[P:[0-9a-z_]+]] = tile.matmul
// CHECK-NOT:        tile.store
// CHECK:            tile.put %[[P]] into %[[C]]
// CHECK:        tile.program "vector" {
// CHECK-NOT:      tile.matmul
// CHECK:          tile.range %{{.*}} step 16 of 64 as "row"
// CHECK-NEXT:     %[[OFFSET:[0-9a-z_]+]], %[[SHARE:[0-9a-z_]+]] = tile.split_rows %{{.*}} by 8
// CHECK:          %[[SLOT:[0-9a-z_]+]] = tile.take
// CHECK-NEXT:     %[[PART:[0-9a-z_]+]] = tile.subview %[[SLOT]][%[[OFFSET]], %{{.*}}] extents(%[[SHARE]], %{{.*}}) : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<8x64xf32, gm, nd>
// CHECK-NEXT:     %[[T:[0-9a-z_]+]] = tile.load %[[PART]]
// CHECK-NEXT:     tile.release
// CHECK:          %[[E:[0-9a-z_]+]] = tile.compute "exp"(%[[T]]) extents(%[[SHARE]], %{{.*}})
// CHECK:          tile.store %[[E]]
// CHECK:      tile.launch @linear_exp(%x, %w) workspace [16384]

// -----

// A product that the vector cores read in f16 only is converted by the fixpipe: the channel holds f16.
builtin.module attributes {sfumato.target = "tiny"} {
  tile.kernel @linear_exp_narrow arguments {directions = ["in", "in", "out"]} {
  ^bb0(%x: tensor<64x64xf16>, %w: tensor<64x64xf16>, %y: tensor<64x64xf16>):
    tile.grid [4, 1] {
    ^bb1(%i: index, %j: index):
      %n = arith.constant 64 : index
      %zero = arith.constant 0 : index
      %start, %rows = tile.range %i step 16 of 64 as "row"
      %offset = arith.muli %start, %n : index
      %a = tile.view %x[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf16> -> !tile.tile<16x64xf16, gm, nd>
      %b = tile.view %w[%zero] strides [64, 1] extents(%n, %n) : tensor<64x64xf16> -> !tile.tile<64x64xf16, gm, nd>
      %p = tile.matmul %a, %b extents(%rows, %n, %n) chunks(64, 32) : !tile.tile<16x64xf16, gm, nd>, !tile.tile<64x64xf16, gm, nd> -> !tile.tile<16x64xf32, l0c, nz>
      %c = tile.compute "cast"(%p) extents(%rows, %n) : (!tile.tile<16x64xf32, l0c, nz>) -> !tile.tile<16x64xf16, ub, nd>
      %e = tile.compute "exp"(%c) extents(%rows, %n) : (!tile.tile<16x64xf16, ub, nd>) -> !tile.tile<16x64xf16, ub, nd>
      %v = tile.view %y[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf16> -> !tile.tile<16x64xf16, gm, nd>
      tile.store %e to %v extents(%rows, %n) : !tile.tile<16x64xf16, ub, nd>, !tile.tile<16x64xf16, gm, nd>
    }
  }
}
// CHECK:      tile.kernel @linear_exp_narrow kind "mix"
// CHECK:          tile.channel depth 2 id 0 from "cube" in {{.*}} -> !tile.channel<!tile.tile<16x64xf16, gm, nd>>
// CHECK:          tile.put {{.*}} : !tile.tile<16x64xf32, l0c, nz>, !tile.channel<!tile.tile<16x64xf16, gm, nd>>
// CHECK:        tile.program "vector" {
// CHECK-NOT:      tile.compute "cast"
// CHECK:          tile.compute "exp"({{.*}} : (!tile.tile<8x64xf16, ub, nd>) -> !tile.tile<8x64xf16, ub, nd>

// -----

// With a direct path the slots lie in UB, where each vector core reads its rows in place; no workspace is needed.
builtin.module attributes {sfumato.target = "tiny:paths.l0c_ub.bytes_per_cycle=128"} {
  tile.kernel @linear_exp_direct arguments {directions = ["in", "in", "out"]} {
  ^bb0(%x: tensor<64x64xf16>, %w: tensor<64x64xf16>, %y: tensor<64x64xf32>):
    tile.grid [4, 1] {
    ^bb1(%i: index, %j: index):
      %n = arith.constant 64 : index
      %zero = arith.constant 0 : index
      %start, %rows = tile.range %i step 16 of 64 as "row"
      %offset = arith.muli %start, %n : index
      %a = tile.view %x[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf16> -> !tile.tile<16x64xf16, gm, nd>
      %b = tile.view %w[%zero] strides [64, 1] extents(%n, %n) : tensor<64x64xf16> -> !tile.tile<64x64xf16, gm, nd>
      %p = tile.matmul %a, %b extents(%rows, %n, %n) chunks(64, 32) : !tile.tile<16x64xf16, gm, nd>, !tile.tile<64x64xf16, gm, nd> -> !tile.tile<16x64xf32, l0c, nz>
      %e = tile.compute "exp"(%p) extents(%rows, %n) : (!tile.tile<16x64xf32, l0c, nz>) -> !tile.tile<16x64xf32, ub, nd>
      %v = tile.view %y[%offset] strides [64, 1] extents(%rows, %n) : tensor<64x64xf32> -> !tile.tile<16x64xf32, gm, nd>
      tile.store %e to %v extents(%rows, %n) : !tile.tile<16x64xf32, ub, nd>, !tile.tile<16x64xf32, gm, nd>
    }
  }
  func.func @main(%x: tensor<64x64xf16>, %w: tensor<64x64xf16>) -> tensor<64x64xf32> {
    %0 = tile.launch @linear_exp_direct(%x, %w) : (tensor<64x64xf16>, tensor<64x64xf16>) -> tensor<64x64xf32>
    func.return %0 : tensor<64x64xf32>
  }
}
// CHECK:      tile.kernel @linear_exp_direct kind "mix" blocks 2 : i64 {{.*}}["in", "in", "out"]}
// CHECK:          %[[C:[0-9a-z_]+]] = tile.channel depth 2 id 0 from "cube" -> !tile.channel<!tile.tile<16x64xf32, ub, nd>>
// CHECK:            %[[P:[0-9a-z_]+]] = tile.matmul
// CHECK:            tile.put %[[P]] into %[[C]]
// CHECK:        tile.program "vector" {
// CHECK:          tile.split_rows %{{.*}} by 8
// CHECK:          %[[SLOT:[0-9a-z_]+]] = tile.take %{{.*}} -> !tile.tile<8x64xf32, ub, nd>
// CHECK-NEXT:     %[[E:[0-9a-z_]+]] = tile.compute "exp"(%[[SLOT]])
// CHECK-NEXT:     tile.release
// CHECK-NOT:      tile.load
// CHECK:          tile.store %[[E]]

// -----

// Left alone: a kernel that has its programs.
tile.kernel @parted kind "vector" blocks 1 : i64 arguments {directions = ["in"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<4xf32>):
    tile.grid [1] {
    ^bb1(%i: index):
    }
  }
}
// CHECK:      tile.kernel @parted kind "vector" blocks 1 : i64 arguments {directions = ["in"]} {
// CHECK-NEXT:   tile.program "vector" {
// CHECK-NEXT:   ^{{bb[0-9]+}}(%x: tensor<4xf32>):
// CHECK-NEXT:     tile.grid [1] {

// -----

// A sum in memory gets a tile for each block and two flags. The vector cores begin it; from then on they add to its bits
// when the cube core has signalled, which it does once in advance and after each product that it has added.
tile.kernel @sum arguments {directions = ["in", "out"]} {
^bb0(%x: tensor<16x16xf16>, %y: tensor<16x16xf32>):
  tile.grid [1] {
  ^bb1(%i: index):
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %n = arith.constant 16 : index
    %start, %rows = tile.range %i step 16 of 16 as "row"
    %o = tile.workspace -> !tile.tile<16x16xf32, gm, nd>
    %c = tile.constant 1.0 : f32 -> !tile.tile<1x1xf32, ub, nd>
    %first = tile.compute "copy"(%c) extents(%rows, %n) : (!tile.tile<1x1xf32, ub, nd>) -> !tile.tile<16x16xf32, ub, nd>
    %part = tile.subview %o[%zero, %zero] extents(%rows, %n) : !tile.tile<16x16xf32, gm, nd> -> !tile.tile<16x16xf32, gm, nd>
    tile.store %first to %part extents(%rows, %n) : !tile.tile<16x16xf32, ub, nd>, !tile.tile<16x16xf32, gm, nd>
    %v = tile.view %x[%zero] strides [16, 1] extents(%n, %n) : tensor<16x16xf16> -> !tile.tile<16x16xf16, gm, nd>
    scf.for %at = %zero to %n step %one {
      %p = tile.matmul %v, %v extents(%rows, %n, %n) chunks(16, 16) : !tile.tile<16x16xf16, gm, nd>, !tile.tile<16x16xf16, gm, nd> -> !tile.tile<16x16xf32, l0c, nz>
      %k = tile.constant 1 : i32 -> !tile.tile<1x1xi32, ub, nd>
      %number = tile.compute "copy"(%k) extents(%rows, %n) : (!tile.tile<1x1xi32, ub, nd>) -> !tile.tile<16x16xi32, ub, nd>
      %bits = tile.bitcast %o : !tile.tile<16x16xf32, gm, nd> -> !tile.tile<16x16xi32, gm, nd>
      %b = tile.subview %bits[%zero, %zero] extents(%rows, %n) : !tile.tile<16x16xi32, gm, nd> -> !tile.tile<16x16xi32, gm, nd>
      tile.store %number to %b extents(%rows, %n) atomic "add" : !tile.tile<16x16xi32, ub, nd>, !tile.tile<16x16xi32, gm, nd>
      tile.store %p to %o extents(%rows, %n) atomic "add" : !tile.tile<16x16xf32, l0c, nz>, !tile.tile<16x16xf32, gm, nd>
    }
    %last = tile.subview %o[%zero, %zero] extents(%rows, %n) : !tile.tile<16x16xf32, gm, nd> -> !tile.tile<16x16xf32, gm, nd>
    %t = tile.load %last extents(%rows, %n) : !tile.tile<16x16xf32, gm, nd> -> !tile.tile<16x16xf32, ub, nd>
    %w = tile.view %y[%zero] strides [16, 1] extents(%rows, %n) : tensor<16x16xf32> -> !tile.tile<16x16xf32, gm, nd>
    %f = tile.compute "relu"(%t) extents(%rows, %n) : (!tile.tile<16x16xf32, ub, nd>) -> !tile.tile<16x16xf32, ub, nd>
    tile.store %f to %w extents(%rows, %n) : !tile.tile<16x16xf32, ub, nd>, !tile.tile<16x16xf32, gm, nd>
  }
}
// CHECK:      tile.kernel @sum kind "mix"{{.*}}["in", "out", "workspace"]}
// CHECK:        tile.program "cube" {
// CHECK:          %[[O:[0-9a-z_]+]] = tile.workspace id 0 in %{{.*}} : tensor<1x1x16x16xf32>
// CHECK-NEXT:     tile.signal %[[O]] from "cube"
// CHECK:          scf.for
// CHECK-NEXT:       %[[P:[0-9a-z_]+]] = tile.matmul
// CHECK-NEXT:       tile.wait %[[O]] for "vector"
// CHECK-NEXT:       tile.store %[[P]] to %[[O]]
// CHECK-NEXT:       tile.signal %[[O]] from "cube"
// CHECK-NEXT:     }
// CHECK:        tile.program "vector" {
// CHECK:          %[[OFFSET:[0-9a-z_]+]], %{{.*}} = tile.split_rows
// CHECK:          %[[V:[0-9a-z_]+]] = tile.workspace id 0
// CHECK:          %[[FIRST:[0-9a-z_]+]] = tile.subview %[[V]][%[[OFFSET]], %{{.*}} -> !tile.tile<8x16xf32, gm, nd>
// CHECK-NEXT:     tile.store %{{.*}} to %[[FIRST]]
// CHECK:          scf.for
// CHECK:            tile.wait %[[V]] for "cube"
// CHECK-NEXT:       tile.compute "copy"
// CHECK:            tile.store {{.*}} atomic "add" : !tile.tile<8x16xi32, ub, nd>
// CHECK-NEXT:       tile.signal %[[V]] from "vector"
// CHECK:          tile.wait %[[V]] for "cube"
// CHECK-NEXT:     tile.load
