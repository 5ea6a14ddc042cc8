// RUN: not sfumato-opt %s -p graph-expand-math --split-input-file 2>&1 | filecheck %s

// CHECK: a power of integers needs one constant exponent of at least 0
func.func @main(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %0 = graph.pow %x, %y : tensor<4xi64>
  func.return %0 : tensor<4xi64>
}
