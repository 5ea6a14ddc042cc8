// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @reshape() {
  %a = "test.op"() : () -> tensor<4x6xf32>
  %0 = graph.reshape %a : (tensor<4x6xf32>) -> tensor<2x12xf32>
  func.return
}
// CHECK-LABEL: func.func @reshape()
// CHECK:         %0 = graph.reshape %a : (tensor<4x6xf32>) -> tensor<2x12xf32>

func.func @permute() {
  %a = "test.op"() : () -> tensor<2x3x4xf32>
  %0 = graph.permute %a <{order = array<i64: 2, 0, 1>}> : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  func.return
}
// CHECK-LABEL: func.func @permute()
// CHECK:         %0 = graph.permute %a <{order = array<i64: 2, 0, 1>}> : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>

func.func @broadcast() {
  %a = "test.op"() : () -> tensor<4x1xf32>
  %0 = graph.broadcast %a <{dims = array<i64: 1, 2>}> : (tensor<4x1xf32>) -> tensor<2x4x8xf32>
  func.return
}
// CHECK-LABEL: func.func @broadcast()
// CHECK:         %0 = graph.broadcast %a <{dims = array<i64: 1, 2>}> : (tensor<4x1xf32>) -> tensor<2x4x8xf32>

func.func @slice() {
  %a = "test.op"() : () -> tensor<8x6xf32>
  %0 = graph.slice %a <{starts = array<i64: 2, 5>, stops = array<i64: 8, -1>, steps = array<i64: 2, -1>}> : (tensor<8x6xf32>) -> tensor<3x6xf32>
  func.return
}
// CHECK-LABEL: func.func @slice()
// CHECK:         %0 = graph.slice %a <{starts = array<i64: 2, 5>, stops = array<i64: 8, -1>, steps = array<i64: 2, -1>}> : (tensor<8x6xf32>) -> tensor<3x6xf32>

func.func @pad() {
  %a = "test.op"() : () -> tensor<4x6xf32>
  %0 = graph.pad %a <{low = array<i64: 0, 1>, high = array<i64: 0, 1>, value = 0.000000e+00 : f32}> : (tensor<4x6xf32>) -> tensor<4x8xf32>
  func.return
}
// CHECK-LABEL: func.func @pad()
// CHECK:         %0 = graph.pad %a <{low = array<i64: 0, 1>, high = array<i64: 0, 1>, value = 0.000000e+00 : f32}> : (tensor<4x6xf32>) -> tensor<4x8xf32>

func.func @concat() {
  %a, %b = "test.op"() : () -> (tensor<2x4xf32>, tensor<3x4xf32>)
  %0 = graph.concat %a, %b <{axis = 0 : i64}> : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  func.return
}
// CHECK-LABEL: func.func @concat()
// CHECK:         %0 = graph.concat %a, %b <{axis = 0 : i64}> : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
