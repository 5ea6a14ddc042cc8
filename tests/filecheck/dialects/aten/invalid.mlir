// RUN: sfumato-opt %s --split-input-file --verify-diagnostics | filecheck %s

%x = "test.op"() : () -> tensor<4xf32>
aten.call "add"(self = %x) : (tensor<4xf32>) -> ()

// CHECK: "add" is not an operator overload such as "aten.add.Tensor"

// -----

%x = "test.op"() : () -> tensor<4xf32>
aten.call "aten.add.Tensor"(self = %x, self = 1) : (tensor<4xf32>) -> ()

// CHECK: argument names repeat: self, self

// -----

%x = "test.op"() : () -> tensor<4xf32>
"aten.call"(%x, %x) <{overload = "aten.add.Tensor", arguments = #aten.arguments<self = operand<1>, other = operand<0>>}> : (tensor<4xf32>, tensor<4xf32>) -> ()

// CHECK: arguments use operands [1, 0], expected each of 2 once, in order

// -----

%x = "test.op"() : () -> tensor<4xf32>
"aten.call"(%x) <{overload = "aten.add.Tensor", arguments = #aten.arguments<>}> : (tensor<4xf32>) -> ()

// CHECK: arguments use operands [], expected each of 1 once, in order

// -----

%x = "test.op"() : () -> i32
aten.call "aten.add.Tensor"(self = %x) : (i32) -> ()

// CHECK: operand 'tensors' at position 0 does not verify
