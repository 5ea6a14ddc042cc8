// RUN: sfumato-opt %s -p convert-aten-to-graph | filecheck %s
// RUN: sfumato-opt %s -p convert-aten-to-graph --print-debuginfo | filecheck %s --check-prefix=LOC

// Broadcasting and promotion become ops; an op keeps the line of the model it comes from.
func.func @promote(%x: tensor<2x4xi64>, %y: tensor<4xf16>) -> tensor<2x4xf16> {
  %0 = aten.call "aten.add.Tensor"(self = %x, other = %y, alpha = 1) : (tensor<2x4xi64>, tensor<4xf16>) -> tensor<2x4xf16> loc("model.py":12:0)
  func.return %0 : tensor<2x4xf16>
}
// CHECK-LABEL: func.func @promote(%x: tensor<2x4xi64>, %y: tensor<4xf16>) -> tensor<2x4xf16>
// CHECK-NEXT:    %0 = graph.cast %x : (tensor<2x4xi64>) -> tensor<2x4xf16>
// CHECK-NEXT:    %1 = graph.broadcast %y <{dims = array<i64: 1>}> : (tensor<4xf16>) -> tensor<2x4xf16>
// CHECK-NEXT:    %2 = graph.add %0, %1 : tensor<2x4xf16>
// CHECK-NEXT:    func.return %2 : tensor<2x4xf16>
// LOC: graph.cast %x {{.*}} loc("model.py":12:0)

// A bias is added to the sums in f32 and rounded once.
func.func @linear(%x: tensor<2x3x8xbf16>, %w: tensor<5x8xbf16>, %b: tensor<5xbf16>) -> tensor<2x3x5xbf16> {
  %0 = aten.call "aten.linear.default"(input = %x, weight = %w, bias = %b) : (tensor<2x3x8xbf16>, tensor<5x8xbf16>, tensor<5xbf16>) -> tensor<2x3x5xbf16>
  func.return %0 : tensor<2x3x5xbf16>
}
// CHECK-LABEL: func.func @linear
// CHECK-NEXT:    %0 = graph.reshape %x : (tensor<2x3x8xbf16>) -> tensor<6x8xbf16>
// CHECK-NEXT:    %1 = graph.matmul %0, %w <{transpose_b}> : (tensor<6x8xbf16>, tensor<5x8xbf16>) -> tensor<6x5xf32>
// CHECK-NEXT:    %2 = graph.cast %b : (tensor<5xbf16>) -> tensor<5xf32>
// CHECK-NEXT:    %3 = graph.broadcast %2 <{dims = array<i64: 1>}> : (tensor<5xf32>) -> tensor<6x5xf32>
// CHECK-NEXT:    %4 = graph.add %1, %3 : tensor<6x5xf32>
// CHECK-NEXT:    %5 = graph.cast %4 : (tensor<6x5xf32>) -> tensor<6x5xbf16>
// CHECK-NEXT:    %6 = graph.reshape %5 : (tensor<6x5xbf16>) -> tensor<2x3x5xbf16>

func.func @attention(%q: tensor<1x4x6x8xf16>, %k: tensor<1x2x6x8xf16>, %v: tensor<1x2x6x8xf16>) -> tensor<1x4x6x8xf16> {
  %0 = aten.call "aten.scaled_dot_product_attention.default"(query = %q, key = %k, value = %v, attn_mask = none, dropout_p = 0.0, is_causal = true, scale = 0.25, enable_gqa = true) : (tensor<1x4x6x8xf16>, tensor<1x2x6x8xf16>, tensor<1x2x6x8xf16>) -> tensor<1x4x6x8xf16>
  func.return %0 : tensor<1x4x6x8xf16>
}
// CHECK-LABEL: func.func @attention
// CHECK-NEXT:    %0 = graph.reshape %q : (tensor<1x4x6x8xf16>) -> tensor<1x2x2x6x8xf16>
// CHECK-NEXT:    %1 = graph.reshape %k : (tensor<1x2x6x8xf16>) -> tensor<1x2x1x6x8xf16>
// CHECK-NEXT:    %2 = graph.reshape %v : (tensor<1x2x6x8xf16>) -> tensor<1x2x1x6x8xf16>
// CHECK-NEXT:    %3 = attn.attention %0, %1, %2 <{scale = 2.500000e-01 : f64, upper = 0 : i64, guarded}> : (tensor<1x2x2x6x8xf16>, tensor<1x2x1x6x8xf16>, tensor<1x2x1x6x8xf16>) -> tensor<1x2x2x6x8xf16>
// CHECK-NEXT:    %4 = graph.reshape %3 : (tensor<1x2x2x6x8xf16>) -> tensor<1x4x6x8xf16>

