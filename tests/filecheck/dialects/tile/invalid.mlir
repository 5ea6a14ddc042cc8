// RUN: sfumato-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

%a = "test.op"() : () -> !tile.tile<16x96xf32, sram, nd>

// CHECK: space 'sram'

// -----

%a = "test.op"() : () -> !tile.tile<16x96xf32, l0c, nd>

// CHECK: space 'l0c' holds layout 'nz', not 'nd'

// -----

%a = "test.op"() : () -> !tile.tile<16xf32, ub, nd>

// CHECK: a tile has two dimensions of at least one element

// -----

%a = "test.op"() : () -> !tile.tile<0x16xf32, ub, nd>

// CHECK: a tile has two dimensions of at least one element

// -----

tile.program "scalar" {
^bb0(%x: tensor<4xf32>):
}

// CHECK: unknown core 'scalar', expected cube or vector

// -----

tile.grid [3, 2] {
^bb0(%i: index):
}

// CHECK: a grid's block takes one index per dimension

// -----

%x, %n = "test.op"() : () -> (tensor<37x96xf32>, index)
%v = tile.view %x[%n] strides [96] extents(%n, %n) : tensor<37x96xf32> -> !tile.tile<16x96xf32, gm, nd>

// CHECK: a window has a row stride and a column stride

// -----

%a, %b, %n = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, !tile.tile<16x48xf32, ub, nd>, index)
%s = tile.compute "add"(%a, %b) extents(%n, %n) : (!tile.tile<16x96xf32, ub, nd>, !tile.tile<16x48xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>

// CHECK: operand 16x48 does not broadcast to 16x96

// -----

%a, %n = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, index)
%s = tile.reduce "add" along "cols" %a extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<1x96xf32, ub, nd>

// CHECK: a reduction along 'cols' leaves one element there

// -----

%a, %n = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, index)
%s = tile.reduce "add" along "depth" %a extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<1x1xf32, ub, nd>

// CHECK: a reduction along 'depth' leaves one element there

// -----

// The three accumulators of a product are one.
%a, %b, %c, %n = "test.op"() : () -> (!tile.tile<16x64xf16, l0a, zz>, !tile.tile<64x96xf16, l0b, zn>, !tile.tile<16x96xf32, l0c, nz>, index)
%d = "tile.mmad"(%a, %b, %c, %n, %n, %n, %n) : (!tile.tile<16x64xf16, l0a, zz>, !tile.tile<64x96xf16, l0b, zn>, !tile.tile<16x96xf32, l0c, nz>, index, index, index, index) -> !tile.tile<32x96xf32, l0c, nz>

// CHECK: attribute !tile.tile<16x96xf32, l0c, nz> expected from variable 'T', but got !tile.tile<32x96xf32, l0c, nz>

// -----

%x, %n = "test.op"() : () -> (tensor<37x96xf32>, index)
%v = tile.view %x[%n] strides [96, 1] extents(%n, %n) : tensor<37x96xf32> -> !tile.tile<16x96xf32, ub, nd>

// CHECK: a view is a window of GM, found a tile in ub

// -----

%i = "test.op"() : () -> index
%start, %extent = tile.range %i step 16 of 37 as "rows"

// CHECK: unknown role 'rows', expected row or col

// -----

%w = "test.op"() : () -> tensor<20x2x16x96xf32>
%c = tile.channel depth 2 id 0 from "aic" in %w : tensor<20x2x16x96xf32> -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>

// CHECK: unknown producer 'aic', expected cube or vector

// -----

%c = tile.channel depth 2 id 0 from "cube" -> !tile.channel<!tile.tile<16x96xf32, l1, nz>>

// CHECK: the slots of this channel lie in ub, found tiles in l1

// -----

%a, %r = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, index)
%s = tile.reduce "sum" along "cols" %a extents(%r, %r) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<16x1xf32, ub, nd>

// CHECK: unknown kind 'sum', expected one of add, mul, max, min, and, or

// -----

%a, %b, %m = "test.op"() : () -> (!tile.tile<16x64xf32, gm, nd>, !tile.tile<96x64xf32, gm, nd>, index)
%c = tile.matmul %a, %b extents(%m, %m, %m) transpose_b chunks(64, 0) : !tile.tile<16x64xf32, gm, nd>, !tile.tile<96x64xf32, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>

// CHECK: l0_k = 0: a chunk of k has at least one element

// -----

func.func private @layer(%x: tensor<4xf32>) -> tensor<4xf32>
%x = "test.op"() : () -> tensor<4xf32>
%y = tile.launch @layer(%x) : (tensor<4xf32>) -> tensor<4xf32>

// CHECK: @layer is a func.func, not a kernel

// -----

tile.kernel @identity {
^bb0(%x: tensor<4xf32>):
  tile.return %x : tensor<4xf32>
}
%x = "test.op"() : () -> tensor<8xf32>
%y = tile.launch @identity(%x) : (tensor<8xf32>) -> tensor<4xf32>

// CHECK: @identity takes and gives (tensor<4xf32>, tensor<4xf32>), not (tensor<8xf32>, tensor<4xf32>)

// -----

tile.kernel @relu kind "vector" blocks 1 : i64 arguments {directions = ["in", "out", "workspace"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<4xf32>, %y: tensor<4xf32>, %w: tensor<1x2x4x4xf32>):
  }
}
%x = "test.op"() : () -> tensor<4xf32>
%y = tile.launch @relu(%x) workspace [128] : (tensor<4xf32>) -> tensor<4xi32>

// CHECK: @relu takes and gives (tensor<4xf32>, tensor<4xf32>), not (tensor<4xf32>, tensor<4xi32>)

// -----

%w = tile.workspace -> !tile.tile<16x64xf32, ub, nd>

// CHECK: a workspace lies in gm, found a tile in ub

// -----

%o = tile.workspace -> !tile.tile<16x64xf32, gm, nd>
%h = tile.bitcast %o : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<16x64xf16, gm, nd>

// CHECK: are no two views of the same bytes of gm

// -----

%o = tile.workspace -> !tile.tile<16x64xf32, gm, nd>
tile.signal %o from "scalar" : !tile.tile<16x64xf32, gm, nd>

// CHECK: unknown core 'scalar', expected cube or vector

// -----

%x = "test.op"() : () -> !tile.tile<16x1xf32, ub, nd>
%n = "test.op"() : () -> index
%j = tile.join_rows %x, %x extent(%n) : !tile.tile<16x1xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd> -> !tile.tile<8x1xf32, ub, nd>

// CHECK: columns of [16] rows do not make one of 8
