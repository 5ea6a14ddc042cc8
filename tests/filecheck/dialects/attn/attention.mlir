// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

// CHECK-LABEL: func.func @attention()
// CHECK:         %0 = attn.attention %q, %k, %v <{scale = 1.250000e-01 : f64, lower = -15 : i64, upper = 0 : i64, guarded}> : (tensor<2x4x37x64xf16>, tensor<2x1x64x64xf16>, tensor<2x1x64x48xf16>) -> tensor<2x4x37x48xf16>
func.func @attention() {
  %q, %k, %v = "test.op"() : () -> (tensor<2x4x37x64xf16>, tensor<2x1x64x64xf16>, tensor<2x1x64x48xf16>)
  %0 = attn.attention %q, %k, %v <{scale = 1.250000e-01 : f64, lower = -15 : i64, upper = 0 : i64, guarded}> : (tensor<2x4x37x64xf16>, tensor<2x1x64x64xf16>, tensor<2x1x64x48xf16>) -> tensor<2x4x37x48xf16>
  func.return
}

// CHECK-LABEL: func.func @region()
// CHECK:         %0 = attn.attention %q, %q, %q, %b, %s <{scale = 1.000000e+00 : f64, sinks}> {
// CHECK-NEXT:    ^bb0(%1: tensor<4x8x8xf32>, %2: tensor<4x1x8xf32>):
// CHECK-NEXT:      %3 = graph.broadcast %2 <{dims = array<i64: 0, 1, 2>}> : (tensor<4x1x8xf32>) -> tensor<4x8x8xf32>
// CHECK-NEXT:      %4 = graph.add %1, %3 : tensor<4x8x8xf32>
// CHECK-NEXT:      attn.yield %4 : tensor<4x8x8xf32>
// CHECK-NEXT:    } : (tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x1x8xf32>, tensor<4x1x1xf32>) -> tensor<4x8x16xf32>
func.func @region() {
  %q, %b, %s = "test.op"() : () -> (tensor<4x8x16xf32>, tensor<4x1x8xf32>, tensor<4x1x1xf32>)
  %0 = attn.attention %q, %q, %q, %b, %s <{scale = 1.0 : f64, sinks}> {
  ^bb0(%1: tensor<4x8x8xf32>, %2: tensor<4x1x8xf32>):
    %3 = graph.broadcast %2 <{dims = array<i64: 0, 1, 2>}> : (tensor<4x1x8xf32>) -> tensor<4x8x8xf32>
    %4 = graph.add %1, %3 : tensor<4x8x8xf32>
    attn.yield %4 : tensor<4x8x8xf32>
  } : (tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x1x8xf32>, tensor<4x1x1xf32>) -> tensor<4x8x16xf32>
  func.return
}
