// RUN: sfumato-opt %s -p attn-expand-pasa | filecheck %s

// Two blocks of 128 keys: one matrix times each, before keys are shared by queries. Scores, weights, products and what
// they add up to are f16; one number a query is f32. Means are taken before the band hides scores; what is left of a
// block that is hidden wholly stays finite, and its weights are zero.
// CHECK-LABEL: func.func @main
// CHECK:         %[[BLOCKS:.*]] = graph.reshape %k {{.*}} -> tensor<1x2x1x2x128x16xf16>
// CHECK:         %[[MATRIX:.*]] = graph.broadcast {{.*}} -> tensor<1x2x1x2x128x128xf16>
// CHECK-NEXT:    %[[SHIFTED:.*]] = graph.matmul %[[MATRIX]], %[[BLOCKS]]
// CHECK-NEXT:    %[[KEYS:.*]] = graph.reshape %[[SHIFTED]] {{.*}} -> tensor<1x2x1x256x16xf16>
// CHECK-NEXT:    %[[K:.*]] = graph.broadcast %[[KEYS]] {{.*}} -> tensor<1x2x2x256x16xf16>
// CHECK-NEXT:    %[[V:.*]] = graph.broadcast %k {{.*}} -> tensor<1x2x2x256x16xf16>
// CHECK:         graph.recurrence axes [-1, 3, 3] upper 0 chunk 128 carry({{.*}}) ins(%q, %[[K]], %[[V]])
// CHECK:           %[[S:.*]] = graph.matmul {{.*}} <{transpose_b}> : {{.*}} -> tensor<1x2x2x8x256xf16>
// CHECK-NEXT:      graph.cast %[[S]] {{.*}} -> tensor<1x2x2x8x256xf32>
// CHECK-NEXT:      graph.reduce {{.*}} <{kind = "add"
// CHECK-NEXT:      graph.constant <{value = 7.8125{{0*}}e-03 : f32}>
// CHECK:           graph.constant <{value = 1.500000e+01 : f32}>
// CHECK:           graph.compare {{.*}} <{predicate = "le"}> : (tensor<1x2x2x8x256xf32>, {{.*}}
// CHECK-NEXT:      %[[KEPT:.*]] = graph.select {{.*}}, %[[S]], {{.*}} -> tensor<1x2x2x8x256xf16>
// CHECK-NEXT:      graph.reduce %[[KEPT]] <{kind = "max"
// CHECK-NEXT:      graph.constant <{value = -6.550400e+04 : f16}>
// CHECK:           %[[WEIGHTS:.*]] = graph.exp {{.*}} : tensor<1x2x2x8x256xf16>
// CHECK:           graph.matmul %[[WEIGHTS]], {{.*}} -> tensor<1x2x2x8x16xf16>
// CHECK:           graph.yield {{.*}} tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8x16xf16>
// CHECK:         graph.constant <{value = 5.96046448e-08 : f32}>
// CHECK-NEXT:    graph.max
// CHECK:         graph.div
func.func @main(%q: tensor<1x2x2x8x16xf16>, %k: tensor<1x2x1x256x16xf16>) -> tensor<1x2x2x8x16xf16> {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, upper = 0 : i64, guarded, algorithm = "pasa"}>
    : (tensor<1x2x2x8x16xf16>, tensor<1x2x1x256x16xf16>, tensor<1x2x1x256x16xf16>) -> tensor<1x2x2x8x16xf16>
  func.return %0 : tensor<1x2x2x8x16xf16>
}

