// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @exp2() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.exp2 %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @exp2()
// CHECK:         %0 = graph.exp2 %a : tensor<4xf32>

func.func @expm1() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.expm1 %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @expm1()
// CHECK:         %0 = graph.expm1 %a : tensor<4xf32>

func.func @log1p() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.log1p %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @log1p()
// CHECK:         %0 = graph.log1p %a : tensor<4xf32>

func.func @log2() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.log2 %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @log2()
// CHECK:         %0 = graph.log2 %a : tensor<4xf32>

func.func @log10() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.log10 %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @log10()
// CHECK:         %0 = graph.log10 %a : tensor<4xf32>

func.func @sin() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.sin %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @sin()
// CHECK:         %0 = graph.sin %a : tensor<4xf32>

func.func @cos() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.cos %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @cos()
// CHECK:         %0 = graph.cos %a : tensor<4xf32>

func.func @tan() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.tan %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @tan()
// CHECK:         %0 = graph.tan %a : tensor<4xf32>

func.func @asin() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.asin %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @asin()
// CHECK:         %0 = graph.asin %a : tensor<4xf32>

func.func @acos() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.acos %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @acos()
// CHECK:         %0 = graph.acos %a : tensor<4xf32>

func.func @atan() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.atan %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @atan()
// CHECK:         %0 = graph.atan %a : tensor<4xf32>

func.func @sinh() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.sinh %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @sinh()
// CHECK:         %0 = graph.sinh %a : tensor<4xf32>

func.func @cosh() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.cosh %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @cosh()
// CHECK:         %0 = graph.cosh %a : tensor<4xf32>

func.func @tanh() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.tanh %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @tanh()
// CHECK:         %0 = graph.tanh %a : tensor<4xf32>

func.func @asinh() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.asinh %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @asinh()
// CHECK:         %0 = graph.asinh %a : tensor<4xf32>

func.func @acosh() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.acosh %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @acosh()
// CHECK:         %0 = graph.acosh %a : tensor<4xf32>

func.func @atanh() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.atanh %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @atanh()
// CHECK:         %0 = graph.atanh %a : tensor<4xf32>

func.func @erf() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.erf %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @erf()
// CHECK:         %0 = graph.erf %a : tensor<4xf32>

func.func @erfc() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.erfc %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @erfc()
// CHECK:         %0 = graph.erfc %a : tensor<4xf32>

func.func @erfinv() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.erfinv %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @erfinv()
// CHECK:         %0 = graph.erfinv %a : tensor<4xf32>

func.func @sigmoid() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.sigmoid %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @sigmoid()
// CHECK:         %0 = graph.sigmoid %a : tensor<4xf32>

func.func @silu() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.silu %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @silu()
// CHECK:         %0 = graph.silu %a : tensor<4xf32>

func.func @mish() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.mish %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @mish()
// CHECK:         %0 = graph.mish %a : tensor<4xf32>

func.func @hardswish() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.hardswish %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @hardswish()
// CHECK:         %0 = graph.hardswish %a : tensor<4xf32>

func.func @hardsigmoid() {
  %a = "test.op"() : () -> tensor<4xf32>
  %0 = graph.hardsigmoid %a : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @hardsigmoid()
// CHECK:         %0 = graph.hardsigmoid %a : tensor<4xf32>
