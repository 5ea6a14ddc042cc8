// RUN: sfumato-opt %s -p convert-aten-to-graph,graph-check-support --split-input-file --verify-diagnostics | filecheck %s

// Everything without a handler is listed at once.
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = aten.call "aten.polar.default"(abs = %x) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":12:0)
  %1 = aten.call "aten.relu.default"(self = %0) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":13:0)
  %2 = aten.call "aten._fft_c2c.default"(self = %1) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":14:0)
  %3 = aten.call "aten.polar.default"(abs = %2) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":15:0)
  func.return %3 : tensor<4xf32>
}

// CHECK:      2 operators of this model are not supported:
// CHECK-NEXT:   aten.polar.default        2 x  first at model.py:12
// CHECK-NEXT:   aten._fft_c2c.default     1 x  first at model.py:14
// CHECK-NEXT: Rewrite these lines of the model, or export it with run_decompositions() and try again.

// -----

// So are calls whose arguments are refused.
func.func @main(%x: tensor<4xf32>, %m: tensor<4xi1>) -> (tensor<4xf32>, tensor<2xf32>) {
  %0 = aten.call "aten.dropout.default"(input = %x, p = 0.5, train = true) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":3:0)
  %1 = aten.call "aten.index.Tensor"(self = %0, indices = [%m]) : (tensor<4xf32>, tensor<4xi1>) -> tensor<2xf32> loc("model.py":4:0)
  func.return %0, %1 : tensor<4xf32>, tensor<2xf32>
}

// CHECK:      2 operators of this model are not supported:
// CHECK-NEXT:   aten.dropout.default     1 x  first at model.py:3  (dropout while training draws random numbers: export the model in eval mode)
// CHECK-NEXT:   aten.index.Tensor        1 x  first at model.py:4  (an index of bools has a result whose shape depends on data)

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = aten.call "aten.pow.Tensor_Scalar"(self = %x, exponent = complex<0.0, 1.0>) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// CHECK:      1 operator of this model is not supported:
// CHECK-NEXT:   aten.pow.Tensor_Scalar     1 x  first at unknown  (argument 'exponent' is not a real number)

// -----

// torch has no decompositions of what other libraries define.
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = aten.call "mine.scale.default"(x = %x) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":5:0)
  func.return %0 : tensor<4xf32>
}

// CHECK:      1 operator of this model is not supported:
// CHECK-NEXT:   mine.scale.default     1 x  first at model.py:5
// CHECK-NEXT: Rewrite these lines of the model with operators of aten ('sfumato ops' lists them).

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = aten.call "mine.scale.default"(x = %x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = aten.call "aten.polar.default"(abs = %0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// CHECK:      2 operators of this model are not supported:
// CHECK-NEXT:   mine.scale.default     1 x
// CHECK-NEXT:   aten.polar.default     1 x
// CHECK-NEXT: Rewrite these lines of the model; run_decompositions() may replace the operators of aten.

// -----

// And calls that have no value for their operands.
func.func public @main(%0: tensor<0x4xf32>) -> tensor<4xf32> {
  %1 = aten.call "aten.amax.default"(self = %0, dim = [0]) : (tensor<0x4xf32>) -> tensor<4xf32> loc("model.py":12:0)
  func.return %1 : tensor<4xf32>
}

// CHECK:        aten.amax.default     1 x  first at model.py:12  ('max' of no elements has no value)

// -----

// An archive may say anything of its results; what follows from the operands counts.
func.func @main(%x: tensor<4xf32>) -> tensor<5xf32> {
  %0 = aten.call "aten.relu.default"(self = %x) : (tensor<4xf32>) -> tensor<5xf32> loc("model.py":7:0)
  func.return %0 : tensor<5xf32>
}

// CHECK:      1 operator of this model is not supported:
// CHECK-NEXT:   aten.relu.default     1 x  first at model.py:7  (a result of tensor<5xf32> where its operands make tensor<4xf32>)
