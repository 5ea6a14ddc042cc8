// RUN: not sfumato-opt %s -p 'attn-choose-algorithm{algorithm=fast}' 2>&1 | filecheck %s

// CHECK: there is no attention algorithm 'fast': expected auto, standard, flash, amla, pasa
func.func @main(%q: tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16> {
  %0 = attn.attention %q, %q, %q <{scale = 1.0 : f64}>
    : (tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>, tensor<1x4x8x16xf16>) -> tensor<1x4x8x16xf16>
  func.return %0 : tensor<1x4x8x16xf16>
}
