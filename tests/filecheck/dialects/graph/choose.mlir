// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @compare() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.compare %a, %b <{predicate = "lt"}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  func.return
}
// CHECK-LABEL: func.func @compare()
// CHECK:         %0 = graph.compare %a, %b <{predicate = "lt"}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>

func.func @select() {
  %c, %a, %b = "test.op"() : () -> (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>)
  %0 = graph.select %c, %a, %b : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @select()
// CHECK:         %0 = graph.select %c, %a, %b : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>

func.func @cast() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.cast %a : (tensor<4xf32>) -> tensor<4xbf16>
  func.return
}
// CHECK-LABEL: func.func @cast()
// CHECK:         %0 = graph.cast %a : (tensor<4xf32>) -> tensor<4xbf16>
