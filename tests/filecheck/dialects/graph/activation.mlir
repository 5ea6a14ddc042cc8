// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @gelu() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.gelu %a <{approximate = "none"}> : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @gelu()
// CHECK:         %0 = graph.gelu %a <{approximate = "none"}> : tensor<4xf32>

func.func @softplus() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.softplus %a <{beta = 1.000000e+00 : f64, threshold = 2.000000e+01 : f64}> : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @softplus()
// CHECK:         %0 = graph.softplus %a <{beta = 1.000000e+00 : f64, threshold = 2.000000e+01 : f64}> : tensor<4xf32>

func.func @elu() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.elu %a <{alpha = 1.000000e+00 : f64, scale = 1.000000e+00 : f64, input_scale = 1.000000e+00 : f64}> : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @elu()
// CHECK:         %0 = graph.elu %a <{alpha = 1.000000e+00 : f64, scale = 1.000000e+00 : f64, input_scale = 1.000000e+00 : f64}> : tensor<4xf32>

func.func @leaky_relu() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.leaky_relu %a <{slope = 1.000000e-02 : f64}> : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @leaky_relu()
// CHECK:         %0 = graph.leaky_relu %a <{slope = 1.000000e-02 : f64}> : tensor<4xf32>
