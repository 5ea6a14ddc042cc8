// RUN: sfumato-opt %s -p dispatch-form-kernels --verify-diagnostics | filecheck %s

// What no kernel can hold is listed at once, with counts and the first line.
func.func @main(%x: tensor<4x6xf32>, %y: tensor<4xf32>) -> (tensor<4x6xf32>, tensor<4x6xi64>, tensor<4xf32>) {
  %0, %1 = graph.sort %x <{axis = 1 : i64}> : (tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xi64>) loc("model.py":12:0)
  %2 = graph.scan %y <{kind = "add", axis = 0 : i64}> : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":14:0)
  %3 = graph.scan %2 <{kind = "add", axis = 0 : i64}> : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":15:0)
  %4 = graph.matmul %1, %1 <{transpose_b}> : (tensor<4x6xi64>, tensor<4x6xi64>) -> tensor<4x4xi64> loc("model.py":16:0)
  func.return %0, %1, %3 : tensor<4x6xf32>, tensor<4x6xi64>, tensor<4xf32>
}

// CHECK:      3 operators of this model are not supported:
// CHECK-NEXT:   graph.sort       1 x  first at model.py:12  (no kernel yet)
// CHECK-NEXT:   graph.scan       2 x  first at model.py:14  (no kernel yet)
// CHECK-NEXT:   graph.matmul     1 x  first at model.py:16  (the cube does not multiply i64)
// CHECK-NEXT: Rewrite these lines of the model, or export it with run_decompositions() and try again.
