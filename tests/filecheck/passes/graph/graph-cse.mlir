// RUN: sfumato-opt %s -p graph-cse | filecheck %s

// Equal ops of equal operands merge, also those that become equal by it.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %[[A:.*]] = graph.exp %{{.*}} : tensor<4xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.neg %[[A]] : tensor<4xf32>
// CHECK-NEXT:    func.return %[[B]], %[[B]]
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = graph.exp %x : tensor<4xf32>
  %b = graph.exp %x : tensor<4xf32>
  %c = graph.neg %a : tensor<4xf32>
  %d = graph.neg %b : tensor<4xf32>
  func.return %c, %d : tensor<4xf32>, tensor<4xf32>
}

// Properties and types count.
// CHECK-LABEL: func.func @different
// CHECK-NEXT:    graph.reduce %{{.*}} <{kind = "add", axes = array<i64: 0>}>
// CHECK-NEXT:    graph.reduce %{{.*}} <{kind = "add", axes = array<i64: 1>}>
func.func @different(%x: tensor<4x4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = graph.reduce %x <{kind = "add", axes = array<i64: 0>}> : (tensor<4x4xf32>) -> tensor<4xf32>
  %b = graph.reduce %x <{kind = "add", axes = array<i64: 1>}> : (tensor<4x4xf32>) -> tensor<4xf32>
  func.return %a, %b : tensor<4xf32>, tensor<4xf32>
}
