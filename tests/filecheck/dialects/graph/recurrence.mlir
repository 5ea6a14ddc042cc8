// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @recurrence() {
  %z, %f, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x1xf32>, tensor<4x9xf32>)
  %s = graph.recurrence axes [-1, 1] carry(%z) ins(%f, %x) {
  ^bb0(%c: tensor<4xf32>, %g: tensor<4x1xf32>, %e: tensor<4x9xf32>):
    %w = graph.broadcast %g <{dims = array<i64: 0, 1>}> : (tensor<4x1xf32>) -> tensor<4x9xf32>
    %m = graph.mul %e, %w : tensor<4x9xf32>
    %p = graph.reduce %m <{kind = "add", axes = array<i64: 1>}> : (tensor<4x9xf32>) -> tensor<4xf32>
    %t = graph.add %c, %p : tensor<4xf32>
    graph.yield %t : tensor<4xf32>
  } : (tensor<4xf32>) over (tensor<4x1xf32>, tensor<4x9xf32>) -> tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @recurrence()
// CHECK:         %s = graph.recurrence axes [-1, 1] carry(%z) ins(%f, %x) {
// CHECK-NEXT:    ^bb0(%c: tensor<4xf32>, %g: tensor<4x1xf32>, %e: tensor<4x9xf32>):
// CHECK:           graph.yield %t : tensor<4xf32>
// CHECK-NEXT:    } : (tensor<4xf32>) over(tensor<4x1xf32>, tensor<4x9xf32>) -> tensor<4xf32>

// CHECK-LABEL: func.func @band()
// CHECK:         %s = graph.recurrence axes [1] lower -7 upper 0 carry(%z) ins(%x) {
func.func @band() {
  %z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
  %s = graph.recurrence axes [1] lower -7 upper 0 carry(%z) ins(%x) {
  ^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
    graph.yield %c : tensor<4xf32>
  } : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>
  func.return
}

// CHECK-LABEL: func.func @chunks()
// CHECK:         %s = graph.recurrence axes [1] chunk 4 carry(%z) ins(%x) {
func.func @chunks() {
  %z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
  %s = graph.recurrence axes [1] chunk 4 carry(%z) ins(%x) {
  ^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
    graph.yield %c : tensor<4xf32>
  } : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>
  func.return
}
