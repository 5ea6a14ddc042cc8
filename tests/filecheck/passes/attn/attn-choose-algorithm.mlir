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

// The rest of what `auto` weighs: values of 512 for 24 batches of 128 heads that share keys, and for one.
// RUN: sfumato-opt %s -p 'attn-choose-algorithm' | filecheck %s --check-prefix AUTO

// AUTO-LABEL: @main
// AUTO: algorithm = "flash"
// AUTO-LABEL: @latent
// AUTO: attn.attention {{.*}}algorithm = "amla"
// AUTO: attn.attention {{.*}}algorithm = "flash"
func.func private @latent(%q: tensor<24x128x1x576xbf16>, %k: tensor<24x1x4096x576xbf16>, %v: tensor<24x1x4096x512xbf16>,
    %q1: tensor<1x128x1x576xbf16>, %k1: tensor<1x1x4096x576xbf16>, %v1: tensor<1x1x4096x512xbf16>) {
  %0 = attn.attention %q, %k, %v <{scale = 1.0 : f64}>
    : (tensor<24x128x1x576xbf16>, tensor<24x1x4096x576xbf16>, tensor<24x1x4096x512xbf16>) -> tensor<24x128x1x512xbf16>
  %1 = attn.attention %q1, %k1, %v1 <{scale = 1.0 : f64}>
    : (tensor<1x128x1x576xbf16>, tensor<1x1x4096x576xbf16>, tensor<1x1x4096x512xbf16>) -> tensor<1x128x1x512xbf16>
  func.return
}
