// RUN: sfumato-opt %s -p graph-expand-convolution --verify-diagnostics --split-input-file | filecheck %s

func.func @integers(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>) -> tensor<1x6x6xi8> {
  %0 = graph.convolution %x, %w <{strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64}> : (tensor<1x4x8xi8>, tensor<6x4x3xi8>) -> tensor<1x6x6xi8>
  func.return %0 : tensor<1x6x6xi8>
}

// CHECK: the NPU has no convolution of i8 elements: export the model in float32

// -----

func.func @double(%x: tensor<1x4x8xf64>, %w: tensor<6x4x3xf64>) -> tensor<1x6x6xf64> {
  %0 = graph.convolution %x, %w <{strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64}> : (tensor<1x4x8xf64>, tensor<6x4x3xf64>) -> tensor<1x6x6xf64>
  func.return %0 : tensor<1x6x6xf64>
}

// CHECK: graph.convolution: float64: the NPU does not compute in it, export the model in float32
