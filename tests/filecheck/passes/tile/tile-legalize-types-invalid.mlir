// RUN: sfumato-opt %s -p tile-legalize-types --verify-diagnostics --split-input-file | filecheck %s

tile.kernel @double arguments {} {
^bb0(%x: tensor<16x96xf64>):
  %rows, %cols, %t = "test.op"() : () -> (index, index, !tile.tile<16x96xf64, ub, nd>)
  %e = tile.compute "exp"(%t) extents(%rows, %cols) : (!tile.tile<16x96xf64, ub, nd>) -> !tile.tile<16x96xf64, ub, nd>
}
// CHECK: the NPU does not compute in float64: export the model in float32 [in pass tile-legalize-types]

// -----

tile.kernel @wide arguments {} {
^bb0(%x: tensor<16x96xi64>):
  %rows, %cols, %t = "test.op"() : () -> (index, index, !tile.tile<16x96xi64, ub, nd>)
  %s = tile.compute "add"(%t, %t) extents(%rows, %cols) : (!tile.tile<16x96xi64, ub, nd>, !tile.tile<16x96xi64, ub, nd>) -> !tile.tile<16x96xi64, ub, nd>
}
// CHECK: 'add' of int64 in one word: graph-legalize-integers comes first [in pass tile-legalize-types]
