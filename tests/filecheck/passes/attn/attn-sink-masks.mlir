// RUN: sfumato-opt %s -p attn-sink-masks --split-input-file | filecheck %s
// RUN: sfumato-opt %s -p attn-sink-masks,attn-fuse-attention --split-input-file | filecheck %s --check-prefix=FUSED

// Causal and padding joined: each layer is handed the padding alone.
func.func @main(%x: tensor<2x4x8x16xf32>, %padding: tensor<2x8xi1>) -> tensor<2x4x8x16xf32> {
  %0 = graph.iota <{axis = 0 : i64}> : tensor<8x8xi64>
  %1 = graph.iota <{axis = 1 : i64}> : tensor<8x8xi64>
  %2 = graph.compare %1, %0 <{predicate = "le"}> : (tensor<8x8xi64>, tensor<8x8xi64>) -> tensor<8x8xi1>
  %3 = graph.broadcast %2 <{dims = array<i64: 2, 3>}> : (tensor<8x8xi1>) -> tensor<2x1x8x8xi1>
  %4 = graph.broadcast %padding <{dims = array<i64: 0, 3>}> : (tensor<2x8xi1>) -> tensor<2x1x8x8xi1>
  %mask = graph.and %3, %4 : tensor<2x1x8x8xi1>
  %5 = func.call @layer(%x, %mask) : (tensor<2x4x8x16xf32>, tensor<2x1x8x8xi1>) -> tensor<2x4x8x16xf32>
  %6 = func.call @layer(%5, %mask) : (tensor<2x4x8x16xf32>, tensor<2x1x8x8xi1>) -> tensor<2x4x8x16xf32>
  func.return %6 : tensor<2x4x8x16xf32>
}
func.func private @layer(%x: tensor<2x4x8x16xf32>, %mask: tensor<2x1x8x8xi1>) -> tensor<2x4x8x16xf32> {
  %0 = attn.attention %x, %x, %x, %mask <{scale = 1.000000e+00 : f64}> {
  ^bb0(%s: tensor<2x4x8x8xf32>, %m: tensor<2x1x8x8xi1>):
    %1 = graph.broadcast %m <{dims = array<i64: 0, 1, 2, 3>}> : (tensor<2x1x8x8xi1>) -> tensor<2x4x8x8xi1>
    %2 = graph.constant <{value = 0xff800000 : f32}> : tensor<2x4x8x8xf32>
    %3 = graph.select %1, %s, %2 : (tensor<2x4x8x8xi1>, tensor<2x4x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<2x4x8x8xf32>
    attn.yield %3 : tensor<2x4x8x8xf32>
  } : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x1x8x8xi1>) -> tensor<2x4x8x16xf32>
  func.return %0 : tensor<2x4x8x16xf32>
}
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %0 = func.call @layer(%x, %padding) : (tensor<2x4x8x16xf32>, tensor<2x8xi1>) -> tensor<2x4x8x16xf32>
// CHECK-NEXT:    %1 = func.call @layer(%0, %padding)
// CHECK-NEXT:    func.return %1
// CHECK-LABEL: func.func private @layer(%x: tensor<2x4x8x16xf32>, %{{.*}}: tensor<2x8xi1>)
// CHECK:         graph.compare {{.*}} <{predicate = "le"}> : (tensor<8x8xi64>, tensor<8x8xi64>) -> tensor<8x8xi1>
// CHECK:         [[MASK:%.*]] = graph.and %{{.*}}, %{{.*}} : tensor<2x1x8x8xi1>
// CHECK:         attn.attention %x, %x, %x, [[MASK]]
// FUSED-LABEL: func.func private @layer
// FUSED:         attn.attention %x, %x, %x, %{{.*}} <{scale = 1.000000e+00 : f64, upper = 0 : i64}> {
// FUSED:         tensor<2x1x1x8xi1>) -> tensor<2x4x8x16xf32>

// -----

// Left alone: a mask that is an input of the model, and a table of angles, which is no mask.
func.func @main(%x: tensor<1x2x8x16xf32>, %mask: tensor<1x1x8x8xi1>, %f: tensor<16xf32>) -> tensor<1x2x8x16xf32> {
  %0 = graph.broadcast %f <{dims = array<i64: 3>}> : (tensor<16xf32>) -> tensor<1x2x8x16xf32>
  %angles = graph.cos %0 : tensor<1x2x8x16xf32>
  %1 = func.call @layer(%x, %mask, %angles) : (tensor<1x2x8x16xf32>, tensor<1x1x8x8xi1>, tensor<1x2x8x16xf32>) -> tensor<1x2x8x16xf32>
  func.return %1 : tensor<1x2x8x16xf32>
}
func.func private @layer(%x: tensor<1x2x8x16xf32>, %mask: tensor<1x1x8x8xi1>, %angles: tensor<1x2x8x16xf32>) -> tensor<1x2x8x16xf32> {
  %q = graph.mul %x, %angles : tensor<1x2x8x16xf32>
  %0 = attn.attention %q, %x, %x, %mask <{scale = 1.000000e+00 : f64}> {
  ^bb0(%s: tensor<1x2x8x8xf32>, %m: tensor<1x1x8x8xi1>):
    %1 = graph.broadcast %m <{dims = array<i64: 0, 1, 2, 3>}> : (tensor<1x1x8x8xi1>) -> tensor<1x2x8x8xi1>
    %2 = graph.constant <{value = 0xff800000 : f32}> : tensor<1x2x8x8xf32>
    %3 = graph.select %1, %s, %2 : (tensor<1x2x8x8xi1>, tensor<1x2x8x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
    attn.yield %3 : tensor<1x2x8x8xf32>
  } : (tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x1x8x8xi1>) -> tensor<1x2x8x16xf32>
  func.return %0 : tensor<1x2x8x16xf32>
}
// CHECK-LABEL: func.func @main
// CHECK:         [[ANGLES:%.*]] = graph.cos
// CHECK:         func.call @layer(%x, %mask, [[ANGLES]])
