// RUN: sfumato-opt %s -p graph-legalize-integers --verify-diagnostics --split-input-file | filecheck %s

func.func @zero(%x: tensor<4xi32>) -> tensor<4xi32> {
  %z = graph.constant <{value = 0 : i32}> : tensor<4xi32>
  %0 = graph.floor_div %x, %z : tensor<4xi32>
  func.return %0 : tensor<4xi32>
}
// CHECK: graph.floor_div: an integer divided by 0 has no value [in pass graph-legalize-integers]

// -----

func.func @power(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %0 = graph.pow %x, %y : tensor<4xi64>
  func.return %0 : tensor<4xi64>
}
// CHECK: graph.pow: a power of integers needs one constant exponent of at least 0: compute it in floating point [in pass graph-legalize-integers]
