// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @reduce() {
  %a = "test.op"() : () -> tensor<2x3x4xf32>
  %0 = graph.reduce %a <{kind = "add", axes = array<i64: 0, 2>}> : (tensor<2x3x4xf32>) -> tensor<3xf32>
  func.return
}
// CHECK-LABEL: func.func @reduce()
// CHECK:         %0 = graph.reduce %a <{kind = "add", axes = array<i64: 0, 2>}> : (tensor<2x3x4xf32>) -> tensor<3xf32>

func.func @arg_reduce() {
  %a = "test.op"() : () -> tensor<2x3xf32>
  %0 = graph.arg_reduce %a <{kind = "max", axis = 1 : i64}> : (tensor<2x3xf32>) -> tensor<2xi64>
  func.return
}
// CHECK-LABEL: func.func @arg_reduce()
// CHECK:         %0 = graph.arg_reduce %a <{kind = "max", axis = 1 : i64}> : (tensor<2x3xf32>) -> tensor<2xi64>

func.func @scan() {
  %a = "test.op"() : () -> tensor<2x3xf32>
  %0 = graph.scan %a <{kind = "add", axis = 1 : i64}> : tensor<2x3xf32>
  func.return
}
// CHECK-LABEL: func.func @scan()
// CHECK:         %0 = graph.scan %a <{kind = "add", axis = 1 : i64}> : tensor<2x3xf32>

func.func @reduce_window() {
  %a = "test.op"() : () -> tensor<1x8x8xf32>
  %0 = graph.reduce_window %a <{kind = "max", window = array<i64: 1, 3, 3>, strides = array<i64: 1, 2, 2>, padding_low = array<i64: 0, 1, 1>, padding_high = array<i64: 0, 1, 1>, dilation = array<i64: 1, 1, 1>}> : (tensor<1x8x8xf32>) -> tensor<1x4x4xf32>
  func.return
}
// CHECK-LABEL: func.func @reduce_window()
// CHECK:         %0 = graph.reduce_window %a <{kind = "max", window = array<i64: 1, 3, 3>, strides = array<i64: 1, 2, 2>, padding_low = array<i64: 0, 1, 1>, padding_high = array<i64: 0, 1, 1>, dilation = array<i64: 1, 1, 1>}> : (tensor<1x8x8xf32>) -> tensor<1x4x4xf32>
