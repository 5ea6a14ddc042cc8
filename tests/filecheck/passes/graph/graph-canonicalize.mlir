// RUN: sfumato-opt %s -p graph-canonicalize --split-input-file | filecheck %s

// Views compose and disappear.
// CHECK-LABEL: func.func @views
// CHECK-NEXT:    %[[R:.*]] = graph.reshape %{{.*}} : (tensor<2x3x4xf32>) -> tensor<24xf32>
// CHECK-NEXT:    func.return %{{.*}}, %[[R]]
func.func @views(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<24xf32>) {
  %a = graph.permute %x <{order = array<i64: 2, 0, 1>}> : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %b = graph.permute %a <{order = array<i64: 1, 2, 0>}> : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  %c = graph.reshape %b : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %d = graph.reshape %c : (tensor<6x4xf32>) -> tensor<24xf32>
  func.return %b, %d : tensor<2x3x4xf32>, tensor<24xf32>
}

// -----

// A repeated axis leaves the operand of a broadcast; a view of a splat is a splat.
// CHECK-LABEL: func.func @broadcasts
// CHECK-NEXT:    %[[B:.*]] = graph.broadcast %{{.*}} <{dims = array<i64: 0>}> : (tensor<4xf32>) -> tensor<4x8xf32>
// CHECK-NEXT:    %[[C:.*]] = graph.constant <{value = 2.000000e+00 : f32}> : tensor<8xf32>
// CHECK-NEXT:    func.return %[[B]], %[[C]]
func.func @broadcasts(%x: tensor<4xf32>) -> (tensor<4x8xf32>, tensor<8xf32>) {
  %a = graph.reshape %x : (tensor<4xf32>) -> tensor<4x1xf32>
  %b = graph.broadcast %a <{dims = array<i64: 0, 1>}> : (tensor<4x1xf32>) -> tensor<4x8xf32>
  %c = graph.constant <{value = 2.0 : f32}> : tensor<2x4xf32>
  %d = graph.reshape %c : (tensor<2x4xf32>) -> tensor<8xf32>
  func.return %b, %d : tensor<4x8xf32>, tensor<8xf32>
}

// -----

// Neutral elements, double negation, casts that lose nothing.
// CHECK-LABEL: func.func @arithmetic
// CHECK-NEXT:    func.return %[[X:.*]], %[[X]]
func.func @arithmetic(%x: tensor<4xbf16>) -> (tensor<4xbf16>, tensor<4xbf16>) {
  %one = graph.constant <{value = 1.0 : bf16}> : tensor<4xbf16>
  %a = graph.mul %x, %one : tensor<4xbf16>
  %b = graph.neg %a : tensor<4xbf16>
  %c = graph.neg %b : tensor<4xbf16>
  %d = graph.cast %x : (tensor<4xbf16>) -> tensor<4xf32>
  %e = graph.cast %d : (tensor<4xf32>) -> tensor<4xbf16>
  func.return %c, %e : tensor<4xbf16>, tensor<4xbf16>
}

// -----

// A permutation of the last two axes becomes a flag; of a longer one, rows stay together.
// CHECK-LABEL: func.func @product
// CHECK-NEXT:    %[[K:.*]] = graph.permute %{{.*}} <{order = array<i64: 1, 0, 2>}>
// CHECK-NEXT:    graph.matmul %{{.*}}, %[[K]] <{transpose_b}>
func.func @product(%q: tensor<2x5x8xf32>, %k: tensor<7x2x8xf32>) -> tensor<2x5x7xf32> {
  %t = graph.permute %k <{order = array<i64: 1, 2, 0>}> : (tensor<7x2x8xf32>) -> tensor<2x8x7xf32>
  %p = graph.matmul %q, %t : (tensor<2x5x8xf32>, tensor<2x8x7xf32>) -> tensor<2x5x7xf32>
  func.return %p : tensor<2x5x7xf32>
}

// -----

// A cast that rounds stays.
// CHECK-LABEL: func.func @rounding
// CHECK-NEXT:    graph.cast
// CHECK-NEXT:    graph.cast
func.func @rounding(%x: tensor<4xf32>) -> tensor<4xf32> {
  %d = graph.cast %x : (tensor<4xf32>) -> tensor<4xf16>
  %e = graph.cast %d : (tensor<4xf16>) -> tensor<4xf32>
  func.return %e : tensor<4xf32>
}

// -----

