// RUN: sfumato-opt %s -p graph-dce | filecheck %s

// What nothing uses goes, with what only it used; private functions that nothing calls go too.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %[[N:.*]] = graph.neg %{{.*}} : tensor<4xf32>
// CHECK-NEXT:    func.return %[[N]] : tensor<4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = graph.constant <{value = 2.0 : f32}> : tensor<4xf32>
  %a = graph.mul %x, %c : tensor<4xf32>
  %b = func.call @unused(%a) : (tensor<4xf32>) -> tensor<4xf32>
  %n = graph.neg %x : tensor<4xf32>
  func.return %n : tensor<4xf32>
}
func.func private @unused(%x: tensor<4xf32>) -> tensor<4xf32> {
  func.return %x : tensor<4xf32>
}
// CHECK-NOT: @unused

// A sort with one used result stays.
// CHECK-LABEL: func.func @kept
// CHECK-NEXT:    graph.sort
func.func @kept(%x: tensor<4xf32>) -> tensor<4xi64> {
  %v, %i = graph.sort %x <{axis = 0 : i64}> : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi64>)
  func.return %i : tensor<4xi64>
}
