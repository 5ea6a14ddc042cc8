// RUN: sfumato-opt %s -p tile-choose-schedule --verify-diagnostics --split-input-file | filecheck %s

builtin.module attributes {sfumato.target = "abacus"} {
  tile.kernel @exp {
  ^bb0(%x: tensor<4xf32>):
    %0 = graph.exp %x : tensor<4xf32>
    tile.return %0 : tensor<4xf32>
  }
}

// CHECK: 'abacus'
// CHECK-SAME: ascend910b3

// -----

tile.kernel @cut {
^bb0(%z: tensor<64x32xf32>, %q: tensor<64x32xf16>, %k: tensor<200x32xf16>):
  %s = graph.recurrence axes [-1, 0] chunk 40 carry(%z) ins(%q, %k) {
  ^bb0(%a: tensor<64x32xf32>, %r: tensor<64x32xf16>, %e: tensor<200x32xf16>):
    %0 = graph.matmul %r, %e <{transpose_b}> : (tensor<64x32xf16>, tensor<200x32xf16>) -> tensor<64x200xf16>
    %1 = graph.matmul %0, %e : (tensor<64x200xf16>, tensor<200x32xf16>) -> tensor<64x32xf32>
    %2 = graph.add %a, %1 : tensor<64x32xf32>
    graph.yield %2 : tensor<64x32xf32>
  } : (tensor<64x32xf32>) over (tensor<64x32xf16>, tensor<200x32xf16>) -> tensor<64x32xf32>
  %o = graph.neg %s : tensor<64x32xf32>
  tile.return %o : tensor<64x32xf32>
}

// CHECK: chunks of 40 elements are no whole blocks of 16 of ascend910b3

// -----

tile.kernel @sum {
^bb0(%z: tensor<4xf32>, %x: tensor<4x9xf32>):
  %s = graph.recurrence axes [1] chunk 4 carry(%z) ins(%x) {
  ^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
    %p = graph.reduce %e <{kind = "add", axes = array<i64: 1>}> : (tensor<4x9xf32>) -> tensor<4xf32>
    %t = graph.add %c, %p : tensor<4xf32>
    graph.yield %t : tensor<4xf32>
  } : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>
  %o = graph.neg %s : tensor<4xf32>
  tile.return %o : tensor<4xf32>
}

// CHECK: chunks of 4 elements were asked for, but a recurrence without products chooses its own
