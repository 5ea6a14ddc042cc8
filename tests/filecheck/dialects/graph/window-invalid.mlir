// RUN: sfumato-opt %s --verify-diagnostics --split-input-file | filecheck %s

%x = "test.op"() : () -> tensor<2x9xf32>
%0 = graph.window %x <{axes = array<i64: 1>, sizes = array<i64: 3, 3>, strides = array<i64: 1>, dilation = array<i64: 1>}> : (tensor<2x9xf32>) -> tensor<2x7x3xf32>

// CHECK: the lists need one entry a windowed axis

// -----

%x = "test.op"() : () -> tensor<2x9xf32>
%0 = graph.window %x <{axes = array<i64: 2>, sizes = array<i64: 3>, strides = array<i64: 1>, dilation = array<i64: 1>}> : (tensor<2x9xf32>) -> tensor<2x7x3xf32>

// CHECK: axis 2 is outside a tensor of rank 2

// -----

%x = "test.op"() : () -> tensor<2x9xf32>
%0 = graph.window %x <{axes = array<i64: 1>, sizes = array<i64: 3>, strides = array<i64: 0>, dilation = array<i64: 1>}> : (tensor<2x9xf32>) -> tensor<2x7x3xf32>

// CHECK: sizes, strides and dilation must be positive

// -----

%x = "test.op"() : () -> tensor<2x9xf32>
%0 = graph.window %x <{axes = array<i64: 1>, sizes = array<i64: 5>, strides = array<i64: 1>, dilation = array<i64: 3>}> : (tensor<2x9xf32>) -> tensor<2x1x5xf32>

// CHECK: a window of 5 does not fit into an axis of size 9

// -----

%x = "test.op"() : () -> tensor<2x9xf32>
%0 = graph.window %x <{axes = array<i64: 1>, sizes = array<i64: 3>, strides = array<i64: 2>, dilation = array<i64: 1>}> : (tensor<2x9xf32>) -> tensor<2x7x3xf32>

// CHECK: tensor<2x4x3xf32>
