// RUN: sfumato-opt %s --split-input-file --verify-diagnostics | filecheck %s

%a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf16>)
%0 = graph.add %a, %b : (tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>

// CHECK: operands differ in type: tensor<4xf32> and tensor<4xf16> (cast and broadcast are explicit)

// -----

%a = "test.op"() : () -> tensor<4xi32>
%0 = graph.exp %a : tensor<4xi32>

// CHECK: graph.exp computes on float elements, found i32

// -----

%a = "test.op"() : () -> tensor<?xf32>
%0 = graph.exp %a : tensor<?xf32>

// CHECK: graph ops need static shapes, found tensor<?xf32>

// -----

%a = "test.op"() : () -> tensor<4xf32>
%0 = graph.cast %a : (tensor<4xf32>) -> tensor<4xi7>

// CHECK: element type i7 is not one of bf16, f16, f32, f64, i8, ui8, i16, i32, i64, i1

// -----

%0 = graph.constant <{value = 1.0 : f32}> : tensor<4xf16>

// CHECK: the value 1.000000e+00 : f32 cannot fill tensor<4xf16>

// -----

%0 = graph.constant <{value = dense<[1, 2]> : tensor<2xi64>}> : tensor<3xi64>

// CHECK: the elements have type tensor<2xi64>, the result tensor<3xi64>

// -----

%0 = graph.iota <{axis = 1 : i64}> : tensor<4xi64>

// CHECK: axis 1 is outside a tensor of rank 1

// -----

%a = "test.op"() : () -> tensor<4x6xf32>
%0 = graph.reshape %a : (tensor<4x6xf32>) -> tensor<5x5xf32>

// CHECK: tensor<4x6xf32> cannot be reshaped to tensor<5x5xf32>

// -----

%a = "test.op"() : () -> tensor<4x6xf32>
%0 = graph.permute %a <{order = array<i64: 0, 0>}> : (tensor<4x6xf32>) -> tensor<4x4xf32>

// CHECK: order [0, 0] is no permutation of 2 axes

// -----

%a = "test.op"() : () -> tensor<3xf32>
%0 = graph.broadcast %a <{dims = array<i64: 1>}> : (tensor<3xf32>) -> tensor<2x4xf32>

// CHECK: tensor<3xf32> cannot be broadcast to tensor<2x4xf32>: axis 1 has size 3

// -----

%a = "test.op"() : () -> tensor<8xf32>
%0 = graph.slice %a <{starts = array<i64: 2>, stops = array<i64: 9>, steps = array<i64: 1>}> : (tensor<8xf32>) -> tensor<7xf32>

// CHECK: slice 2:9:1 is outside an axis of size 8

// -----

%a, %b = "test.op"() : () -> (tensor<2x4xf32>, tensor<2x3xf32>)
%0 = graph.concat %a, %b <{axis = 0 : i64}> : (tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<4x4xf32>

// CHECK: tensor<2x3xf32> and tensor<2x4xf32> cannot be concatenated along axis 0

// -----

%a = "test.op"() : () -> tensor<2x3xf32>
%0 = graph.reduce %a <{kind = "add", axes = array<i64: 1>}> : (tensor<2x3xf32>) -> tensor<2x1xf32>

// CHECK: result 0 should be tensor<2xf32>, found tensor<2x1xf32>

// -----

%a = "test.op"() : () -> tensor<2x3xf32>
%0 = graph.reduce %a <{kind = "mean", axes = array<i64: 1>}> : (tensor<2x3xf32>) -> tensor<2xf32>

// CHECK: property 'kind' must be one of add, mul, max, min, and, or

// -----

%a, %b = "test.op"() : () -> (tensor<2x3xf16>, tensor<4x5xf16>)
%0 = graph.matmul %a, %b : (tensor<2x3xf16>, tensor<4x5xf16>) -> tensor<2x5xf32>

// CHECK: inner sizes differ: 3 of tensor<2x3xf16> and 4 of tensor<4x5xf16>

// -----

%a, %b = "test.op"() : () -> (tensor<2x3xf32>, tensor<3x5xf32>)
%0 = graph.matmul %a, %b : (tensor<2x3xf32>, tensor<3x5xf32>) -> tensor<2x5xf16>

// CHECK: a product of f32 elements cannot have f16 elements

// -----

%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x3x3xf32>)
%0 = graph.convolution %x, %w <{strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64}> : (tensor<1x4x8xf32>, tensor<6x3x3xf32>) -> tensor<1x6x6xf32>

// CHECK: 1 groups do not divide tensor<1x4x8xf32> and tensor<6x3x3xf32>

// -----

%a, %i = "test.op"() : () -> (tensor<4x8xf32>, tensor<5x2xi64>)
%0 = graph.gather %a, %i <{axis = 1 : i64}> : (tensor<4x8xf32>, tensor<5x2xi64>) -> tensor<5x2xf32>

// CHECK: indices tensor<5x2xi64> reach outside tensor<4x8xf32>

// -----

%t, %i = "test.op"() : () -> (tensor<4x8xf32>, tensor<2xf32>)
%0 = graph.take %t, %i <{axis = 0 : i64}> : (tensor<4x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>

// CHECK: indices must be integers, found tensor<2xf32>

// -----

%x, %w = "test.op"() : () -> (tensor<4x8xf32>, tensor<4xf32>)
%0 = graph.layer_norm %x, %w <{axes = 1 : i64, epsilon = 1.0e-05 : f64}> : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>

// CHECK: scale and offset should be tensor<8xf32>, found tensor<4xf32>

// -----

%a = "test.op"() : () -> tensor<4xi32>
%0 = graph.low_word %a : (tensor<4xi32>) -> tensor<4xi32>
// CHECK: graph.low_word takes apart i64 elements, found tensor<4xi32>

// -----

%a, %b = "test.op"() : () -> (tensor<4xi64>, tensor<4xi64>)
%0 = graph.join_words %a, %b : tensor<4xi64>
// CHECK: graph.join_words joins i32 elements, found tensor<4xi64>

// -----

%a = "test.op"() : () -> tensor<4xi32>
%0 = graph.add_bits %a, %a : tensor<4xi32>
// CHECK: graph.add_bits adds i32 to f32 of the same shape, found tensor<4xi32> and tensor<4xi32>
