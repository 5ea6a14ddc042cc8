// RUN: sfumato-opt %s -p convert-aten-to-graph,graph-check-support --verify-diagnostics | filecheck %s

// Calls without a handler, calls that a handler refuses, and ops without a kernel are listed together; what a layer
// holds counts each time that the layer is run.
func.func private @layer(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = aten.call "aten.pow.Tensor_Tensor"(self = %x, exponent = %x) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32> loc("model.py":7:0)
  func.return %0 : tensor<4xi32>
}
func.func @main(%x: tensor<4xf32>, %i: tensor<4xi32>, %z: tensor<4xcomplex<f32>>) -> (tensor<4xf32>, tensor<4xi32>, tensor<4xf64>) {
  %0 = aten.call "aten.nothing.default"(self = %x) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":3:0)
  %1 = aten.call "aten.dropout.default"(input = %0, p = 0.5, train = true) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":4:0)
  %2 = func.call @layer(%i) : (tensor<4xi32>) -> tensor<4xi32>
  %3 = func.call @layer(%2) : (tensor<4xi32>) -> tensor<4xi32>
  %4 = aten.call "aten.cosh.default"(self = %z) : (tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> loc("model.py":9:0)
  %z2 = aten.call "aten.abs.default"(self = %4) : (tensor<4xcomplex<f32>>) -> tensor<4xf32> loc("model.py":9:0)
  %5 = aten.call "aten.add.Tensor"(self = %1, other = %z2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("model.py":10:0)
  %6 = aten.call "aten.to.dtype"(self = %5, dtype = torch.float64) : (tensor<4xf32>) -> tensor<4xf64> loc("model.py":11:0)
  func.return %5, %3, %6 : tensor<4xf32>, tensor<4xi32>, tensor<4xf64>
}
// CHECK:      5 operators of this model are not supported:
// CHECK-NEXT:   graph.pow                2 x  first at model.py:7  (a power of integers needs one constant exponent of at least 0: compute it in floating point)
// CHECK-NEXT:   aten.nothing.default     1 x  first at model.py:3
// CHECK-NEXT:   aten.dropout.default     1 x  first at model.py:4  (dropout while training draws random numbers: export the model in eval mode)
// CHECK-NEXT:   aten.cosh.default        1 x  first at model.py:9  (complex numbers)
// CHECK-NEXT:   graph.cast               1 x  first at model.py:11  (float64: the NPU does not compute in it, export the model in float32)
// CHECK-NEXT: Rewrite these lines of the model, or export it with run_decompositions() and try again.
