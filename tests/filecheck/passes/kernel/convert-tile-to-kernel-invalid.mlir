// RUN: sfumato-opt %s -p convert-tile-to-kernel --split-input-file --verify-diagnostics | filecheck %s

// A copy moves rows of contiguous elements.
tile.kernel @strided kind "vector" blocks 1 : i64 arguments {directions = ["in"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<16x96xf32>):
    %n = arith.constant 8 : index
    %v = tile.view %x[%n] strides [96, 2] extents(%n, %n) : tensor<16x96xf32> -> !tile.tile<8x8xf32, gm, nd>
    %t = tile.load %v extents(%n, %n) : !tile.tile<8x8xf32, gm, nd> -> !tile.tile<8x8xf32, ub, nd> loc("model.py":7:0)
    %e = tile.compute "exp"(%t) extents(%n, %n) : (!tile.tile<8x8xf32, ub, nd>) -> !tile.tile<8x8xf32, ub, nd>
  }
}

// CHECK: model.py:7: elements that lie 96 and 2 apart are no runs to copy

// -----

// Graph ops are tiled before.
tile.kernel @early kind "vector" blocks 1 : i64 arguments {directions = ["in"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<4xf32>):
    %0 = graph.exp %x : tensor<4xf32> loc("model.py":8:0)
  }
}

// CHECK: model.py:8: graph.exp is not expected in a program on tiles
