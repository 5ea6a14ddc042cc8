// RUN: sfumato-opt %s -p tile-legalize-types --verify-diagnostics | filecheck %s

tile.kernel @double arguments {} {
^bb0(%x: tensor<16x96xf64>):
  %rows, %cols, %t = "test.op"() : () -> (index, index, !tile.tile<16x96xf64, ub, nd>)
  %e = tile.compute "exp"(%t) extents(%rows, %cols) : (!tile.tile<16x96xf64, ub, nd>) -> !tile.tile<16x96xf64, ub, nd>
}
// CHECK: the NPU does not compute in float64: export the model in float32 [in pass tile-legalize-types]
