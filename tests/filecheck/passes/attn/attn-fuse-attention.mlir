// RUN: sfumato-opt %s -p attn-fuse-attention --split-input-file | filecheck %s

// Eager attention with repeated heads and a causal mask made of iotas.
// CHECK-LABEL: func.func @grouped
// CHECK-SAME:    (%[[Q:.*]]: tensor<1x4x8x16xf16>, %[[K:.*]]: tensor<1x2x8x16xf16>, %[[V:.*]]: tensor<1x2x8x16xf16>)
// CHECK-NEXT:    attn.attention %[[Q]], %[[K]], %[[V]] <{scale = 2.500000e-01 : f64, causal}>
func.func @grouped(%q: tensor<1x4x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) -> tensor<1x4x8x16xf16> {
  %k5 = graph.broadcast %k <{dims = array<i64: 0, 1, 3, 4>}> : (tensor<1x2x8x16xf16>) -> tensor<1x2x2x8x16xf16>
  %v5 = graph.broadcast %v <{dims = array<i64: 0, 1, 3, 4>}> : (tensor<1x2x8x16xf16>) -> tensor<1x2x2x8x16xf16>
  %k4 = graph.reshape %k5 : (tensor<1x2x2x8x16xf16>) -> tensor<1x4x8x16xf16>
  %v4 = graph.reshape %v5 : (tensor<1x2x2x8x16xf16>) -> tensor<1x4x8x16xf16>
  %s = graph.matmul %q, %k4 <{transpose_b}> : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x8xf16>
  %c = graph.constant <{value = 0.25 : f16}> : tensor<1x4x8x8xf16>
  %t = graph.mul %s, %c : tensor<1x4x8x8xf16>
  %i = graph.iota <{axis = 2 : i64}> : tensor<1x4x8x8xi64>
  %j = graph.iota <{axis = 3 : i64}> : tensor<1x4x8x8xi64>
  %m = graph.compare %j, %i <{predicate = "gt"}> : (tensor<1x4x8x8xi64>, tensor<1x4x8x8xi64>) -> tensor<1x4x8x8xi1>
  %n = graph.constant <{value = -6.550400e+04 : f16}> : tensor<1x4x8x8xf16>
  %u = graph.select %m, %n, %t : (tensor<1x4x8x8xi1>, tensor<1x4x8x8xf16>, tensor<1x4x8x8xf16>) -> tensor<1x4x8x8xf16>
  %f = graph.cast %u : (tensor<1x4x8x8xf16>) -> tensor<1x4x8x8xf32>
  %p = graph.softmax %f <{axis = 3 : i64}> : tensor<1x4x8x8xf32>
  %h = graph.cast %p : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf16>
  %o = graph.matmul %h, %v4 : (tensor<1x4x8x8xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %o : tensor<1x4x8x16xf16>
}

// -----

// Softmax in primitives, an added mask, three axes.
// CHECK-LABEL: func.func @primitives
// CHECK:         %[[N:.*]] = graph.reshape %m : (tensor<8x8xf32>) -> tensor<1x1x8x8xf32>
// CHECK:         attn.attention %{{.*}}, %{{.*}}, %{{.*}}, %[[N]] <{scale = 5.000000e-01 : f64}>
func.func @primitives(%q: tensor<4x8x4xf32>, %k: tensor<4x8x4xf32>, %v: tensor<4x8x4xf32>, %m: tensor<8x8xf32>) -> tensor<4x8x4xf32> {
  %s = graph.matmul %q, %k <{transpose_b}> : (tensor<4x8x4xf32>, tensor<4x8x4xf32>) -> tensor<4x8x8xf32>
  %c = graph.constant <{value = 2.0 : f32}> : tensor<4x8x8xf32>
  %t = graph.div %s, %c : tensor<4x8x8xf32>
  %b = graph.broadcast %m <{dims = array<i64: 1, 2>}> : (tensor<8x8xf32>) -> tensor<4x8x8xf32>
  %u = graph.add %t, %b : tensor<4x8x8xf32>
  %r = graph.reduce %u <{kind = "max", axes = array<i64: 2>}> : (tensor<4x8x8xf32>) -> tensor<4x8xf32>
  %rb = graph.broadcast %r <{dims = array<i64: 0, 1>}> : (tensor<4x8xf32>) -> tensor<4x8x8xf32>
  %d = graph.sub %u, %rb : tensor<4x8x8xf32>
  %e = graph.exp %d : tensor<4x8x8xf32>
  %z = graph.reduce %e <{kind = "add", axes = array<i64: 2>}> : (tensor<4x8x8xf32>) -> tensor<4x8xf32>
  %zb = graph.broadcast %z <{dims = array<i64: 0, 1>}> : (tensor<4x8xf32>) -> tensor<4x8x8xf32>
  %p = graph.div %e, %zb : tensor<4x8x8xf32>
  %o = graph.matmul %p, %v : (tensor<4x8x8xf32>, tensor<4x8x4xf32>) -> tensor<4x8x4xf32>
  func.return %o : tensor<4x8x4xf32>
}

// -----

// The weights are an output too: left alone.
// CHECK-LABEL: func.func @used
// CHECK-NOT:     attn.attention
func.func @used(%q: tensor<4x8x4xf32>, %k: tensor<4x8x4xf32>, %v: tensor<4x8x4xf32>) -> (tensor<4x8x4xf32>, tensor<4x8x8xf32>) {
  %s = graph.matmul %q, %k <{transpose_b}> : (tensor<4x8x4xf32>, tensor<4x8x4xf32>) -> tensor<4x8x8xf32>
  %p = graph.softmax %s <{axis = 2 : i64}> : tensor<4x8x8xf32>
  %o = graph.matmul %p, %v : (tensor<4x8x8xf32>, tensor<4x8x4xf32>) -> tensor<4x8x4xf32>
  func.return %o, %p : tensor<4x8x4xf32>, tensor<4x8x8xf32>
}