// Sums of narrow floats are formed in f32.
func.func @mean(%x: tensor<2x4xbf16>) -> tensor<2x1xbf16> {
  %0 = aten.call "aten.mean.dim"(self = %x, dim = [-1], keepdim = true) : (tensor<2x4xbf16>) -> tensor<2x1xbf16>
  func.return %0 : tensor<2x1xbf16>
}
// CHECK-LABEL: func.func @mean
// CHECK-NEXT:    %0 = graph.cast %x : (tensor<2x4xbf16>) -> tensor<2x4xf32>
// CHECK-NEXT:    %1 = graph.reduce %0 <{kind = "add", axes = array<i64: 1>}> : (tensor<2x4xf32>) -> tensor<2xf32>
// CHECK-NEXT:    %2 = graph.reshape %1 : (tensor<2xf32>) -> tensor<2x1xf32>
// CHECK-NEXT:    %3 = graph.constant <{value = 4.000000e+00 : f32}> : tensor<2x1xf32>
// CHECK-NEXT:    %4 = graph.div %2, %3 : tensor<2x1xf32>
// CHECK-NEXT:    %5 = graph.cast %4 : (tensor<2x1xf32>) -> tensor<2x1xbf16>

// Equal constants are shared; checks are dropped; what is not ATen stays.
func.func private @layer(%x: tensor<4xf32>) -> tensor<4xf32> {
  aten.call "aten._assert_tensor_metadata.default"(a = %x, size = none) : (tensor<4xf32>) -> ()
  %0 = aten.call "aten.mul.Tensor"(self = %x, other = 2) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = aten.call "aten.add.Tensor"(self = %0, other = 2) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = graph.weight <{key = "w"}> : tensor<4xf32>
  %0 = func.call @layer(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = aten.call "aten.mul.Tensor"(self = %0, other = %w) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}
// CHECK-LABEL: func.func private @layer
// CHECK-NEXT:    %0 = graph.constant <{value = 2.000000e+00 : f32}> : tensor<4xf32>
// CHECK-NEXT:    %1 = graph.mul %x, %0 : tensor<4xf32>
// CHECK-NEXT:    %2 = graph.add %1, %0 : tensor<4xf32>
// CHECK-NEXT:    func.return %2 : tensor<4xf32>
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %w = graph.weight <{key = "w"}> : tensor<4xf32>
// CHECK-NEXT:    %0 = func.call @layer(%x) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:    %1 = graph.mul %0, %w : tensor<4xf32>

// A complex tensor is two real ones, in signatures and calls of functions too.
func.func private @turn(%z: tensor<3xcomplex<f32>>, %turns: tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>> {
  %0 = aten.call "aten.mul.Tensor"(self = %z, other = %turns) : (tensor<3xcomplex<f32>>, tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>>
  func.return %0 : tensor<3xcomplex<f32>>
}
func.func @rotary(%x: tensor<3x2xf32>, %angle: tensor<3xf32>) -> tensor<3x2xf32> {
  %0 = aten.call "aten.view_as_complex.default"(self = %x) : (tensor<3x2xf32>) -> tensor<3xcomplex<f32>>
  %1 = aten.call "aten.ones_like.default"(self = %angle) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = aten.call "aten.polar.default"(abs = %1, angle = %angle) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xcomplex<f32>>
  %3 = func.call @turn(%0, %2) : (tensor<3xcomplex<f32>>, tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>>
  %4 = aten.call "aten.view_as_real.default"(self = %3) : (tensor<3xcomplex<f32>>) -> tensor<3x2xf32>
  func.return %4 : tensor<3x2xf32>
}
// CHECK-LABEL: func.func private @turn(%z: tensor<3xf32>, %z_1: tensor<3xf32>, %turns: tensor<3xf32>, %turns_1: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
// CHECK-NEXT:    [[AC:%.*]] = graph.mul %z, %turns : tensor<3xf32>
// CHECK-NEXT:    [[BD:%.*]] = graph.mul %z_1, %turns_1 : tensor<3xf32>
// CHECK-NEXT:    [[REAL:%.*]] = graph.sub [[AC]], [[BD]] : tensor<3xf32>
// CHECK-NEXT:    [[AD:%.*]] = graph.mul %z, %turns_1 : tensor<3xf32>
// CHECK-NEXT:    [[BC:%.*]] = graph.mul %z_1, %turns : tensor<3xf32>
// CHECK-NEXT:    [[IMAG:%.*]] = graph.add [[AD]], [[BC]] : tensor<3xf32>
// CHECK-NEXT:    func.return [[REAL]], [[IMAG]] : tensor<3xf32>, tensor<3xf32>
// CHECK-LABEL: func.func @rotary
// CHECK:         [[COS:%.*]] = graph.cos %angle
// CHECK:         [[SIN:%.*]] = graph.sin %angle
// CHECK:         func.call @turn(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
// CHECK:         graph.concat {{.*}} <{axis = 1 : i64}> : (tensor<3x1xf32>, tensor<3x1xf32>) -> tensor<3x2xf32>
