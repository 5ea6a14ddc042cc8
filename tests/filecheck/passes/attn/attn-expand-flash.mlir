// RUN: sfumato-opt %s -p attn-expand-flash | filecheck %s

// Keys and values are walked, the query is seen whole by each chunk; products leave the cube in f32 and weights are
// rounded to the values' type before the second one. Scores are only rescaled and masked inside.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %[[Q:.*]] = graph.reshape %q : (tensor<1x4x8x16xf16>) -> tensor<1x2x2x8x16xf16>
// CHECK-NEXT:    %[[K:.*]] = graph.broadcast %k {{.*}} -> tensor<1x2x2x32x16xf16>
// CHECK-NEXT:    %[[V:.*]] = graph.broadcast %k {{.*}} -> tensor<1x2x2x32x16xf16>
// CHECK-NEXT:    %[[M:.*]] = graph.constant <{value = -3.40282347e+38 : f32}>
// CHECK-NEXT:    %[[L:.*]] = graph.constant <{value = 0.000000e+00 : f32}> : tensor<1x2x2x8xf32>
// CHECK-NEXT:    %[[O:.*]] = graph.constant <{value = 0.000000e+00 : f32}> : tensor<1x2x2x8x16xf32>
// CHECK-NEXT:    %{{.*}}, %[[SUM:.*]], %[[OUT:.*]] = graph.recurrence axes [-1, 3, 3] carry(%[[M]], %[[L]], %[[O]]) ins(%[[Q]], %[[K]], %[[V]]) {
// CHECK:           graph.matmul {{.*}} <{transpose_b}> : {{.*}} -> tensor<1x2x2x8x32xf32>
// CHECK:           %[[KEEPS:.*]] = graph.compare {{.*}} <{predicate = "le"}>
// CHECK:           graph.select %[[KEEPS]]
// CHECK:           %[[WEIGHTS:.*]] = graph.cast {{.*}} -> tensor<1x2x2x8x32xf16>
// CHECK-NEXT:      graph.matmul %[[WEIGHTS]], {{.*}} -> tensor<1x2x2x8x16xf32>
// CHECK:           graph.yield
// CHECK:         %[[MOST:.*]] = graph.max %[[SUM]]
// CHECK-NEXT:    %[[WIDE:.*]] = graph.broadcast %[[MOST]]
// CHECK-NEXT:    %[[DONE:.*]] = graph.div %[[OUT]], %[[WIDE]]
// CHECK-NEXT:    %[[HALF:.*]] = graph.cast %[[DONE]]
// CHECK-NEXT:    graph.reshape %[[HALF]] : (tensor<1x2x2x8x16xf16>) -> tensor<1x4x8x16xf16>
func.func @main(%q: tensor<1x4x8x16xf16>, %k: tensor<1x2x32x16xf16>) -> tensor<1x4x8x16xf16> {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, causal, algorithm = "flash"}>
    : (tensor<1x4x8x16xf16>, tensor<1x2x32x16xf16>, tensor<1x2x32x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %0 : tensor<1x4x8x16xf16>
}

// A mask is walked along its columns; a scale of 1 costs nothing.
// CHECK-LABEL: func.func @mask
// CHECK-NEXT:    %[[MASK:.*]] = graph.broadcast %m {{.*}} -> tensor<1x4x8x8xi1>
// CHECK:         graph.recurrence axes [-1, 2, 2, 3] carry({{.*}}) ins(%q, %q, %q, %[[MASK]])
// CHECK:           %[[S:.*]] = graph.matmul
// CHECK-NOT:       graph.mul
// CHECK:           graph.select %{{.*}}, %[[S]], %{{.*}}
func.func @mask(%q: tensor<1x4x8x16xf32>, %m: tensor<1x1x8x8xi1>) -> tensor<1x4x8x16xf32> {
  %0 = attn.attention %q, %q, %q, %m <{scale = 1.0 : f64, algorithm = "flash"}>
    : (tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x1x8x8xi1>) -> tensor<1x4x8x16xf32>
  func.return %0 : tensor<1x4x8x16xf32>
}

// Other algorithms are expanded elsewhere; without one, nothing is chosen here.
// CHECK-LABEL: func.func @others
// CHECK-NEXT:    attn.attention {{.*}}algorithm = "standard"
// CHECK-NEXT:    attn.attention
// CHECK-NEXT:    func.return
func.func @others(%q: tensor<1x4x8x16xf16>) -> (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) {
  %0 = attn.attention %q, %q, %q <{scale = 0.25 : f64, algorithm = "standard"}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  %1 = attn.attention %q, %q, %q <{scale = 0.25 : f64}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %0, %1 : tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>
}
