// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @take() {
  %t, %i = "test.op"() : () -> (tensor<100x8xf32>, tensor<2x5xi64>)
  %0 = graph.take %t, %i <{axis = 0 : i64}> : (tensor<100x8xf32>, tensor<2x5xi64>) -> tensor<2x5x8xf32>
  func.return
}
// CHECK-LABEL: func.func @take()
// CHECK:         %0 = graph.take %t, %i <{axis = 0 : i64}> : (tensor<100x8xf32>, tensor<2x5xi64>) -> tensor<2x5x8xf32>

func.func @gather() {
  %a, %i = "test.op"() : () -> (tensor<4x8xf32>, tensor<4x2xi64>)
  %0 = graph.gather %a, %i <{axis = 1 : i64}> : (tensor<4x8xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>
  func.return
}
// CHECK-LABEL: func.func @gather()
// CHECK:         %0 = graph.gather %a, %i <{axis = 1 : i64}> : (tensor<4x8xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>

func.func @scatter() {
  %a, %i, %u = "test.op"() : () -> (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x2xf32>)
  %0 = graph.scatter %a, %i, %u <{axis = 1 : i64, reduce = "add"}> : (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x2xf32>) -> tensor<4x8xf32>
  func.return
}
// CHECK-LABEL: func.func @scatter()
// CHECK:         %0 = graph.scatter %a, %i, %u <{axis = 1 : i64, reduce = "add"}> : (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x2xf32>) -> tensor<4x8xf32>

func.func @index_put() {
  %a, %i, %v = "test.op"() : () -> (tensor<16x8xf32>, tensor<3xi64>, tensor<3x8xf32>)
  %0 = graph.index_put %a, %i, %v <{axis = 0 : i64, reduce = "none"}> : (tensor<16x8xf32>, tensor<3xi64>, tensor<3x8xf32>) -> tensor<16x8xf32>
  func.return
}
// CHECK-LABEL: func.func @index_put()
// CHECK:         %0 = graph.index_put %a, %i, %v <{axis = 0 : i64, reduce = "none"}> : (tensor<16x8xf32>, tensor<3xi64>, tensor<3x8xf32>) -> tensor<16x8xf32>
