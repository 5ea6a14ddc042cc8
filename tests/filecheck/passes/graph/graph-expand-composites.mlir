// RUN: sfumato-opt %s -p graph-expand-composites --split-input-file | filecheck %s

// CHECK-LABEL: func.func @softmax
// CHECK-NEXT:    %[[X:.*]] = graph.cast %{{.*}} : (tensor<4x8xf16>) -> tensor<4x8xf32>
// CHECK-NEXT:    graph.reduce %[[X]] <{kind = "max", axes = array<i64: 1>}>
// CHECK-NEXT:    graph.broadcast
// CHECK-NEXT:    graph.sub
// CHECK-NEXT:    graph.exp
// CHECK-NEXT:    graph.reduce %{{.*}} <{kind = "add", axes = array<i64: 1>}>
// CHECK-NEXT:    graph.broadcast
// CHECK-NEXT:    graph.div
// CHECK-NEXT:    graph.cast %{{.*}} : (tensor<4x8xf32>) -> tensor<4x8xf16>
func.func @softmax(%x: tensor<4x8xf16>) -> tensor<4x8xf16> {
  %0 = graph.softmax %x <{axis = 1 : i64}> : tensor<4x8xf16>
  func.return %0 : tensor<4x8xf16>
}

// -----

// A sum of f16 is formed in f32; a maximum needs no more digits, and f32 stays as it is.
// CHECK-LABEL: func.func @reductions
// CHECK-NEXT:    graph.cast
// CHECK-NEXT:    graph.reduce %{{.*}} <{kind = "add", axes = array<i64: 0>}> : (tensor<4xf32>) -> tensor<f32>
// CHECK-NEXT:    graph.cast
// CHECK-NEXT:    graph.reduce %{{.*}} <{kind = "max", axes = array<i64: 0>}> : (tensor<4xf16>) -> tensor<f16>
// CHECK-NEXT:    graph.reduce %{{.*}} : (tensor<4xf32>) -> tensor<f32>
func.func @reductions(%x: tensor<4xf16>, %y: tensor<4xf32>) -> (tensor<f16>, tensor<f16>, tensor<f32>) {
  %0 = graph.reduce %x <{kind = "add", axes = array<i64: 0>}> : (tensor<4xf16>) -> tensor<f16>
  %1 = graph.reduce %x <{kind = "max", axes = array<i64: 0>}> : (tensor<4xf16>) -> tensor<f16>
  %2 = graph.reduce %y <{kind = "add", axes = array<i64: 0>}> : (tensor<4xf32>) -> tensor<f32>
  func.return %0, %1, %2 : tensor<f16>, tensor<f16>, tensor<f32>
}
