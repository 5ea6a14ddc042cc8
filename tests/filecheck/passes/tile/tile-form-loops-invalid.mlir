// RUN: not sfumato-opt %s -p tile-form-loops 2>&1 | filecheck %s

// No instruction loads a matrix of which neither the rows nor the columns are contiguous: dispatch makes it dense, and a
// kernel in which it is not is a bug of the compiler.
tile.kernel @product schedule {nests = [{row = 16 : i64, col = 16 : i64, l1_k = array<i64: 32>, l0_k = array<i64: 32>}]} {
^bb0(%x: tensor<16x32x2xf32>, %w: tensor<32x16xf32>):
  %0 = graph.slice %x <{starts = array<i64: 0, 0, 0>, stops = array<i64: 16, 32, 1>, steps = array<i64: 1, 1, 1>}> : (tensor<16x32x2xf32>) -> tensor<16x32x1xf32>
  %1 = graph.reshape %0 : (tensor<16x32x1xf32>) -> tensor<16x32xf32>
  %2 = graph.matmul %1, %w : (tensor<16x32xf32>, tensor<32x16xf32>) -> tensor<16x16xf32> loc("model.py":7:0)
  tile.return %2 : tensor<16x16xf32>
}

// CHECK: AssertionError: graph.matmul: elements lie 64 and 2 apart, but dispatch makes operands dense
