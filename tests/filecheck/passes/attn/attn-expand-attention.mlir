// RUN: sfumato-opt %s -p attn-expand-attention | filecheck %s

// Queries that share a key head become rows of one product; a band is a comparison of iotas.
// CHECK-LABEL: func.func @main
// CHECK:         %[[Q:.*]] = graph.reshape %q : (tensor<1x2x2x8x16xf16>) -> tensor<1x2x16x16xf16>
// CHECK-NEXT:    %[[K:.*]] = graph.reshape %k : (tensor<1x2x1x8x16xf16>) -> tensor<1x2x8x16xf16>
// CHECK-NEXT:    graph.matmul %[[Q]], %[[K]] <{transpose_b}> : {{.*}} -> tensor<1x2x16x8xf32>
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<1x2x16x8xf32>) -> tensor<1x2x2x8x8xf32>
// CHECK:         graph.mul
// CHECK:         graph.compare %{{.*}} <{predicate = "le"}>
// CHECK-NEXT:    graph.select
// CHECK-NEXT:    graph.softmax %{{.*}} <{axis = 4 : i64}> : tensor<1x2x2x8x8xf32>
// CHECK:         graph.matmul
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<1x2x16x16xf16>) -> tensor<1x2x2x8x16xf16>
func.func @main(%q: tensor<1x2x2x8x16xf16>, %k: tensor<1x2x1x8x16xf16>) -> tensor<1x2x2x8x16xf16> {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, upper = 0 : i64, algorithm = "standard"}>
    : (tensor<1x2x2x8x16xf16>, tensor<1x2x1x8x16xf16>, tensor<1x2x1x8x16xf16>) -> tensor<1x2x2x8x16xf16>
  func.return %0 : tensor<1x2x2x8x16xf16>
}

// The region is written out between product and softmax; guarded rows and sinks take part in maximum and sum.
// CHECK-LABEL: func.func @region
// CHECK:         %[[S:.*]] = graph.matmul
// CHECK-NEXT:    %[[B:.*]] = graph.broadcast %b
// CHECK-NEXT:    %[[T:.*]] = graph.add %[[S]], %[[B]]
// CHECK-NEXT:    %[[R:.*]] = graph.reduce %[[T]] <{kind = "max"
// CHECK:         %[[SINK:.*]] = graph.broadcast %{{.*}} : (tensor<4x1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT:    %[[M:.*]] = graph.max %[[R]], %[[SINK]]
// CHECK-NEXT:    %[[LOWEST:.*]] = graph.constant <{value = -3.40282347e+38 : f32}>
// CHECK-NEXT:    %[[TOP:.*]] = graph.max %[[M]], %[[LOWEST]]
// CHECK:         %[[SUM:.*]] = graph.reduce %{{.*}} <{kind = "add"
// CHECK-NEXT:    %[[D:.*]] = graph.sub %[[SINK]], %[[TOP]]
// CHECK-NEXT:    %[[E:.*]] = graph.exp %[[D]]
// CHECK-NEXT:    graph.add %[[SUM]], %[[E]]
func.func @region(%q: tensor<4x8x16xf32>, %b: tensor<4x1x8xf32>, %s: tensor<4x1x1xf32>) -> tensor<4x8x16xf32> {
  %0 = attn.attention %q, %q, %q, %b, %s <{scale = 1.0 : f64, guarded, sinks, algorithm = "standard"}> {
  ^bb0(%1: tensor<4x8x8xf32>, %2: tensor<4x1x8xf32>):
    %3 = graph.broadcast %2 <{dims = array<i64: 0, 1, 2>}> : (tensor<4x1x8xf32>) -> tensor<4x8x8xf32>
    %4 = graph.add %1, %3 : tensor<4x8x8xf32>
    attn.yield %4 : tensor<4x8x8xf32>
  } : (tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x1x8xf32>, tensor<4x1x1xf32>)
    -> tensor<4x8x16xf32>
  func.return %0 : tensor<4x8x16xf32>
}

// Flash attention is expanded elsewhere.
// CHECK-LABEL: func.func @flash
// CHECK-NEXT:    attn.attention
func.func @flash(%q: tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16> {
  %0 = attn.attention %q, %q, %q <{scale = 0.25 : f64, algorithm = "flash"}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %0 : tensor<1x4x8x16xf16>
}
