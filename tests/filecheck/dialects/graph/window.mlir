// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @window() {
  %x = "test.op"() : () -> tensor<2x9x8x3xf32>
  %0 = graph.window %x <{axes = array<i64: 1, 2>, sizes = array<i64: 3, 2>, strides = array<i64: 2, 1>, dilation = array<i64: 1, 3>}> : (tensor<2x9x8x3xf32>) -> tensor<2x4x5x3x3x2xf32>
  func.return
}
// CHECK-LABEL: func.func @window()
// CHECK:         %0 = graph.window %x <{axes = array<i64: 1, 2>, sizes = array<i64: 3, 2>, strides = array<i64: 2, 1>, dilation = array<i64: 1, 3>}> : (tensor<2x9x8x3xf32>) -> tensor<2x4x5x3x3x2xf32>
