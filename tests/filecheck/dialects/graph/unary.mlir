// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @neg() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.neg %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @neg()
// CHECK:         %0 = graph.neg %a : tensor<4xf32>

func.func @abs() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.abs %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @abs()
// CHECK:         %0 = graph.abs %a : tensor<4xf32>

func.func @sign() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.sign %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @sign()
// CHECK:         %0 = graph.sign %a : tensor<4xf32>

func.func @exp() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.exp %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @exp()
// CHECK:         %0 = graph.exp %a : tensor<4xf32>

func.func @log() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.log %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @log()
// CHECK:         %0 = graph.log %a : tensor<4xf32>

func.func @sqrt() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.sqrt %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @sqrt()
// CHECK:         %0 = graph.sqrt %a : tensor<4xf32>

func.func @rsqrt() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.rsqrt %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @rsqrt()
// CHECK:         %0 = graph.rsqrt %a : tensor<4xf32>

func.func @reciprocal() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.reciprocal %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @reciprocal()
// CHECK:         %0 = graph.reciprocal %a : tensor<4xf32>

func.func @relu() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.relu %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @relu()
// CHECK:         %0 = graph.relu %a : tensor<4xf32>

func.func @floor() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.floor %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @floor()
// CHECK:         %0 = graph.floor %a : tensor<4xf32>

func.func @ceil() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.ceil %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @ceil()
// CHECK:         %0 = graph.ceil %a : tensor<4xf32>

func.func @round() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.round %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @round()
// CHECK:         %0 = graph.round %a : tensor<4xf32>

func.func @trunc() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.trunc %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @trunc()
// CHECK:         %0 = graph.trunc %a : tensor<4xf32>

func.func @not() {
  %a = "test.op"() : () -> tensor<4xi32>
  %0 = graph.not %a : tensor<4xi32>
  func.return
}
// CHECK-LABEL: func.func @not()
// CHECK:         %0 = graph.not %a : tensor<4xi32>

func.func @is_nan() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.is_nan %a : (tensor<4xf32>) -> tensor<4xi1>
  func.return
}
// CHECK-LABEL: func.func @is_nan()
// CHECK:         %0 = graph.is_nan %a : (tensor<4xf32>) -> tensor<4xi1>

func.func @is_inf() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.is_inf %a : (tensor<4xf32>) -> tensor<4xi1>
  func.return
}
// CHECK-LABEL: func.func @is_inf()
// CHECK:         %0 = graph.is_inf %a : (tensor<4xf32>) -> tensor<4xi1>
