// RUN: sfumato-opt %s -p attn-fuse-attention --split-input-file | filecheck %s

// Eager attention with repeated heads and a causal mask made of iotas: no head is repeated, no mask is left.
// CHECK-LABEL: func.func @grouped
// CHECK-NEXT:    %[[Q:.*]] = graph.reshape %q : (tensor<1x4x8x16xf16>) -> tensor<2x2x8x16xf16>
// CHECK-NEXT:    %[[K:.*]] = graph.reshape %k : (tensor<1x2x8x16xf16>) -> tensor<2x1x8x16xf16>
// CHECK-NEXT:    %[[V:.*]] = graph.reshape %v : (tensor<1x2x8x16xf16>) -> tensor<2x1x8x16xf16>
// CHECK-NEXT:    %[[A:.*]] = attn.attention %[[Q]], %[[K]], %[[V]] <{scale = 2.500000e-01 : f64, upper = 0 : i64}>
// CHECK-NEXT:    graph.reshape %[[A]] : (tensor<2x2x8x16xf16>) -> tensor<1x4x8x16xf16>
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
// CHECK-NEXT:    %[[M:.*]] = graph.reshape %m : (tensor<8x8xf32>) -> tensor<1x8x8xf32>
// CHECK-NEXT:    attn.attention %q, %k, %v, %[[M]] <{scale = 5.000000e-01 : f64}> {
// CHECK-NEXT:    ^bb0(%[[S:.*]]: tensor<4x8x8xf32>, %[[B:.*]]: tensor<1x8x8xf32>):
// CHECK-NEXT:      %[[R:.*]] = graph.broadcast %[[B]] <{dims = array<i64: 0, 1, 2>}>
// CHECK-NEXT:      %[[T:.*]] = graph.add %[[S]], %[[R]]
// CHECK-NEXT:      attn.yield %[[T]]
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

// A constant whose two values form a band is a window that leaves each query a key; beside it a bias of the distance.
// CHECK-LABEL: func.func @window
// CHECK:         attn.attention %q, %q, %q, %{{.*}} <{scale = 1.000000e+00 : f64, lower = -1 : i64, upper = 0 : i64}> {
// CHECK-NEXT:    ^bb0(%[[S:.*]]: tensor<4x3x3xf32>, %[[W:.*]]: tensor<4x1x1xf32>):
// CHECK-DAG:       graph.iota <{axis = 2 : i64}>
// CHECK-DAG:       graph.iota <{axis = 1 : i64}>
// CHECK:           graph.mul
// CHECK:           graph.add %[[S]]
func.func @window(%q: tensor<4x3x8xf32>, %w: tensor<4xf32>) -> tensor<4x3x8xf32> {
  %s = graph.matmul %q, %q <{transpose_b}> : (tensor<4x3x8xf32>, tensor<4x3x8xf32>) -> tensor<4x3x3xf32>
  %i = graph.iota <{axis = 1 : i64}> : tensor<4x3x3xi64>
  %j = graph.iota <{axis = 2 : i64}> : tensor<4x3x3xi64>
  %d = graph.sub %j, %i : tensor<4x3x3xi64>
  %f = graph.cast %d : (tensor<4x3x3xi64>) -> tensor<4x3x3xf32>
  %x = graph.broadcast %w <{dims = array<i64: 0>}> : (tensor<4xf32>) -> tensor<4x3x3xf32>
  %b = graph.mul %x, %f : tensor<4x3x3xf32>
  %t = graph.add %s, %b : tensor<4x3x3xf32>
  %m = graph.constant <{value = dense<[[0.0, -1.0e+30, -1.0e+30], [0.0, 0.0, -1.0e+30], [-1.0e+30, 0.0, 0.0]]> : tensor<3x3xf32>}> : tensor<3x3xf32>
  %y = graph.broadcast %m <{dims = array<i64: 1, 2>}> : (tensor<3x3xf32>) -> tensor<4x3x3xf32>
  %u = graph.add %t, %y : tensor<4x3x3xf32>
  %p = graph.softmax %u <{axis = 2 : i64}> : tensor<4x3x3xf32>
  %o = graph.matmul %p, %q : (tensor<4x3x3xf32>, tensor<4x3x8xf32>) -> tensor<4x3x8xf32>
  func.return %o : tensor<4x3x8xf32>
}

