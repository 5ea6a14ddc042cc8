// RUN: sfumato-opt %s -p 'attn-choose-algorithm{algorithm=flash}' | filecheck %s

// CHECK: attn.attention %{{.*}} <{scale = 1.000000e+00 : f64, algorithm = "flash"}>
// CHECK: attn.attention %{{.*}} <{scale = 1.000000e+00 : f64, algorithm = "standard"}>
func.func @main(%q: tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16> {
  %0 = attn.attention %q, %q, %q <{scale = 1.0 : f64}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  %1 = attn.attention %0, %q, %q <{scale = 1.0 : f64, algorithm = "standard"}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %1 : tensor<1x4x8x16xf16>
}
