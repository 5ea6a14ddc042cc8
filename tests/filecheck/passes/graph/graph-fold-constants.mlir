// RUN: sfumato-opt %s -p graph-fold-constants,graph-dce | filecheck %s

// Small results are listed; a result of equal elements is a splat of any size.
// CHECK-LABEL: func.func @small
// CHECK-NEXT:    %[[A:.*]] = graph.constant <{value = dense<[1, 3, 5, 7]> : tensor<4xi64>}> : tensor<4xi64>
// CHECK-NEXT:    %[[B:.*]] = graph.constant <{value = true}> : tensor<1024x1024xi1>
// CHECK-NEXT:    func.return %[[A]], %[[B]]
func.func @small() -> (tensor<4xi64>, tensor<1024x1024xi1>) {
  %i = graph.iota <{axis = 0 : i64}> : tensor<4xi64>
  %c = graph.constant <{value = 1 : i64}> : tensor<4xi64>
  %a = graph.add %i, %i : tensor<4xi64>
  %b = graph.add %a, %c : tensor<4xi64>
  %r = graph.iota <{axis = 0 : i64}> : tensor<1024x1024xi64>
  %z = graph.constant <{value = 0 : i64}> : tensor<1024x1024xi64>
  %m = graph.compare %r, %z <{predicate = "ge"}> : (tensor<1024x1024xi64>, tensor<1024x1024xi64>) -> tensor<1024x1024xi1>
  func.return %b, %m : tensor<4xi64>, tensor<1024x1024xi1>
}

// Masks, broadcasts and what depends on weights stay ops.
// CHECK-LABEL: func.func @kept
// CHECK-NEXT:    graph.iota
// CHECK-NEXT:    graph.iota
// CHECK-NEXT:    graph.compare
// CHECK-NEXT:    graph.weight
// CHECK-NEXT:    graph.neg
func.func @kept() -> (tensor<8x8xi1>, tensor<4xf32>) {
  %r = graph.iota <{axis = 0 : i64}> : tensor<8x8xi64>
  %c = graph.iota <{axis = 1 : i64}> : tensor<8x8xi64>
  %m = graph.compare %c, %r <{predicate = "le"}> : (tensor<8x8xi64>, tensor<8x8xi64>) -> tensor<8x8xi1>
  %w = graph.weight <{key = "w"}> : tensor<4xf32>
  %n = graph.neg %w : tensor<4xf32>
  func.return %m, %n : tensor<8x8xi1>, tensor<4xf32>
}
