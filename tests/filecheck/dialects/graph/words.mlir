// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @words() {
  %a = "test.op"() : () -> tensor<4xi64>
  %0 = graph.low_word %a : (tensor<4xi64>) -> tensor<4xi32>
  %1 = graph.high_word %a : (tensor<4xi64>) -> tensor<4xi32>
  %2 = graph.join_words %0, %1 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi64>
  func.return
}
// CHECK-LABEL: func.func @words()
// CHECK:         %0 = graph.low_word %a : (tensor<4xi64>) -> tensor<4xi32>
// CHECK-NEXT:    %1 = graph.high_word %a : (tensor<4xi64>) -> tensor<4xi32>
// CHECK-NEXT:    %2 = graph.join_words %0, %1 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi64>
