// RUN: sfumato-opt %s --split-input-file -p 'quant-quantize-matmuls{scheme=w8a8}' | filecheck %s
// RUN: sfumato-opt %s --split-input-file -p 'quant-quantize-matmuls{scheme=none}' | filecheck %s --check-prefix NONE

// NONE-NOT: quant.

// One scale a token, one a channel; what follows the product stays.
func.func @linear(%x: tensor<5x8xf32>, %b: tensor<5x3xf32>) -> tensor<5x3xf32> {
  %w = graph.weight <{key = "w"}> : tensor<3x8xf32>
  %p = graph.matmul %x, %w <{transpose_b}> : (tensor<5x8xf32>, tensor<3x8xf32>) -> tensor<5x3xf32>
  %y = graph.add %p, %b : tensor<5x3xf32>
  func.return %y : tensor<5x3xf32>
}
// CHECK-LABEL: func.func @linear
// CHECK:         [[XS:%[0-9]+]] = quant.scale %x <{axis = 1 : i64}> : (tensor<5x8xf32>) -> tensor<5xf32>
// CHECK-NEXT:    [[XQ:%[0-9]+]] = quant.quantize %x, [[XS]] <{axis = 1 : i64}>
// CHECK-NEXT:    [[WS:%[0-9]+]] = quant.scale %w <{axis = 1 : i64}> : (tensor<3x8xf32>) -> tensor<3xf32>
// CHECK-NEXT:    [[WQ:%[0-9]+]] = quant.quantize %w, [[WS]] <{axis = 1 : i64}>
// CHECK-NEXT:    [[C:%[0-9]+]] = graph.matmul [[XQ]], [[WQ]] <{transpose_b}> : (tensor<5x8xi8>, tensor<3x8xi8>) -> tensor<5x3xi32>
// CHECK-NEXT:    %p = quant.dequantize [[C]], [[XS]], [[WS]] : (tensor<5x3xi32>, tensor<5xf32>, tensor<3xf32>) -> tensor<5x3xf32>
// CHECK-NEXT:    %y = graph.add %p, %b

// -----

// Narrow floats are widened for their codes; an activation of two products is quantised once; the weight may be the left operand.
func.func @narrow(%x: tensor<8x5xf16>) -> (tensor<3x5xf16>, tensor<5x4xf32>) {
  %v = graph.weight <{key = "v"}> : tensor<3x8xf16>
  %w = graph.weight <{key = "w"}> : tensor<8x4xf16>
  %p = graph.matmul %v, %x : (tensor<3x8xf16>, tensor<8x5xf16>) -> tensor<3x5xf16>
  %q = graph.matmul %x, %w <{transpose_a}> : (tensor<8x5xf16>, tensor<8x4xf16>) -> tensor<5x4xf32>
  func.return %p, %q : tensor<3x5xf16>, tensor<5x4xf32>
}
// CHECK-LABEL: func.func @narrow
// CHECK:         [[V:%[0-9]+]] = graph.cast %v : (tensor<3x8xf16>) -> tensor<3x8xf32>
// CHECK-NEXT:    [[VS:%[0-9]+]] = quant.scale [[V]] <{axis = 1 : i64}>
// CHECK-NEXT:    [[VQ:%[0-9]+]] = quant.quantize [[V]], [[VS]] <{axis = 1 : i64}>
// CHECK-NEXT:    [[X:%[0-9]+]] = graph.cast %x : (tensor<8x5xf16>) -> tensor<8x5xf32>
// CHECK-NEXT:    [[XS:%[0-9]+]] = quant.scale [[X]] <{axis = 0 : i64}>
// CHECK-NEXT:    [[XQ:%[0-9]+]] = quant.quantize [[X]], [[XS]] <{axis = 0 : i64}>
// CHECK-NEXT:    [[C:%[0-9]+]] = graph.matmul [[VQ]], [[XQ]] : (tensor<3x8xi8>, tensor<8x5xi8>) -> tensor<3x5xi32>
// CHECK-NEXT:    [[D:%[0-9]+]] = quant.dequantize [[C]], [[VS]], [[XS]]
// CHECK-NEXT:    %p = graph.cast [[D]] : (tensor<3x5xf32>) -> tensor<3x5xf16>
// CHECK-NOT:     quant.scale [[X]]
// CHECK:         graph.matmul [[XQ]], {{.*}} <{transpose_a}> : (tensor<8x5xi8>, tensor<8x4xi8>) -> tensor<5x4xi32>

// -----

