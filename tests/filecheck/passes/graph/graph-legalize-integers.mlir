// RUN: sfumato-opt %s -p graph-legalize-integers,graph-canonicalize,graph-cse --split-input-file | filecheck %s

// What is narrower than 32 bits is computed in 32, and wrapped: signed by shifts, unsigned by a mask.
// CHECK-LABEL: func.func @narrow
// CHECK:         %[[S:.*]] = graph.add %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK:         %[[L:.*]] = graph.shl %[[S]], %[[N:.*]] : tensor<4xi32>
// CHECK:         %[[R:.*]] = graph.shr %[[L]], %[[N]] : tensor<4xi32>
// CHECK-NEXT:    graph.cast %[[R]] : (tensor<4xi32>) -> tensor<4xi8>
// CHECK:         %[[M:.*]] = graph.mul %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK:         %[[A:.*]] = graph.and %[[M]], %{{.*}} : tensor<4xi32>
// CHECK-NEXT:    graph.cast %[[A]] : (tensor<4xi32>) -> tensor<4xui8>
func.func @narrow(%x: tensor<4xi8>, %y: tensor<4xui8>) -> (tensor<4xi8>, tensor<4xui8>) {
  %0 = graph.add %x, %x : tensor<4xi8>
  %1 = graph.mul %y, %y : tensor<4xui8>
  func.return %0, %1 : tensor<4xi8>, tensor<4xui8>
}

// -----

// What cannot leave its range is not wrapped: a maximum, codes that were clamped.
// CHECK-LABEL: func.func @bounded
// CHECK-NOT:     graph.shl
// CHECK:         graph.max {{.*}} : tensor<4xi32>
// CHECK-NOT:     graph.shl
// CHECK:         graph.cast %{{.*}} : (tensor<4xf32>) -> tensor<4xi8>
func.func @bounded(%x: tensor<4xi8>, %f: tensor<4xf32>) -> (tensor<4xi8>, tensor<4xi8>) {
  %0 = graph.max %x, %x : tensor<4xi8>
  %y = graph.neg %f : tensor<4xf32>
  %low = graph.constant <{value = -127.0 : f32}> : tensor<4xf32>
  %high = graph.constant <{value = 127.0 : f32}> : tensor<4xf32>
  %1 = graph.max %y, %low : tensor<4xf32>
  %2 = graph.min %1, %high : tensor<4xf32>
  %3 = graph.cast %2 : (tensor<4xf32>) -> tensor<4xi8>
  %4 = graph.max %0, %3 : tensor<4xi8>
  func.return %4, %3 : tensor<4xi8>, tensor<4xi8>
}

// -----

// Counting fits 32 bits; an input of 64 does not, and is added in words with a carry.
// CHECK-LABEL: func.func @wide
// CHECK-SAME:    (%[[X:.*]]: tensor<4xi64>)
// CHECK-NEXT:    %[[I:.*]] = graph.iota {{.*}} : tensor<4xi32>
// CHECK-NEXT:    %[[D:.*]] = graph.add %[[I]], %[[I]] : tensor<4xi32>
// CHECK-NEXT:    %[[E:.*]] = graph.cast %[[D]] : (tensor<4xi32>) -> tensor<4xi64>
// CHECK-NEXT:    %[[L:.*]] = graph.low_word %[[X]]
// CHECK-NEXT:    %[[H:.*]] = graph.high_word %[[X]]
// CHECK:         graph.add %[[L]], %[[L]]
// CHECK:         graph.join_words
// CHECK-NEXT:    func.return %[[E]]
func.func @wide(%x: tensor<4xi64>) -> (tensor<4xi64>, tensor<4xi64>) {
  %i = graph.iota <{axis = 0 : i64}> : tensor<4xi64>
  %0 = graph.add %i, %i : tensor<4xi64>
  %1 = graph.add %x, %x : tensor<4xi64>
  func.return %0, %1 : tensor<4xi64>, tensor<4xi64>
}

// -----

// A cast to fewer bits takes the low word; a view of what was joined is joined after it.
// CHECK-LABEL: func.func @moved
// CHECK:         %[[L:.*]] = graph.low_word
// CHECK-NEXT:    func.return %[[L]]
func.func @moved(%x: tensor<2x3xi64>) -> tensor<2x3xi32> {
  %0 = graph.cast %x : (tensor<2x3xi64>) -> tensor<2x3xi32>
  func.return %0 : tensor<2x3xi32>
}

// -----

// Floats, i32 and the cube's own products stay.
// CHECK-LABEL: func.func @alone
// CHECK-NEXT:    graph.add %{{.*}} : tensor<4x4xf32>
// CHECK-NEXT:    graph.mul %{{.*}} : tensor<4x4xi32>
// CHECK-NEXT:    graph.matmul {{.*}} : (tensor<4x4xi8>, tensor<4x4xi8>) -> tensor<4x4xi32>
// CHECK-NEXT:    func.return
func.func @alone(%x: tensor<4x4xf32>, %y: tensor<4x4xi32>, %z: tensor<4x4xi8>) -> (tensor<4x4xf32>, tensor<4x4xi32>, tensor<4x4xi32>) {
  %0 = graph.add %x, %x : tensor<4x4xf32>
  %1 = graph.mul %y, %y : tensor<4x4xi32>
  %2 = graph.matmul %z, %z : (tensor<4x4xi8>, tensor<4x4xi8>) -> tensor<4x4xi32>
  func.return %0, %1, %2 : tensor<4x4xf32>, tensor<4x4xi32>, tensor<4x4xi32>
}
