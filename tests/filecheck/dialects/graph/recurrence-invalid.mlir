// RUN: sfumato-opt %s --verify-diagnostics --split-input-file | filecheck %s

%z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
%s = graph.recurrence axes [1] carry(%z) ins(%x) {
^bb0(%e: tensor<4x9xf32>, %c: tensor<4xf32>):
  graph.yield %c : tensor<4xf32>
} : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>

// CHECK: the body's arguments are the carried values, then the inputs

// -----

%z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
%s = graph.recurrence axes [1] carry(%z) ins(%x) {
^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
  graph.yield %e : tensor<4x9xf32>
} : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>

// CHECK: carried values, yielded values and results have the same types

// -----

%z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
%s = graph.recurrence axes [1, 1] carry(%z) ins(%x) {
^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
  graph.yield %c : tensor<4xf32>
} : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>

// CHECK: one axis for each input

// -----

%z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
%s = graph.recurrence axes [2] carry(%z) ins(%x) {
^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
  graph.yield %c : tensor<4xf32>
} : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>

// CHECK: axis 2 is outside tensor<4x9xf32>

// -----

%z, %x, %y = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>, tensor<4x8xf32>)
%s = graph.recurrence axes [1, 1] carry(%z) ins(%x, %y) {
^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>, %f: tensor<4x8xf32>):
  graph.yield %c : tensor<4xf32>
} : (tensor<4xf32>) over (tensor<4x9xf32>, tensor<4x8xf32>) -> tensor<4xf32>

// CHECK: the walked axes must have one size, found [8, 9]

// -----

%z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
%s = graph.recurrence axes [-1] carry(%z) ins(%x) {
^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
  graph.yield %c : tensor<4xf32>
} : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>

// CHECK: the walked axes must have one size, found []

// -----

%z = "test.op"() : () -> tensor<4xf32>
graph.yield %z : tensor<4xf32>

// CHECK: 'graph.yield' expects parent op

// -----

%z, %x = "test.op"() : () -> (tensor<4xf32>, tensor<4x9xf32>)
%s = graph.recurrence axes [1] chunk 0 carry(%z) ins(%x) {
^bb0(%c: tensor<4xf32>, %e: tensor<4x9xf32>):
  graph.yield %c : tensor<4xf32>
} : (tensor<4xf32>) over (tensor<4x9xf32>) -> tensor<4xf32>

// CHECK: a chunk has at least one element, found 0
