// RUN: sfumato-opt %s -p attn-expand-pasa --verify-diagnostics --split-input-file | filecheck %s

// CHECK: attention algorithm 'pasa' computes in f16, and this attention's operands are f32: compile with --precision fp16
func.func @wide(%q: tensor<4x8x16xf32>) -> tensor<4x8x16xf32> {
  %0 = attn.attention %q, %q, %q <{scale = 0.25 : f64, algorithm = "pasa"}>
    : (tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  func.return %0 : tensor<4x8x16xf32>
}

// -----

// CHECK: its scores go through graph.tanh; use another algorithm, such as --attention flash
func.func @cap(%q: tensor<4x8x16xf16>) -> tensor<4x8x16xf16> {
  %0 = attn.attention %q, %q, %q <{scale = 0.25 : f64, algorithm = "pasa"}> {
  ^bb0(%1: tensor<4x8x8xf32>):
    %2 = graph.tanh %1 : tensor<4x8x8xf32>
    attn.yield %2 : tensor<4x8x8xf32>
  } : tensor<4x8x16xf16>
  func.return %0 : tensor<4x8x16xf16>
}

// -----

// CHECK: it puts other numbers than those that hide a key in the place of scores
func.func @replaced(%q: tensor<4x8x16xf16>, %m: tensor<4x8x8xi1>) -> tensor<4x8x16xf16> {
  %0 = attn.attention %q, %q, %q, %m <{scale = 0.25 : f64, algorithm = "pasa"}> {
  ^bb0(%1: tensor<4x8x8xf32>, %2: tensor<4x8x8xi1>):
    %3 = graph.constant <{value = -1.0e+04 : f32}> : tensor<4x8x8xf32>
    %4 = graph.select %2, %1, %3 : (tensor<4x8x8xi1>, tensor<4x8x8xf32>, tensor<4x8x8xf32>) -> tensor<4x8x8xf32>
    attn.yield %4 : tensor<4x8x8xf32>
  } : (tensor<4x8x16xf16>, tensor<4x8x16xf16>, tensor<4x8x16xf16>, tensor<4x8x8xi1>) -> tensor<4x8x16xf16>
  func.return %0 : tensor<4x8x16xf16>
}

// -----

// CHECK: PASA multiplies keys with the scale of the scores in f16, which has no 100000.0; use another algorithm
func.func @scale(%q: tensor<4x8x16xf16>) -> tensor<4x8x16xf16> {
  %0 = attn.attention %q, %q, %q <{scale = 100000.0 : f64, algorithm = "pasa"}>
    : (tensor<4x8x16xf16>, tensor<4x8x16xf16>, tensor<4x8x16xf16>) -> tensor<4x8x16xf16>
  func.return %0 : tensor<4x8x16xf16>
}