// An argument is a weight when every call passes one: %w is, %v is not.
func.func @main(%x: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %a = graph.weight <{key = "a"}> : tensor<8x8xf32>
  %b = graph.weight <{key = "b"}> : tensor<8x8xf32>
  %c = graph.matmul %x, %x <{transpose_a}> : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<8x8xf32>
  %0 = func.call @layer(%x, %a, %b) : (tensor<5x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>
  %1 = func.call @layer(%0, %b, %c) : (tensor<5x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>
  func.return %1 : tensor<5x8xf32>
}
func.func private @layer(%x: tensor<5x8xf32>, %w: tensor<8x8xf32>, %v: tensor<8x8xf32>) -> tensor<5x8xf32> {
  %y = graph.matmul %x, %w : (tensor<5x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>
  %z = graph.matmul %y, %v : (tensor<5x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>
  func.return %z : tensor<5x8xf32>
}
// CHECK-LABEL: func.func @main
// CHECK:         %c = graph.matmul %x, %x <{transpose_a}> : (tensor<5x8xf32>
// CHECK-LABEL: func.func private @layer
// CHECK:         quant.scale %w <{axis = 0 : i64}> : (tensor<8x8xf32>) -> tensor<8xf32>
// CHECK:         %y = quant.dequantize
// CHECK-NEXT:    %z = graph.matmul %y, %v : (tensor<5x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>

// -----

// The head, whose weight has the size of a table that an input indexes, is left alone; a projection of that size before it is not.
func.func @main(%ids: tensor<5xi64>) -> tensor<5x8xf32> {
  %words = graph.weight <{key = "words"}> : tensor<8x8xf32>
  %w = graph.weight <{key = "w"}> : tensor<8x8xf32>
  %head = graph.weight <{key = "head"}> : tensor<8x8xf32>
  %x = graph.take %words, %ids <{axis = 0 : i64}> : (tensor<8x8xf32>, tensor<5xi64>) -> tensor<5x8xf32>
  %p = graph.matmul %x, %w : (tensor<5x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>
  %h = graph.relu %p : tensor<5x8xf32>
  %y = graph.matmul %h, %head <{transpose_b}> : (tensor<5x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>
  func.return %y : tensor<5x8xf32>
}
// CHECK-LABEL: func.func @main
// CHECK:         %p = quant.dequantize
// CHECK:         %y = graph.matmul %h, %head <{transpose_b}> : (tensor<5x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>

// -----

// A table that is indexed by constants alone holds positions: the last projection is no head.
func.func @main(%e: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %positions = graph.weight <{key = "positions"}> : tensor<8x8xf32>
  %w = graph.weight <{key = "w"}> : tensor<8x8xf32>
  %i = graph.iota <{axis = 0 : i64}> : tensor<8xi64>
  %t = graph.take %positions, %i <{axis = 0 : i64}> : (tensor<8x8xf32>, tensor<8xi64>) -> tensor<8x8xf32>
  %x = graph.add %e, %t : tensor<8x8xf32>
  %y = graph.matmul %x, %w : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  func.return %y : tensor<8x8xf32>
}
// CHECK-LABEL: func.func @main
// CHECK:         %y = quant.dequantize

// -----

// Left alone: two activations, two constants, a sum of one term, f64.
func.func @alone(%x: tensor<5x8xf32>, %c: tensor<5x1xf32>, %d: tensor<5x8xf64>) -> (tensor<5x5xf32>, tensor<8x8xf32>, tensor<5x8xf32>, tensor<5x8xf64>) {
  %v = graph.weight <{key = "v"}> : tensor<8x8xf32>
  %r = graph.weight <{key = "r"}> : tensor<1x8xf32>
  %w = graph.weight <{key = "w"}> : tensor<8x8xf64>
  %k = graph.constant <{value = 2.0 : f32}> : tensor<8x8xf32>
  %0 = graph.matmul %x, %x <{transpose_b}> : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x5xf32>
  %1 = graph.matmul %v, %k : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %2 = graph.matmul %c, %r : (tensor<5x1xf32>, tensor<1x8xf32>) -> tensor<5x8xf32>
  %3 = graph.matmul %d, %w : (tensor<5x8xf64>, tensor<8x8xf64>) -> tensor<5x8xf64>
  func.return %0, %1, %2, %3 : tensor<5x5xf32>, tensor<8x8xf32>, tensor<5x8xf32>, tensor<5x8xf64>
}
// CHECK-LABEL: func.func @alone
// CHECK-NOT:     quant.
// CHECK:         func.return
