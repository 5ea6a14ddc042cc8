// RUN: sfumato-opt %s -p graph-expand-convolution | filecheck %s

// Channels last; along the last axis, places and channels are one sum; the other places are a batch that is added up.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %[[X:.*]] = graph.permute %x <{order = array<i64: 0, 2, 3, 1>}>
// CHECK-NEXT:    %[[V:.*]] = graph.window %[[X]] <{axes = array<i64: 1, 2>, sizes = array<i64: 3, 2>, {{.*}}}> : {{.*}} -> tensor<1x6x8x4x3x2xf32>
// CHECK-NEXT:    %[[T:.*]] = graph.permute %[[V]] <{order = array<i64: 0, 1, 4, 2, 5, 3>}>
// CHECK-NEXT:    %[[A:.*]] = graph.reshape %[[T]] : (tensor<1x6x3x8x2x4xf32>) -> tensor<1x6x3x8x8xf32>
// CHECK:         %[[B:.*]] = graph.broadcast {{.*}} : (tensor<3x6x8xf32>) -> tensor<1x6x3x6x8xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %[[A]], %[[B]] <{transpose_b}>
// CHECK-NEXT:    graph.reduce %[[P]] <{kind = "add", axes = array<i64: 2>}> : (tensor<1x6x3x8x6xf32>) -> tensor<1x6x8x6xf32>
// CHECK-NOT:     graph.cast
func.func @main(%x: tensor<1x4x8x9xf32>, %w: tensor<6x4x3x2xf32>) -> tensor<1x6x6x8xf32> {
  %0 = graph.convolution %x, %w <{strides = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<1x4x8x9xf32>, tensor<6x4x3x2xf32>) -> tensor<1x6x6x8xf32>
  func.return %0 : tensor<1x6x6x8xf32>
}

// Groups are a batch, so that channels stay apart; padding comes first; f16 is summed in f32 and rounded once.
// CHECK-LABEL: func.func @groups
// CHECK-NEXT:    graph.pad %x <{low = array<i64: 0, 0, 1, 0>, high = array<i64: 0, 0, 1, 0>, value = 0.000000e+00 : f16}>
// CHECK:         graph.window {{.*}} strides = array<i64: 2, 1>
// CHECK:         %[[P:.*]] = graph.matmul {{.*}} -> tensor<1x2x4x3x3x7x3xf32>
// CHECK-NEXT:    graph.reduce %[[P]] <{kind = "add", axes = array<i64: 3, 4>}>
// CHECK:         graph.cast {{.*}} -> tensor<1x6x4x7xf16>
func.func @groups(%x: tensor<1x4x8x9xf16>, %w: tensor<6x2x3x3xf16>) -> tensor<1x6x4x7xf16> {
  %0 = graph.convolution %x, %w <{strides = array<i64: 2, 1>, padding_low = array<i64: 1, 0>, padding_high = array<i64: 1, 0>, dilation = array<i64: 1, 1>, groups = 2 : i64}> : (tensor<1x4x8x9xf16>, tensor<6x2x3x3xf16>) -> tensor<1x6x4x7xf16>
  func.return %0 : tensor<1x6x4x7xf16>
}

// A window of one place is one product: nothing is left to add up.
// CHECK-LABEL: func.func @pointwise
// CHECK:         graph.matmul
// CHECK-NOT:     graph.reduce
func.func @pointwise(%x: tensor<1x4x8xf32>, %w: tensor<6x4x1xf32>) -> tensor<1x6x8xf32> {
  %0 = graph.convolution %x, %w <{strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64}> : (tensor<1x4x8xf32>, tensor<6x4x1xf32>) -> tensor<1x6x8xf32>
  func.return %0 : tensor<1x6x8xf32>
}

// Pools are no convolutions.
// CHECK-LABEL: func.func @pool
// CHECK-NEXT:    graph.reduce_window
// CHECK-NEXT:    func.return
func.func @pool(%x: tensor<1x4x8xf32>) -> tensor<1x4x4xf32> {
  %0 = graph.reduce_window %x <{kind = "max", window = array<i64: 1, 1, 2>, strides = array<i64: 1, 1, 2>, padding_low = array<i64: 0, 0, 0>, padding_high = array<i64: 0, 0, 0>, dilation = array<i64: 1, 1, 1>}> : (tensor<1x4x8xf32>) -> tensor<1x4x4xf32>
  func.return %0 : tensor<1x4x4xf32>
}
