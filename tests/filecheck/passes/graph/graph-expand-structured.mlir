// RUN: sfumato-opt %s -p graph-expand-structured --split-input-file | filecheck %s

// The place of each index along a new axis, selected and summed: nothing but the chosen element enters the sum.
// CHECK-LABEL: func.func @gather
// CHECK-NEXT:    %[[I:.*]] = graph.broadcast %{{.*}} <{dims = array<i64: 0, 1>}> : (tensor<4x2xi64>) -> tensor<4x2x8xi64>
// CHECK-NEXT:    %[[N:.*]] = graph.iota <{axis = 2 : i64}> : tensor<4x2x8xi64>
// CHECK-NEXT:    %[[C:.*]] = graph.compare %[[I]], %[[N]] <{predicate = "eq"}>
// CHECK-NEXT:    %[[X:.*]] = graph.broadcast %{{.*}} <{dims = array<i64: 0, 2>}> : (tensor<4x8xf32>) -> tensor<4x2x8xf32>
// CHECK-NEXT:    %[[Z:.*]] = graph.constant <{value = -0.000000e+00 : f32}>
// CHECK-NEXT:    %[[S:.*]] = graph.select %[[C]], %[[X]], %[[Z]]
// CHECK-NEXT:    graph.reduce %[[S]] <{kind = "add", axes = array<i64: 2>}> : (tensor<4x2x8xf32>) -> tensor<4x2xf32>
func.func @gather(%x: tensor<4x8xf32>, %i: tensor<4x2xi64>) -> tensor<4x2xf32> {
  %0 = graph.gather %x, %i <{axis = 1 : i64}> : (tensor<4x8xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>
  func.return %0 : tensor<4x2xf32>
}

// -----

// Indices that are the same for whole rows: the rows are looked up.
// CHECK-LABEL: func.func @gather_rows
// CHECK:         graph.take %{{.*}}, %{{.*}} <{axis = 0 : i64}> : (tensor<8x16xf32>, tensor<3xi64>) -> tensor<3x16xf32>
// CHECK-NEXT:    func.return
func.func @gather_rows(%x: tensor<8x16xf32>, %i: tensor<3xi64>) -> tensor<3x16xf32> {
  %b = graph.broadcast %i <{dims = array<i64: 0>}> : (tensor<3xi64>) -> tensor<3x16xi64>
  %0 = graph.gather %x, %b <{axis = 0 : i64}> : (tensor<8x16xf32>, tensor<3x16xi64>) -> tensor<3x16xf32>
  func.return %0 : tensor<3x16xf32>
}

// -----

// Rows of a table are what kernels copy: left alone. Along another axis that is brought to the front.
// CHECK-LABEL: func.func @take
// CHECK-NEXT:    graph.take %x, %i <{axis = 0 : i64}> : (tensor<5x8xf32>, tensor<3xi64>) -> tensor<3x8xf32>
// CHECK-NEXT:    %[[T:.*]] = graph.permute %x <{order = array<i64: 1, 0>}>
// CHECK-NEXT:    %[[R:.*]] = graph.take %[[T]], %i <{axis = 0 : i64}> : (tensor<8x5xf32>, tensor<3xi64>) -> tensor<3x5xf32>
// CHECK-NEXT:    graph.permute %[[R]] <{order = array<i64: 1, 0>}>
func.func @take(%x: tensor<5x8xf32>, %i: tensor<3xi64>) -> (tensor<3x8xf32>, tensor<5x3xf32>) {
  %0 = graph.take %x, %i <{axis = 0 : i64}> : (tensor<5x8xf32>, tensor<3xi64>) -> tensor<3x8xf32>
  %1 = graph.take %x, %i <{axis = 1 : i64}> : (tensor<5x8xf32>, tensor<3xi64>) -> tensor<5x3xf32>
  func.return %0, %1 : tensor<3x8xf32>, tensor<5x3xf32>
}

// -----

// One row replaced: one pass over the operand.
// CHECK-LABEL: func.func @cache_update
// CHECK:         %[[H:.*]] = graph.compare %{{.*}}, %{{.*}} <{predicate = "eq"}>
// CHECK-NEXT:    graph.select %[[H]], %{{.*}}, %cache
// CHECK-NEXT:    func.return
func.func @cache_update(%cache: tensor<2x24x12xf32>, %i: tensor<1xi64>, %v: tensor<2x1x12xf32>) -> tensor<2x24x12xf32> {
  %0 = graph.index_put %cache, %i, %v <{axis = 1 : i64, reduce = "none"}>
    : (tensor<2x24x12xf32>, tensor<1xi64>, tensor<2x1x12xf32>) -> tensor<2x24x12xf32>
  func.return %0 : tensor<2x24x12xf32>
}

// -----

// Many rows replaced: the last index that names each place, then a lookup of its update.
// CHECK-LABEL: func.func @index_put
// CHECK:         %[[W:.*]] = graph.reduce %{{.*}} <{kind = "max", axes = array<i64: 1>}> : (tensor<24x9xi32>) -> tensor<24xi32>
// CHECK:         graph.take %v, %{{.*}} <{axis = 0 : i64}> : (tensor<9x12xf32>, tensor<24xi32>) -> tensor<24x12xf32>
// CHECK:         graph.select %{{.*}}, %{{.*}}, %x
func.func @index_put(%x: tensor<24x12xf32>, %i: tensor<9xi64>, %v: tensor<9x12xf32>) -> tensor<24x12xf32> {
  %0 = graph.index_put %x, %i, %v <{axis = 0 : i64, reduce = "none"}>
    : (tensor<24x12xf32>, tensor<9xi64>, tensor<9x12xf32>) -> tensor<24x12xf32>
  func.return %0 : tensor<24x12xf32>
}

// -----

// CHECK-LABEL: func.func @scatter_add
// CHECK:         %[[U:.*]] = graph.reduce %{{.*}} <{kind = "add", axes = array<i64: 2>}> : (tensor<4x8x2xi32>) -> tensor<4x8xi32>
// CHECK-NEXT:    graph.add %x, %[[U]]
func.func @scatter_add(%x: tensor<4x8xi32>, %i: tensor<4x2xi64>, %u: tensor<4x2xi32>) -> tensor<4x8xi32> {
  %0 = graph.scatter %x, %i, %u <{axis = 1 : i64, reduce = "add"}>
    : (tensor<4x8xi32>, tensor<4x2xi64>, tensor<4x2xi32>) -> tensor<4x8xi32>
  func.return %0 : tensor<4x8xi32>
}

// -----

// Doubling: after the second step every element holds four.
// CHECK-LABEL: func.func @scan
// CHECK-NEXT:    %[[A:.*]] = graph.slice %x <{starts = array<i64: 0>, stops = array<i64: 3>, steps = array<i64: 1>}>
// CHECK-NEXT:    %[[N:.*]] = graph.constant <{value = -2147483648 : i32}> : tensor<1xi32>
// CHECK-NEXT:    %[[S:.*]] = graph.concat %[[N]], %[[A]]
// CHECK-NEXT:    %[[T:.*]] = graph.max %[[S]], %x
// CHECK-NEXT:    graph.slice %[[T]] <{starts = array<i64: 0>, stops = array<i64: 2>, steps = array<i64: 1>}>
// CHECK:         graph.max
// CHECK-NEXT:    func.return
func.func @scan(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = graph.scan %x <{kind = "max", axis = 0 : i64}> : tensor<4xi32>
  func.return %0 : tensor<4xi32>
}

// -----

// CHECK-LABEL: func.func @arg_reduce
// CHECK-NEXT:    %[[P:.*]] = graph.iota <{axis = 1 : i64}> : tensor<2x3xi32>
// CHECK-NEXT:    %[[N:.*]] = graph.constant <{value = 3 : i32}>
// CHECK-NEXT:    %[[M:.*]] = graph.reduce %x <{kind = "min", axes = array<i64: 1>}>
// CHECK-NEXT:    %[[B:.*]] = graph.broadcast %[[M]]
// CHECK-NEXT:    %[[E:.*]] = graph.compare %x, %[[B]] <{predicate = "eq"}>
// CHECK-NEXT:    %[[K:.*]] = graph.select %[[E]], %[[P]], %[[N]]
// CHECK-NEXT:    %[[F:.*]] = graph.reduce %[[K]] <{kind = "min", axes = array<i64: 1>}>
// CHECK-NEXT:    graph.cast %[[F]] : (tensor<2xi32>) -> tensor<2xi64>
func.func @arg_reduce(%x: tensor<2x3xi32>) -> tensor<2xi64> {
  %0 = graph.arg_reduce %x <{kind = "min", axis = 1 : i64}> : (tensor<2x3xi32>) -> tensor<2xi64>
  func.return %0 : tensor<2xi64>
}

// -----

// CHECK-LABEL: func.func @pad
// CHECK-NEXT:    %[[C:.*]] = graph.constant <{value = 1.500000e+00 : f32}> : tensor<4x2xf32>
// CHECK-NEXT:    graph.concat %x, %[[C]] <{axis = 1 : i64}>
func.func @pad(%x: tensor<4x6xf32>) -> tensor<4x8xf32> {
  %0 = graph.pad %x <{low = array<i64: 0, 0>, high = array<i64: 0, 2>, value = 1.5 : f32}> : (tensor<4x6xf32>) -> tensor<4x8xf32>
  func.return %0 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @pool
// CHECK-NEXT:    %[[A:.*]] = graph.slice %x <{starts = array<i64: 0, 0>, stops = array<i64: 2, 7>, steps = array<i64: 1, 2>}>
// CHECK-NEXT:    %[[B:.*]] = graph.slice %x <{starts = array<i64: 0, 1>, stops = array<i64: 2, 8>, steps = array<i64: 1, 2>}>
// CHECK-NEXT:    graph.max %[[A]], %[[B]] : {{.*}}tensor<2x4xf32>
// CHECK-NEXT:    func.return
func.func @pool(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_window %x <{kind = "max", window = array<i64: 1, 2>, strides = array<i64: 1, 2>,
    padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>}>
    : (tensor<2x8xf32>) -> tensor<2x4xf32>
  func.return %0 : tensor<2x4xf32>
}

// -----

// An element's place is the number of elements before it; the result selects by place.
// CHECK-LABEL: func.func @sort
// CHECK:         graph.compare {{.*}}predicate = "lt"
// CHECK:         %[[RANK:.*]] = graph.reduce {{.*}}kind = "add", axes = array<i64: 2>{{.*}} -> tensor<4x6xi32>
// CHECK:         graph.compare {{.*}}predicate = "eq"
// CHECK:         graph.select
// CHECK-NOT:     graph.sort
func.func @sort(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0, %1 = graph.sort %x <{axis = 1 : i64}> : (tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xi64>)
  func.return %0 : tensor<4x6xf32>
}

// -----

// Convolution is not expanded here.
// CHECK-LABEL: func.func @convolution
// CHECK-NEXT:    graph.convolution
func.func @convolution(%x: tensor<1x2x5xf32>, %w: tensor<3x2x3xf32>) -> tensor<1x3x3xf32> {
  %0 = graph.convolution %x, %w <{strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64}> : (tensor<1x2x5xf32>, tensor<3x2x3xf32>) -> tensor<1x3x3xf32>
  func.return %0 : tensor<1x3x3xf32>
}