// -----

// A row may be hidden wholly by a finite number, which then weighs all keys alike: the band stays a mask, computed from
// positions and the padding, which is smaller than their conjunction.
// CHECK-LABEL: func.func @padded
// CHECK:         attn.attention %q, %q, %q, %{{.*}} <{scale = 1.000000e+00 : f64}> {
// CHECK-NEXT:    ^bb0(%[[S:.*]]: tensor<4x3x3xf32>, %{{.*}}: tensor<1x1x3xi1>):
// CHECK:           %[[C:.*]] = graph.compare
// CHECK:           %[[K:.*]] = graph.and
// CHECK:           graph.select %[[K]], %[[S]]
func.func @padded(%q: tensor<4x3x8xf32>, %m: tensor<3xi1>) -> tensor<4x3x8xf32> {
  %s = graph.matmul %q, %q <{transpose_b}> : (tensor<4x3x8xf32>, tensor<4x3x8xf32>) -> tensor<4x3x3xf32>
  %i = graph.iota <{axis = 0 : i64}> : tensor<3x3xi64>
  %j = graph.iota <{axis = 1 : i64}> : tensor<3x3xi64>
  %c = graph.compare %j, %i <{predicate = "le"}> : (tensor<3x3xi64>, tensor<3x3xi64>) -> tensor<3x3xi1>
  %x = graph.broadcast %m <{dims = array<i64: 1>}> : (tensor<3xi1>) -> tensor<3x3xi1>
  %k = graph.and %c, %x : tensor<3x3xi1>
  %y = graph.broadcast %k <{dims = array<i64: 1, 2>}> : (tensor<3x3xi1>) -> tensor<4x3x3xi1>
  %f = graph.constant <{value = -1.0e+09 : f32}> : tensor<4x3x3xf32>
  %u = graph.select %y, %s, %f : (tensor<4x3x3xi1>, tensor<4x3x3xf32>, tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %p = graph.softmax %u <{axis = 2 : i64}> : tensor<4x3x3xf32>
  %o = graph.matmul %p, %q : (tensor<4x3x3xf32>, tensor<4x3x8xf32>) -> tensor<4x3x8xf32>
  func.return %o : tensor<4x3x8xf32>
}

// -----

// A column that softmax sees and the values do not is a sink; a soft-cap is part of the region.
// CHECK-LABEL: func.func @sinks
// CHECK-NEXT:    %[[S:.*]] = graph.reshape %s : (tensor<4xf32>) -> tensor<4x1x1xf32>
// CHECK-NEXT:    attn.attention %q, %q, %q, %[[S]] <{scale = 1.000000e+00 : f64, sinks}> {
// CHECK-NEXT:    ^bb0(%[[X:.*]]: tensor<4x3x3xf32>):
// CHECK-NEXT:      %[[T:.*]] = graph.tanh %[[X]]
// CHECK-NEXT:      attn.yield %[[T]]
func.func @sinks(%q: tensor<4x3x8xf32>, %s: tensor<4xf32>) -> tensor<4x3x8xf32> {
  %x = graph.matmul %q, %q <{transpose_b}> : (tensor<4x3x8xf32>, tensor<4x3x8xf32>) -> tensor<4x3x3xf32>
  %t = graph.tanh %x : tensor<4x3x3xf32>
  %c = graph.broadcast %s <{dims = array<i64: 0>}> : (tensor<4xf32>) -> tensor<4x3x1xf32>
  %k = graph.concat %t, %c <{axis = 2 : i64}> : (tensor<4x3x3xf32>, tensor<4x3x1xf32>) -> tensor<4x3x4xf32>
  %p = graph.softmax %k <{axis = 2 : i64}> : tensor<4x3x4xf32>
  %w = graph.slice %p <{starts = array<i64: 0, 0, 0>, stops = array<i64: 4, 3, 3>, steps = array<i64: 1, 1, 1>}> : (tensor<4x3x4xf32>) -> tensor<4x3x3xf32>
  %o = graph.matmul %w, %q : (tensor<4x3x3xf32>, tensor<4x3x8xf32>) -> tensor<4x3x8xf32>
  func.return %o : tensor<4x3x8xf32>
}

// -----

// The sum of two products is one product of longer queries and keys (latent attention, absorbed); single queries of
// heads that share keys are the rows of one product.
// CHECK-LABEL: func.func @latent
// CHECK:         %[[Q:.*]] = graph.concat %{{.*}}, %{{.*}} <{axis = 2 : i64}> : (tensor<2x4x16xf32>, tensor<2x4x8xf32>) -> tensor<2x4x24xf32>
// CHECK:         %[[K:.*]] = graph.concat %{{.*}}, %{{.*}} <{axis = 2 : i64}> : (tensor<2x9x16xf32>, tensor<2x9x8xf32>) -> tensor<2x9x24xf32>
// CHECK:         attn.attention %[[Q]], %[[K]], %{{.*}} <{scale = 2.500000e-01 : f64}> : (tensor<2x4x24xf32>, tensor<2x9x24xf32>, tensor<2x9x16xf32>) -> tensor<2x4x16xf32>
func.func @latent(%q: tensor<2x4x1x16xf32>, %c: tensor<2x9x16xf32>, %r: tensor<2x4x1x8xf32>, %k: tensor<2x9x8xf32>) -> tensor<2x4x1x16xf32> {
  %c4 = graph.broadcast %c <{dims = array<i64: 0, 2, 3>}> : (tensor<2x9x16xf32>) -> tensor<2x4x9x16xf32>
  %k4 = graph.broadcast %k <{dims = array<i64: 0, 2, 3>}> : (tensor<2x9x8xf32>) -> tensor<2x4x9x8xf32>
  %s = graph.matmul %q, %c4 <{transpose_b}> : (tensor<2x4x1x16xf32>, tensor<2x4x9x16xf32>) -> tensor<2x4x1x9xf32>
  %t = graph.matmul %r, %k4 <{transpose_b}> : (tensor<2x4x1x8xf32>, tensor<2x4x9x8xf32>) -> tensor<2x4x1x9xf32>
  %u = graph.add %s, %t : tensor<2x4x1x9xf32>
  %f = graph.constant <{value = 0.25 : f32}> : tensor<2x4x1x9xf32>
  %x = graph.mul %u, %f : tensor<2x4x1x9xf32>
  %p = graph.softmax %x <{axis = 3 : i64}> : tensor<2x4x1x9xf32>
  %o = graph.matmul %p, %c4 : (tensor<2x4x1x9xf32>, tensor<2x4x9x16xf32>) -> tensor<2x4x1x16xf32>
  func.return %o : tensor<2x4x1x16xf32>
}

// -----

// The weights are an output too: left alone. So is a softmax of what is no product.
// CHECK-LABEL: func.func @used
// CHECK-NOT:     attn.attention
func.func @used(%q: tensor<4x8x4xf32>, %k: tensor<4x8x4xf32>, %v: tensor<4x8x4xf32>) -> (tensor<4x8x4xf32>, tensor<4x8x8xf32>, tensor<4x8x4xf32>) {
  %s = graph.matmul %q, %k <{transpose_b}> : (tensor<4x8x4xf32>, tensor<4x8x4xf32>) -> tensor<4x8x8xf32>
  %p = graph.softmax %s <{axis = 2 : i64}> : tensor<4x8x8xf32>
  %o = graph.matmul %p, %v : (tensor<4x8x8xf32>, tensor<4x8x4xf32>) -> tensor<4x8x4xf32>
  %r = graph.softmax %q <{axis = 2 : i64}> : tensor<4x8x4xf32>
  func.return %o, %p, %r : tensor<4x8x4xf32>, tensor<4x8x8xf32>, tensor<4x8x4xf32>
}