// What has no elements is a constant; a sum over nothing, a product of nothing and a write of nothing are known.
// CHECK-LABEL: func.func @empty
// CHECK-DAG:     %[[N:.*]] = graph.constant <{value = 0.000000e+00 : f32}> : tensor<0x4xf32>
// CHECK-DAG:     %[[S:.*]] = graph.constant <{value = 0.000000e+00 : f32}> : tensor<4xf32>
// CHECK-DAG:     %[[P:.*]] = graph.constant <{value = 1.000000e+00 : f32}> : tensor<4xf32>
// CHECK-DAG:     %[[M:.*]] = graph.constant <{value = 0.000000e+00 : f32}> : tensor<4x4xf32>
// CHECK-NOT:     graph.index_put
// CHECK:         func.return %[[N]], %[[S]], %[[P]], %[[M]], %{{.*}} :
func.func @empty(%x: tensor<3x4xf32>, %i: tensor<0xi64>)
    -> (tensor<0x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<3x4xf32>) {
  %n = graph.slice %x <{starts = array<i64: 0, 0>, stops = array<i64: 0, 4>, steps = array<i64: 1, 1>}> : (tensor<3x4xf32>) -> tensor<0x4xf32>
  %e = graph.exp %n : tensor<0x4xf32>
  %s = graph.reduce %e <{kind = "add", axes = array<i64: 0>}> : (tensor<0x4xf32>) -> tensor<4xf32>
  %p = graph.reduce %e <{kind = "mul", axes = array<i64: 0>}> : (tensor<0x4xf32>) -> tensor<4xf32>
  %m = graph.matmul %e, %n <{transpose_a}> : (tensor<0x4xf32>, tensor<0x4xf32>) -> tensor<4x4xf32>
  %w = graph.index_put %x, %i, %e <{axis = 0 : i64, reduce = "none"}> : (tensor<3x4xf32>, tensor<0xi64>, tensor<0x4xf32>) -> tensor<3x4xf32>
  func.return %e, %s, %p, %m, %w : tensor<0x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<3x4xf32>
}

// A slice is taken before a broadcast, and of the one input of a concat that it lies in.
func.func @slices(%a: tensor<2x6xf32>, %b: tensor<2x3xf32>) -> (tensor<2x4x3xf32>, tensor<2x2xf32>, tensor<2x4xf32>) {
  %0 = graph.broadcast %a <{dims = array<i64: 0, 2>}> : (tensor<2x6xf32>) -> tensor<2x5x6xf32>
  %1 = graph.slice %0 <{starts = array<i64: 0, 1, 0>, stops = array<i64: 2, 5, 6>, steps = array<i64: 1, 1, 2>}> : (tensor<2x5x6xf32>) -> tensor<2x4x3xf32>
  %2 = graph.concat %a, %b <{axis = 1 : i64}> : (tensor<2x6xf32>, tensor<2x3xf32>) -> tensor<2x9xf32>
  %3 = graph.slice %2 <{starts = array<i64: 0, 7>, stops = array<i64: 2, 9>, steps = array<i64: 1, 1>}> : (tensor<2x9xf32>) -> tensor<2x2xf32>
  %4 = graph.slice %2 <{starts = array<i64: 0, 4>, stops = array<i64: 2, 8>, steps = array<i64: 1, 1>}> : (tensor<2x9xf32>) -> tensor<2x4xf32>
  func.return %1, %3, %4 : tensor<2x4x3xf32>, tensor<2x2xf32>, tensor<2x4xf32>
}
// CHECK-LABEL: func.func @slices
// CHECK-NEXT:    [[A:%.*]] = graph.slice %a <{starts = array<i64: 0, 0>, stops = array<i64: 2, 6>, steps = array<i64: 1, 2>}> : (tensor<2x6xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    [[R:%.*]] = graph.broadcast [[A]] <{dims = array<i64: 0, 2>}> : (tensor<2x3xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT:    [[C:%.*]] = graph.concat %a, %b
// CHECK-NEXT:    [[B:%.*]] = graph.slice %b <{starts = array<i64: 0, 1>, stops = array<i64: 2, 3>, steps = array<i64: 1, 1>}> : (tensor<2x3xf32>) -> tensor<2x2xf32>
// CHECK-NEXT:    [[D:%.*]] = graph.slice [[C]]
// CHECK-NEXT:    func.return [[R]], [[B]], [[D]]
