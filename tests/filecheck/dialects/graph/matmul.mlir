// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @matmul() {
  %a, %b = "test.op"() : () -> (tensor<4x37x64xf16>, tensor<4x88x64xf16>)
  %0 = graph.matmul %a, %b <{transpose_b}> : (tensor<4x37x64xf16>, tensor<4x88x64xf16>) -> tensor<4x37x88xf32>
  func.return
}
// CHECK-LABEL: func.func @matmul()
// CHECK:         %0 = graph.matmul %a, %b <{transpose_b}> : (tensor<4x37x64xf16>, tensor<4x88x64xf16>) -> tensor<4x37x88xf32>

func.func @convolution() {
  %x, %w = "test.op"() : () -> (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>)
  %0 = graph.convolution %x, %w <{strides = array<i64: 2, 2>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  func.return
}
// CHECK-LABEL: func.func @convolution()
// CHECK:         %0 = graph.convolution %x, %w <{strides = array<i64: 2, 2>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
