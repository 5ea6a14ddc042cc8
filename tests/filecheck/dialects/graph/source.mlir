// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @weight() {
  %0 = graph.weight <{key = "h.0.attn.c_attn.weight"}> : tensor<768x2304xf32>
  func.return
}
// CHECK-LABEL: func.func @weight()
// CHECK:         %0 = graph.weight <{key = "h.0.attn.c_attn.weight"}> : tensor<768x2304xf32>

func.func @constant() {
  %0 = graph.constant <{value = 5.000000e-01 : bf16}> : tensor<2x4xbf16>
  %1 = graph.constant <{value = dense<[1, 2, 3]> : tensor<3xi64>}> : tensor<3xi64>
  func.return
}
// CHECK-LABEL: func.func @constant()
// CHECK:         %0 = graph.constant <{value = 5.000000e-01 : bf16}> : tensor<2x4xbf16>
// CHECK:         %1 = graph.constant <{value = dense<[1, 2, 3]> : tensor<3xi64>}> : tensor<3xi64>

func.func @iota() {
  %0 = graph.iota <{axis = 1 : i64}> : tensor<2x4xi64>
  func.return
}
// CHECK-LABEL: func.func @iota()
// CHECK:         %0 = graph.iota <{axis = 1 : i64}> : tensor<2x4xi64>
