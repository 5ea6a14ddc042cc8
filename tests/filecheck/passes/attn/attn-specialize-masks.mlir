// RUN: sfumato-opt %s -p attn-specialize-masks | filecheck %s

// A layer that sees a triangle and one that sees a window are functions of their own; equal masks share one. What
// differs but is no mask (%x) does not count, nor does a mask that depends on inputs (%m).
// CHECK-LABEL: func.func @main
// CHECK:         func.call @layer(%x, %{{.*}})
// CHECK:         func.call @layer_mask_1(%{{.*}}, %{{.*}})
// CHECK:         func.call @layer(%{{.*}}, %{{.*}})
// CHECK:         func.call @masked(%x, %m)
// CHECK:         func.call @masked(%x, %n)
// CHECK:       func.func private @layer(
// CHECK:       func.func private @layer_mask_1(
// CHECK:       func.func private @masked(
// CHECK-NOT:   func.func
func.func @main(%x: tensor<4x4xf32>, %m: tensor<4x4xi1>, %n: tensor<4x4xi1>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  %i = graph.iota <{axis = 0 : i64}> : tensor<4x4xi64>
  %j = graph.iota <{axis = 1 : i64}> : tensor<4x4xi64>
  %c = graph.compare %j, %i <{predicate = "le"}> : (tensor<4x4xi64>, tensor<4x4xi64>) -> tensor<4x4xi1>
  %w = graph.compare %j, %i <{predicate = "eq"}> : (tensor<4x4xi64>, tensor<4x4xi64>) -> tensor<4x4xi1>
  %0 = func.call @layer(%x, %c) : (tensor<4x4xf32>, tensor<4x4xi1>) -> tensor<4x4xf32>
  %1 = func.call @layer(%0, %w) : (tensor<4x4xf32>, tensor<4x4xi1>) -> tensor<4x4xf32>
  %2 = func.call @layer(%1, %c) : (tensor<4x4xf32>, tensor<4x4xi1>) -> tensor<4x4xf32>
  %3 = func.call @masked(%x, %m) : (tensor<4x4xf32>, tensor<4x4xi1>) -> tensor<4x4xf32>
  %4 = func.call @masked(%x, %n) : (tensor<4x4xf32>, tensor<4x4xi1>) -> tensor<4x4xf32>
  func.return %2, %3, %4 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}
func.func private @layer(%x: tensor<4x4xf32>, %m: tensor<4x4xi1>) -> tensor<4x4xf32> {
  %0 = graph.select %m, %x, %x : (tensor<4x4xi1>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  func.return %0 : tensor<4x4xf32>
}
func.func private @masked(%x: tensor<4x4xf32>, %m: tensor<4x4xi1>) -> tensor<4x4xf32> {
  %0 = graph.select %m, %x, %x : (tensor<4x4xi1>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  func.return %0 : tensor<4x4xf32>
}
