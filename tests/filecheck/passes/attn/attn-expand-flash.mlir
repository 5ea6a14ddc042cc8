// RUN: sfumato-opt %s -p attn-expand-flash | filecheck %s

// Keys and values are walked, the query is seen whole by each chunk; products leave the cube in f32 and weights are
// rounded to the values' type before the second one. Scores are only rescaled and cut to the band inside.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %[[K:.*]] = graph.broadcast %k {{.*}} -> tensor<1x2x2x32x16xf16>
// CHECK-NEXT:    %[[V:.*]] = graph.broadcast %k {{.*}} -> tensor<1x2x2x32x16xf16>
// CHECK-NEXT:    %[[M:.*]] = graph.constant <{value = -3.40282347e+38 : f32}>
// CHECK-NEXT:    %[[L:.*]] = graph.constant <{value = 0.000000e+00 : f32}> : tensor<1x2x2x8xf32>
// CHECK-NEXT:    %[[O:.*]] = graph.constant <{value = 0.000000e+00 : f32}> : tensor<1x2x2x8x16xf32>
// CHECK-NEXT:    %{{.*}}, %[[SUM:.*]], %[[OUT:.*]] = graph.recurrence axes [-1, 3, 3] upper 0 carry(%[[M]], %[[L]], %[[O]]) ins(%q, %[[K]], %[[V]])
// CHECK:           graph.matmul {{.*}} <{transpose_b}> : {{.*}} -> tensor<1x2x2x8x32xf32>
// CHECK:           %[[KEEPS:.*]] = graph.compare {{.*}} <{predicate = "le"}>
// CHECK:           graph.select %[[KEEPS]]
// CHECK:           %[[WEIGHTS:.*]] = graph.cast {{.*}} -> tensor<1x2x2x8x32xf16>
// CHECK-NEXT:      graph.matmul %[[WEIGHTS]], {{.*}} -> tensor<1x2x2x8x16xf32>
// CHECK:           graph.yield
// CHECK:         %[[MOST:.*]] = graph.max %[[SUM]]
// CHECK-NEXT:    %[[WIDE:.*]] = graph.broadcast %[[MOST]]
// CHECK-NEXT:    %[[DONE:.*]] = graph.div %[[OUT]], %[[WIDE]]
// CHECK-NEXT:    graph.cast %[[DONE]]
func.func @main(%q: tensor<1x2x2x8x16xf16>, %k: tensor<1x2x1x32x16xf16>) -> tensor<1x2x2x8x16xf16> {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, upper = 0 : i64, guarded, algorithm = "flash"}>
    : (tensor<1x2x2x8x16xf16>, tensor<1x2x1x32x16xf16>, tensor<1x2x1x32x16xf16>) -> tensor<1x2x2x8x16xf16>
  func.return %0 : tensor<1x2x2x8x16xf16>
}

// What the region reads is walked along its columns if it has any; a scale of 1 costs nothing; sinks are what is
// carried into the first chunk; without a guard a row of minus infinities divides zero by zero.
// CHECK-LABEL: func.func @region
// CHECK-NEXT:    %[[MASK:.*]] = graph.broadcast %m {{.*}} -> tensor<1x4x8x8xi1>
// CHECK-NEXT:    %[[BIAS:.*]] = graph.broadcast %b {{.*}} -> tensor<1x4x8x1xf32>
// CHECK:         %[[SINK:.*]] = graph.broadcast %{{.*}} -> tensor<1x4x8xf32>
// CHECK-NEXT:    %[[ONE:.*]] = graph.constant <{value = 1.000000e+00 : f32}>
// CHECK:         graph.recurrence axes [-1, 2, 2, 3, -1] carry(%[[SINK]], %[[ONE]], %{{.*}}) ins(%q, %q, %q, %[[MASK]], %[[BIAS]])
// CHECK:           %[[S:.*]] = graph.matmul
// CHECK-NOT:       graph.mul
// CHECK:           graph.select %{{.*}}, %[[S]], %{{.*}}
// CHECK:           graph.yield
// CHECK-NOT:     graph.max
// CHECK:         graph.div
func.func @region(%q: tensor<1x4x8x16xf32>, %m: tensor<1x1x8x8xi1>, %b: tensor<1x4x1x1xf32>, %s: tensor<1x4x1x1xf32>) -> tensor<1x4x8x16xf32> {
  %0 = attn.attention %q, %q, %q, %m, %b, %s <{scale = 1.0 : f64, sinks, algorithm = "flash"}> {
  ^bb0(%1: tensor<1x4x8x8xf32>, %2: tensor<1x1x8x8xi1>, %3: tensor<1x4x1x1xf32>):
    %4 = graph.broadcast %2 <{dims = array<i64: 0, 1, 2, 3>}> : (tensor<1x1x8x8xi1>) -> tensor<1x4x8x8xi1>
    %5 = graph.broadcast %3 <{dims = array<i64: 0, 1, 2, 3>}> : (tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
    %6 = graph.select %4, %1, %5 : (tensor<1x4x8x8xi1>, tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    attn.yield %6 : tensor<1x4x8x8xf32>
  } : (tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x1x8x8xi1>, tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x16xf32>
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
