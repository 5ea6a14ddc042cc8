// RUN: sfumato-opt %s --split-input-file --parsing-diagnostics | filecheck %s

%x = "test.op"() : () -> tensor<4xf32>
aten.call "aten.add.Tensor"(self = %x, other = maybe) : (tensor<4xf32>) -> ()

// CHECK: 'maybe' is not an argument value

// -----

%x = "test.op"() : () -> tensor<4xf32>
aten.call "aten.add.Tensor"(self = %x, other = %x) : (tensor<4xf32>) -> ()

// CHECK: expected 1 operand types but had 2
