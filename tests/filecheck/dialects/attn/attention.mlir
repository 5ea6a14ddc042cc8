// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @attention() {
  %q, %k, %v = "test.op"() : () -> (tensor<1x8x37x64xf16>, tensor<1x2x64x64xf16>, tensor<1x2x64x64xf16>)
  %0 = attn.attention %q, %k, %v <{scale = 1.250000e-01 : f64, causal}> : (tensor<1x8x37x64xf16>, tensor<1x2x64x64xf16>, tensor<1x2x64x64xf16>) -> tensor<1x8x37x64xf16>
  func.return
}
// CHECK-LABEL: func.func @attention()
// CHECK:         %0 = attn.attention %q, %k, %v <{scale = 1.250000e-01 : f64, causal}> : (tensor<1x8x37x64xf16>, tensor<1x2x64x64xf16>, tensor<1x2x64x64xf16>) -> tensor<1x8x37x64xf16>
