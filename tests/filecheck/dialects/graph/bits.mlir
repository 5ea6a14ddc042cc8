// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @bits() {
  %x, %n = "test.op"() : () -> (tensor<4xf32>, tensor<4xi32>)
  %0 = graph.add_bits %x, %n : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @bits()
// CHECK:         %0 = graph.add_bits %x, %n : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
