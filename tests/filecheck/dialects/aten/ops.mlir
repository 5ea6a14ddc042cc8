// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s | sfumato-opt | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC
// RUN: sfumato-opt %s --print-debuginfo | filecheck %s --check-prefix=LOC

func.func @main(%x: tensor<2x4xf32>, %y: tensor<4xf32>, %i: tensor<3xi64>) -> tensor<2x4xf32> {
  %0 = aten.call "aten.add.Tensor"(self = %x, other = %y, alpha = 1) in "model.layers.0" : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32> loc("model.py":12:0)
  %1 = aten.call "aten.index.Tensor"(self = %0, indices = [none, %i]) : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  %2 = aten.call "aten.full.default"(size = [2, -1], fill_value = -inf, dtype = torch.float16, device = device<"cpu:0">, pin_memory = false) : () -> tensor<2x4xf16>
  %3, %4 = aten.call "aten.max.dim"(self = %0, dim = 1, keepdim = true) : (tensor<2x4xf32>) -> (tensor<2x1xf32>, tensor<2x1xi64>)
  aten.call "aten._assert_tensor_metadata.default"(a = %x, size = none, layout = torch.strided) : (tensor<2x4xf32>) -> ()
  %5 = aten.call "aten.gelu.default"(self = %0, approximate = "tanh") : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %6 = aten.call "other.scale"(x = %5, factors = [1.0e-05, 2.5, nan], pairs = [[1, 2], []], w = complex<1.0, -2.0>) attributes {note = "kept"} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  func.return %6 : tensor<2x4xf32>
}

// CHECK:      %0 = aten.call "aten.add.Tensor"(self = %x, other = %y, alpha = 1) in "model.layers.0" : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT: %1 = aten.call "aten.index.Tensor"(self = %0, indices = [none, %i]) : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<2x3xf32>
// CHECK-NEXT: %2 = aten.call "aten.full.default"(size = [2, -1], fill_value = -inf, dtype = torch.float16, device = device<"cpu:0">, pin_memory = false) : () -> tensor<2x4xf16>
// CHECK-NEXT: %3, %4 = aten.call "aten.max.dim"(self = %0, dim = 1, keepdim = true) : (tensor<2x4xf32>) -> (tensor<2x1xf32>, tensor<2x1xi64>)
// CHECK-NEXT: aten.call "aten._assert_tensor_metadata.default"(a = %x, size = none, layout = torch.strided) : (tensor<2x4xf32>) -> ()
// CHECK-NEXT: %5 = aten.call "aten.gelu.default"(self = %0, approximate = "tanh") : (tensor<2x4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT: %6 = aten.call "other.scale"(x = %5, factors = [1.0e-05, 2.5, nan], pairs = {{\[\[}}1, 2], []], w = complex<1.0, -2.0>) attributes {note = "kept"} : (tensor<2x4xf32>) -> tensor<2x4xf32>

// GENERIC: "aten.call"(%x, %y) <{overload = "aten.add.Tensor", arguments = #aten.arguments<self = operand<0>, other = operand<1>, alpha = 1>, module_path = "model.layers.0"}>
// GENERIC: "aten.call"(%0, %i) <{overload = "aten.index.Tensor", arguments = #aten.arguments<self = operand<0>, indices = [none, operand<1>]>}>

// LOC: aten.call "aten.add.Tensor"{{.*}} loc("model.py":12:0)
