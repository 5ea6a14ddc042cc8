// RUN: sfumato-opt %s -p attn-absorb-latent{mode=always} --split-input-file | filecheck %s
// RUN: sfumato-opt %s -p attn-absorb-latent --split-input-file | filecheck %s --check-prefix=AUTO
// RUN: sfumato-opt %s -p attn-absorb-latent{mode=never} --split-input-file | filecheck %s --check-prefix=NEVER

// A step of decoding: keys of two heads are latents times weights, and a rotary part that the heads share.
builtin.module attributes {sfumato.target = "ascend910b3"} {
  func.func @decode(%q: tensor<1x2x1x12xf16>, %c: tensor<1x32x16xf16>, %r: tensor<1x32x4xf16>, %w: tensor<24x16xf16>) -> tensor<1x2x1x4xf16> {
    %0 = graph.reshape %c : (tensor<1x32x16xf16>) -> tensor<32x16xf16>
    %1 = graph.matmul %0, %w <{transpose_b}> : (tensor<32x16xf16>, tensor<24x16xf16>) -> tensor<32x24xf16>
    %2 = graph.reshape %1 : (tensor<32x24xf16>) -> tensor<1x32x2x12xf16>
    %3 = graph.permute %2 <{order = array<i64: 0, 2, 1, 3>}> : (tensor<1x32x2x12xf16>) -> tensor<1x2x32x12xf16>
    %4 = graph.slice %3 <{starts = array<i64: 0, 0, 0, 0>, stops = array<i64: 1, 2, 32, 8>, steps = array<i64: 1, 1, 1, 1>}> : (tensor<1x2x32x12xf16>) -> tensor<1x2x32x8xf16>
    %v = graph.slice %3 <{starts = array<i64: 0, 0, 0, 8>, stops = array<i64: 1, 2, 32, 12>, steps = array<i64: 1, 1, 1, 1>}> : (tensor<1x2x32x12xf16>) -> tensor<1x2x32x4xf16>
    %5 = graph.broadcast %r <{dims = array<i64: 0, 2, 3>}> : (tensor<1x32x4xf16>) -> tensor<1x2x32x4xf16>
    %k = graph.concat %4, %5 <{axis = 3 : i64}> : (tensor<1x2x32x8xf16>, tensor<1x2x32x4xf16>) -> tensor<1x2x32x12xf16>
    %6 = attn.attention %q, %k, %v <{scale = 2.500000e-01 : f64}> : (tensor<1x2x1x12xf16>, tensor<1x2x32x12xf16>, tensor<1x2x32x4xf16>) -> tensor<1x2x1x4xf16>
    func.return %6 : tensor<1x2x1x4xf16>
  }
}
// The weights of the keys meet the queries, those of the values the result; heads are rows that share the latents.
// CHECK-LABEL: func.func @decode
// CHECK:         [[W:%.*]] = graph.reshape %w : (tensor<24x16xf16>) -> tensor<2x12x16xf16>
// CHECK:         [[WK:%.*]] = graph.slice [[W]] <{starts = array<i64: 0, 0, 0>, stops = array<i64: 2, 8, 16>{{.*}} -> tensor<2x8x16xf16>
// CHECK:         graph.matmul %{{.*}}, [[WK]] : (tensor<2x1x8xf16>, tensor<2x8x16xf16>) -> tensor<2x1x16xf16>
// CHECK:         [[Q:%.*]] = graph.concat %{{.*}} -> tensor<2x20xf16>
// CHECK:         [[K:%.*]] = graph.concat %{{.*}} -> tensor<32x20xf16>
// CHECK:         [[O:%.*]] = attn.attention [[Q]], [[K]], %{{.*}} <{scale = 2.500000e-01 : f64}> : (tensor<2x20xf16>, tensor<32x20xf16>, tensor<32x16xf16>) -> tensor<2x16xf16>
// CHECK:         [[WV:%.*]] = graph.slice %{{.*}} <{starts = array<i64: 0, 8, 0>, stops = array<i64: 2, 12, 16>{{.*}} -> tensor<2x4x16xf16>
// CHECK:         graph.matmul %{{.*}}, [[WV]] <{transpose_b}> : (tensor<2x1x16xf16>, tensor<2x4x16xf16>) -> tensor<2x1x4xf16>
// CHECK-NOT:     tensor<32x24xf16>
// AUTO-LABEL:  func.func @decode
// AUTO:          tensor<32x16xf16>) -> tensor<2x16xf16>
// NEVER-LABEL: func.func @decode
// NEVER:         attn.attention %q, %k, %v

// -----

// As many queries as keys: projecting the keys once is cheaper than comparing latents.
builtin.module attributes {sfumato.target = "ascend910b3"} {
  func.func @prefill(%q: tensor<2x512x8xf16>, %c: tensor<512x64xf16>, %wk: tensor<2x8x64xf16>, %wv: tensor<2x8x64xf16>) -> tensor<2x512x8xf16> {
    %0 = graph.broadcast %c <{dims = array<i64: 1, 2>}> : (tensor<512x64xf16>) -> tensor<2x512x64xf16>
    %k = graph.matmul %0, %wk <{transpose_b}> : (tensor<2x512x64xf16>, tensor<2x8x64xf16>) -> tensor<2x512x8xf16>
    %v = graph.matmul %0, %wv <{transpose_b}> : (tensor<2x512x64xf16>, tensor<2x8x64xf16>) -> tensor<2x512x8xf16>
    %1 = attn.attention %q, %k, %v <{scale = 1.000000e+00 : f64}> : (tensor<2x512x8xf16>, tensor<2x512x8xf16>, tensor<2x512x8xf16>) -> tensor<2x512x8xf16>
    func.return %1 : tensor<2x512x8xf16>
  }
}
// CHECK-LABEL: func.func @prefill
// CHECK:         attn.attention {{.*}} : (tensor<2x512x64xf16>, tensor<1x512x64xf16>, tensor<1x512x64xf16>) -> tensor<2x512x64xf16>
// AUTO-LABEL:  func.func @prefill
// AUTO:          attn.attention %q, %k, %v

// -----

// Left alone: values with a bias, which latents would have to be given to.
builtin.module attributes {sfumato.target = "ascend910b3"} {
  func.func @bias(%q: tensor<1x8xf16>, %c: tensor<64x16xf16>, %wk: tensor<8x16xf16>, %wv: tensor<8x16xf16>, %b: tensor<64x8xf16>) -> tensor<1x8xf16> {
    %k = graph.matmul %c, %wk <{transpose_b}> : (tensor<64x16xf16>, tensor<8x16xf16>) -> tensor<64x8xf16>
    %0 = graph.matmul %c, %wv <{transpose_b}> : (tensor<64x16xf16>, tensor<8x16xf16>) -> tensor<64x8xf16>
    %v = graph.add %0, %b : tensor<64x8xf16>
    %1 = attn.attention %q, %k, %v <{scale = 1.000000e+00 : f64}> : (tensor<1x8xf16>, tensor<64x8xf16>, tensor<64x8xf16>) -> tensor<1x8xf16>
    func.return %1 : tensor<1x8xf16>
  }
}
// CHECK-LABEL: func.func @bias
// CHECK:         attn.attention %q, %k, %v
