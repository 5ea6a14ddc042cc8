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
  %c = tile.constant 1099511627776 : i64 -> !tile.tile<1x1xi64, ub, nd>
  %m = tile.compute "min"(%t, %c) extents(%rows, %cols) : (!tile.tile<16x96xi64, ub, nd>, !tile.tile<1x1xi64, ub, nd>) -> !tile.tile<16x96xi64, ub, nd>
  %s = tile.compute "add"(%m, %c) extents(%rows, %cols) : (!tile.tile<16x96xi64, ub, nd>, !tile.tile<1x1xi64, ub, nd>) -> !tile.tile<16x96xi64, ub, nd>
}
// CHECK: the constant 1099511627776 is outside int32, in which integers are computed [in pass tile-legalize-types]
