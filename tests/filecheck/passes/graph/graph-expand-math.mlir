// RUN: sfumato-opt %s -p graph-expand-math --split-input-file | filecheck %s

// The sigmoid in four steps that cannot overflow.
// CHECK-LABEL: func.func @sigmoid
// CHECK:         %[[A:.*]] = graph.abs %{{.*}} : tensor<4xf32>
// CHECK-NEXT:    %[[N:.*]] = graph.neg %[[A]] : tensor<4xf32>
// CHECK-NEXT:    %[[E:.*]] = graph.exp %[[N]] : tensor<4xf32>
// CHECK:         graph.select
// CHECK:         graph.div
// CHECK-NOT:     graph.sigmoid
func.func @sigmoid(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.sigmoid %x : tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// -----

// bf16 arithmetic goes through f32; f16 has instructions.
// CHECK-LABEL: func.func @narrow
// CHECK-NEXT:    %[[F:.*]] = graph.cast %{{.*}} : (tensor<4xbf16>) -> tensor<4xf32>
// CHECK-NEXT:    %[[E:.*]] = graph.exp %[[F]] : tensor<4xf32>
// CHECK-NEXT:    graph.cast %[[E]] : (tensor<4xf32>) -> tensor<4xbf16>
// CHECK-NEXT:    graph.exp %{{.*}} : tensor<4xf16>
func.func @narrow(%x: tensor<4xbf16>, %y: tensor<4xf16>) -> (tensor<4xbf16>, tensor<4xf16>) {
  %0 = graph.exp %x : tensor<4xbf16>
  %1 = graph.exp %y : tensor<4xf16>
  func.return %0, %1 : tensor<4xbf16>, tensor<4xf16>
}

// -----

// Integers are compared for equality only; a cube is two products.
// CHECK-LABEL: func.func @integers
// CHECK-NEXT:    %[[M:.*]] = graph.max %[[X:.*]], %[[Y:.*]] : tensor<4xi32>
// CHECK-NEXT:    graph.compare %[[M]], %[[X]] <{predicate = "ne"}>
// CHECK:         %[[S:.*]] = graph.mul %[[X]], %[[X]] : tensor<4xi32>
// CHECK-NEXT:    graph.mul %[[X]], %[[S]] : tensor<4xi32>
func.func @integers(%x: tensor<4xi32>, %y: tensor<4xi32>) -> (tensor<4xi1>, tensor<4xi32>) {
  %0 = graph.compare %x, %y <{predicate = "lt"}> : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
  %three = graph.constant <{value = 3 : i32}> : tensor<4xi32>
  %1 = graph.pow %x, %three : tensor<4xi32>
  func.return %0, %1 : tensor<4xi1>, tensor<4xi32>
}
