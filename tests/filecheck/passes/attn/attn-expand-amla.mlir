// RUN: sfumato-opt %s -p attn-expand-amla | filecheck %s
// RUN: sfumato-opt %s -p 'attn-expand-amla{compensate=false}' | filecheck %s --check-prefix PLAIN

// The sum starts from 2^-60. Of each chunk: f becomes n - (d - f), r = 2^f is rounded to 8 bits, and what is added to
// the sum's bits is n, at least -30, and the compensation, in units of 2^23; nothing before a key has been seen. Weights
// are exp(s - (m - ln r)); the two additions to the sum come last.
// CHECK-LABEL: func.func @main
// CHECK:         %[[M:.*]] = graph.constant <{value = -3.40282347e+38 : f32}>
// CHECK-NEXT:    %[[Z:.*]] = graph.constant <{value = 0.000000e+00 : f32}>
// CHECK-NEXT:    %[[SEED:.*]] = graph.constant <{value = 8.67361738e-19 : f32}> : tensor<1x2x8x16xf32>
// CHECK:         %{{.*}} = graph.recurrence axes [-1, 2, 2] upper 0 carry(%[[M]], %[[Z]], %[[Z]], %[[Z]], %[[SEED]])
// CHECK-NEXT:    ^{{.*}}(%[[M0:.*]]: tensor<1x2x8xf32>, %[[L0:.*]]: tensor<1x2x8xf32>, %[[F0:.*]]: tensor<1x2x8xf32>, %[[C0:.*]]: tensor<1x2x8xf32>, %[[O0:.*]]: tensor<1x2x8x16xf32>, %{{.*}})
// CHECK:           %[[TOP:.*]] = graph.max %[[M0]]
// CHECK:           %[[D:.*]] = graph.sub %[[M0]], %[[TOP]]
// CHECK:           %[[W:.*]] = graph.sub %{{.*}}, %[[F0]]
// CHECK-NEXT:      %[[N:.*]] = graph.round %[[W]]
// CHECK-NEXT:      %[[F:.*]] = graph.sub %[[N]], %[[W]]
// CHECK:           %[[R:.*]] = graph.exp
// CHECK:           graph.constant <{value = 6.553700e+04 : f32}>
// CHECK:           graph.constant <{value = -3.000000e+01 : f32}>
// CHECK:           graph.constant <{value = 1.500000e+00 : f32}>
// CHECK:           %[[C:.*]] = graph.mul
// CHECK-NEXT:      graph.sub %[[C0]], %[[C]]
// CHECK:           graph.constant <{value = 0x4B000000 : f32}>
// CHECK:           graph.min %[[L0]]
// CHECK:           %[[I:.*]] = graph.cast {{.*}} -> tensor<1x2x8xi32>
// CHECK:           %[[LOG:.*]] = graph.log
// CHECK-NEXT:      graph.sub %[[TOP]], %[[LOG]]
// CHECK:           graph.exp {{.*}} tensor<1x2x8x32xf32>
// CHECK:           %[[PV:.*]] = graph.matmul {{.*}} -> tensor<1x2x8x16xf32>
// CHECK:           %[[NN:.*]] = graph.broadcast %[[I]]
// CHECK-NEXT:      %[[SHIFTED:.*]] = graph.add_bits %[[O0]], %[[NN]]
// CHECK-NEXT:      %[[O:.*]] = graph.add %[[SHIFTED]], %[[PV]]
// CHECK:           graph.yield %[[TOP]], %{{.*}}, %[[F]], %[[C]], %[[O]]
// CHECK:         graph.select
// CHECK:         graph.div

// PLAIN-LABEL: func.func @main
// PLAIN:         ^{{.*}}(%{{[^:]*}}: tensor<1x2x8xf32>, %{{[^:]*}}: tensor<1x2x8xf32>, %{{[^:]*}}: tensor<1x2x8xf32>, %[[C0:[^:]*]]: tensor<1x2x8xf32>
// PLAIN-NOT:     graph.sub %[[C0]]
// PLAIN:         graph.add_bits
func.func @main(%q: tensor<1x2x8x16xbf16>, %k: tensor<1x2x32x16xbf16>) -> tensor<1x2x8x16xbf16> {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, upper = 0 : i64, guarded, algorithm = "amla"}>
    : (tensor<1x2x8x16xbf16>, tensor<1x2x32x16xbf16>, tensor<1x2x32x16xbf16>) -> tensor<1x2x8x16xbf16>
  func.return %0 : tensor<1x2x8x16xbf16>
}

// Of f32, nothing is rounded: r is r.
// CHECK-LABEL: func.func @exact
// CHECK-NOT:     graph.constant <{value = 8.193000e+03 : f32}>
// CHECK:         graph.add_bits
// CHECK-LABEL: func.func @others
// CHECK-NEXT:    attn.attention {{.*}}algorithm = "flash"
// CHECK-NEXT:    attn.attention
// CHECK-NEXT:    func.return
func.func @exact(%q: tensor<1x2x8x16xf32>) -> tensor<1x2x8x16xf32> {
  %0 = attn.attention %q, %q, %q <{scale = 1.0 : f64, algorithm = "amla"}> : tensor<1x2x8x16xf32>
  func.return %0 : tensor<1x2x8x16xf32>
}

// Left alone: other algorithms, and none.
func.func @others(%q: tensor<1x4x8x16xf16>) -> (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) {
  %0 = attn.attention %q, %q, %q <{scale = 0.25 : f64, algorithm = "flash"}> : tensor<1x4x8x16xf16>
  %1 = attn.attention %q, %q, %q <{scale = 0.25 : f64}> : tensor<1x4x8x16xf16>
  func.return %0, %1 : tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>
}
