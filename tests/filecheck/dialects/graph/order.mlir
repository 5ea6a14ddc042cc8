// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @sort() {
  %a = "test.op"() : () -> tensor<4x8xf32>
  %v, %i = graph.sort %a <{axis = 1 : i64, descending}> : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xi64>)
  func.return
}
// CHECK-LABEL: func.func @sort()
// CHECK:         %v, %i = graph.sort %a <{axis = 1 : i64, descending}> : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xi64>)

func.func @topk() {
  %a = "test.op"() : () -> tensor<4x8xf32>
  %v, %i = graph.topk %a <{axis = 1 : i64, k = 2 : i64, largest}> : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>)
  func.return
}
// CHECK-LABEL: func.func @topk()
// CHECK:         %v, %i = graph.topk %a <{axis = 1 : i64, k = 2 : i64, largest}> : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>)
