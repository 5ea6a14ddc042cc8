// RUN: sfumato-opt %s -p tile-choose-schedule --verify-diagnostics | filecheck %s

builtin.module attributes {sfumato.target = "abacus"} {
  tile.kernel @exp {
  ^bb0(%x: tensor<4xf32>):
    %0 = graph.exp %x : tensor<4xf32>
    tile.return %0 : tensor<4xf32>
  }
}

// CHECK: 'abacus'
// CHECK-SAME: ascend910b3
