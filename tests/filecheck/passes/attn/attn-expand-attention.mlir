// RUN: sfumato-opt %s -p attn-expand-attention | filecheck %s

// Query heads that share a key head become rows of one product; the causal mask is a comparison of iotas.
// CHECK-LABEL: func.func @main
// CHECK:         %[[Q:.*]] = graph.reshape %{{.*}} : (tensor<1x4x8x16xf16>) -> tensor<1x2x16x16xf16>
// CHECK-NEXT:    graph.matmul %[[Q]], %{{.*}} <{transpose_b}> : {{.*}} -> tensor<1x2x16x8xf32>
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<1x2x16x8xf32>) -> tensor<1x4x8x8xf32>
// CHECK:         graph.mul
// CHECK:         graph.compare %{{.*}} <{predicate = "le"}> : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xi1>
// CHECK:         graph.select
// CHECK-NEXT:    graph.softmax %{{.*}} <{axis = 3 : i64}> : tensor<1x4x8x8xf32>
// CHECK:         graph.matmul
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<1x2x16x16xf16>) -> tensor<1x4x8x16xf16>
func.func @main(%q: tensor<1x4x8x16xf16>, %k: tensor<1x2x8x16xf16>) -> tensor<1x4x8x16xf16> {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, causal, algorithm = "standard"}>
    : (tensor<1x4x8x16xf16>, tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %0 : tensor<1x4x8x16xf16>
}

// Flash attention is expanded elsewhere.
// CHECK-LABEL: func.func @flash
// CHECK-NEXT:    attn.attention
func.func @flash(%q: tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16> {
  %0 = attn.attention %q, %q, %q <{scale = 0.25 : f64, algorithm = "flash"}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %0 : tensor<1x4x8x16xf16>
}