// A rest of 72 keys has a matrix of its own and a weight for its mean; bf16 is computed in f16; sinks are carried in.
// Nothing is hidden, so that nothing is held finite.
// CHECK-LABEL: func.func @rest
// CHECK:         graph.cast {{.*}} -> tensor<4x200x16xf16>
// CHECK:         graph.slice {{.*}} -> tensor<4x128x16xf16>
// CHECK:         graph.matmul {{.*}} (tensor<4x1x128x128xf16>, tensor<4x1x128x16xf16>)
// CHECK:         graph.slice {{.*}} -> tensor<4x72x16xf16>
// CHECK:         graph.matmul {{.*}} (tensor<4x1x72x72xf16>, tensor<4x1x72x16xf16>)
// CHECK:         graph.concat {{.*}} -> tensor<4x200x16xf16>
// CHECK:         %[[SINK:.*]] = graph.broadcast {{.*}} -> tensor<4x8xf32>
// CHECK:         graph.recurrence axes [-1, 1, 1, 2] chunk 128 carry(%{{.*}}, %{{.*}}, %[[SINK]], %{{.*}}, %{{.*}}) ins
// CHECK-NOT:     graph.constant <{value = -6.550400e+04 : f16}>
// CHECK:         graph.reduce {{.*}} <{kind = "max", axes = array<i64: 2>}> : (tensor<4x8x200xf32>) -> tensor<4x8xf32>
// CHECK:         graph.div {{.*}} : tensor<4x8x16xf32>
// CHECK-NEXT:    graph.cast {{.*}} -> tensor<4x8x16xbf16>
func.func @rest(%q: tensor<4x8x16xbf16>, %k: tensor<4x200x16xbf16>, %s: tensor<4x1x1xf32>) -> tensor<4x8x16xbf16> {
  %0 = attn.attention %q, %k, %k, %s <{scale = 0.25 : f64, sinks, algorithm = "pasa"}>
    : (tensor<4x8x16xbf16>, tensor<4x200x16xbf16>, tensor<4x200x16xbf16>, tensor<4x1x1xf32>) -> tensor<4x8x16xbf16>
  func.return %0 : tensor<4x8x16xbf16>
}

// A region: what does not depend on scores stays as it is, and meets them in f16; finite numbers stay finite.
// CHECK-LABEL: func.func @region
// CHECK:           %[[S:.*]] = graph.matmul {{.*}} <{transpose_b}>
// CHECK:           graph.max {{.*}} : tensor<4x8x64xf32>
// CHECK:           graph.compare {{.*}} <{predicate = "eq"}>
// CHECK:           %[[BIAS:.*]] = graph.cast {{.*}} -> tensor<4x8x64xf16>
// CHECK-NEXT:      %[[SUM:.*]] = graph.add %[[S]], %[[BIAS]] : tensor<4x8x64xf16>
// CHECK-NEXT:      %[[LOW:.*]] = graph.constant <{value = -3.276800e+04 : f16}>
// CHECK-NEXT:      graph.select %{{.*}}, %[[SUM]], %[[LOW]]
func.func @region(%q: tensor<4x8x16xf16>, %k: tensor<4x64x16xf16>, %b: tensor<4x8x64xf32>, %m: tensor<1x8x64xi1>) -> tensor<4x8x16xf16> {
  %0 = attn.attention %q, %k, %k, %b, %m <{scale = 0.25 : f64, algorithm = "pasa"}> {
  ^bb0(%1: tensor<4x8x64xf32>, %2: tensor<4x8x64xf32>, %3: tensor<1x8x64xi1>):
    %4 = graph.broadcast %3 <{dims = array<i64: 0, 1, 2>}> : (tensor<1x8x64xi1>) -> tensor<4x8x64xi1>
    %5 = graph.constant <{value = -3.4e+38 : f32}> : tensor<4x8x64xf32>
    %6 = graph.add %1, %2 : tensor<4x8x64xf32>
    %7 = graph.select %4, %6, %5 : (tensor<4x8x64xi1>, tensor<4x8x64xf32>, tensor<4x8x64xf32>) -> tensor<4x8x64xf32>
    attn.yield %7 : tensor<4x8x64xf32>
  } : (tensor<4x8x16xf16>, tensor<4x64x16xf16>, tensor<4x64x16xf16>, tensor<4x8x64xf32>, tensor<1x8x64xi1>) -> tensor<4x8x16xf16>
  func.return %0 : tensor<4x8x16xf16>
}

// Other algorithms are expanded elsewhere.
// CHECK-LABEL: func.func @others
// CHECK-NEXT:    attn.attention {{.*}}algorithm = "flash"
// CHECK-NEXT:    attn.attention
// CHECK-NEXT:    func.return
func.func @others(%q: tensor<1x4x8x16xf16>) -> (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) {
  %0 = attn.attention %q, %q, %q <{scale = 0.25 : f64, algorithm = "flash"}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  %1 = attn.attention %q, %q, %q <{scale = 0.25 : f64}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %0, %1 : tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>
}
