// RUN: sfumato-opt %s -p graph-sink-reshapes --split-input-file | filecheck %s

// The bias and the residual follow the product; the reshape ends up below them.
// CHECK-LABEL: func.func @epilogue
// CHECK:         %[[P:.*]] = graph.matmul
// CHECK:         %[[B:.*]] = graph.broadcast %{{.*}} <{dims = array<i64: 1>}> : (tensor<16xf32>) -> tensor<6x16xf32>
// CHECK-NEXT:    %[[S:.*]] = graph.add %[[P]], %[[B]] : tensor<6x16xf32>
// CHECK-NEXT:    %[[R:.*]] = graph.reshape %{{.*}} : (tensor<2x3x16xf32>) -> tensor<6x16xf32>
// CHECK-NEXT:    %[[T:.*]] = graph.add %[[S]], %[[R]] : tensor<6x16xf32>
// CHECK-NEXT:    %[[M:.*]] = graph.reduce %[[T]] <{kind = "max", axes = array<i64: 1>}>
// CHECK-NEXT:    graph.reshape %[[M]] : (tensor<6xf32>) -> tensor<2x3xf32>
func.func @epilogue(%x: tensor<6x8xf32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>, %y: tensor<2x3x16xf32>) -> tensor<2x3xf32> {
  %0 = graph.matmul %x, %w : (tensor<6x8xf32>, tensor<8x16xf32>) -> tensor<6x16xf32>
  %1 = graph.reshape %0 : (tensor<6x16xf32>) -> tensor<2x3x16xf32>
  %2 = graph.broadcast %b <{dims = array<i64: 2>}> : (tensor<16xf32>) -> tensor<2x3x16xf32>
  %3 = graph.add %1, %2 : tensor<2x3x16xf32>
  %4 = graph.add %3, %y : tensor<2x3x16xf32>
  %5 = graph.reduce %4 <{kind = "max", axes = array<i64: 2>}> : (tensor<2x3x16xf32>) -> tensor<2x3xf32>
  func.return %5 : tensor<2x3xf32>
}

// -----

// A broadcast along a part of a merged axis has no form below the reshape: nothing moves.
// CHECK-LABEL: func.func @heads
// CHECK-NEXT:    graph.reshape
// CHECK-NEXT:    graph.broadcast
// CHECK-NEXT:    graph.mul
func.func @heads(%x: tensor<6x16xf32>, %c: tensor<6x4xf32>) -> tensor<6x4x4xf32> {
  %0 = graph.reshape %x : (tensor<6x16xf32>) -> tensor<6x4x4xf32>
  %1 = graph.broadcast %c <{dims = array<i64: 0, 2>}> : (tensor<6x4xf32>) -> tensor<6x4x4xf32>
  %2 = graph.mul %0, %1 : tensor<6x4x4xf32>
  func.return %2 : tensor<6x4x4xf32>
}
