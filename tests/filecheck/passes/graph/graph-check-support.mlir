// RUN: sfumato-opt %s -p graph-check-support | filecheck %s

// A model that can be computed passes unchanged; what lies in memory may be of any type.
func.func @main(%x: tensor<4xf32>, %y: tensor<2x2xf64>) -> (tensor<4xf32>, tensor<4xf64>) {
  %0 = graph.exp %x : tensor<4xf32>
  %1 = graph.reshape %y : (tensor<2x2xf64>) -> tensor<4xf64>
  func.return %0, %1 : tensor<4xf32>, tensor<4xf64>
}
// CHECK:      func.func @main
// CHECK-NEXT:   graph.exp
// CHECK-NEXT:   graph.reshape
// CHECK-NEXT:   func.return
