// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @softmax() {
  %a = "test.op"() : () -> tensor<4x8xf32>
  %0 = graph.softmax %a <{axis = 1 : i64}> : tensor<4x8xf32>
  func.return
}
// CHECK-LABEL: func.func @softmax()
// CHECK:         %0 = graph.softmax %a <{axis = 1 : i64}> : tensor<4x8xf32>

func.func @log_softmax() {
  %a = "test.op"() : () -> tensor<4x8xf32>
  %0 = graph.log_softmax %a <{axis = 1 : i64}> : tensor<4x8xf32>
  func.return
}
// CHECK-LABEL: func.func @log_softmax()
// CHECK:         %0 = graph.log_softmax %a <{axis = 1 : i64}> : tensor<4x8xf32>

func.func @layer_norm() {
  %x, %w, %b = "test.op"() : () -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  %0 = graph.layer_norm %x, %w, %b <{axes = 1 : i64, epsilon = 1.000000e-05 : f64}> : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  func.return
}
// CHECK-LABEL: func.func @layer_norm()
// CHECK:         %0 = graph.layer_norm %x, %w, %b <{axes = 1 : i64, epsilon = 1.000000e-05 : f64}> : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<4x8xf32>

func.func @rms_norm() {
  %x, %w = "test.op"() : () -> (tensor<4x8xbf16>, tensor<8xbf16>)
  %0 = graph.rms_norm %x, %w <{axes = 1 : i64, epsilon = 1.000000e-06 : f64}> : (tensor<4x8xbf16>, tensor<8xbf16>) -> tensor<4x8xbf16>
  func.return
}
// CHECK-LABEL: func.func @rms_norm()
// CHECK:         %0 = graph.rms_norm %x, %w <{axes = 1 : i64, epsilon = 1.000000e-06 : f64}> : (tensor<4x8xbf16>, tensor<8xbf16>) -> tensor<4x8xbf16>
