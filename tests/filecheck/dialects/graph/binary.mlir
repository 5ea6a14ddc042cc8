// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @add() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.add %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @add()
// CHECK:         %0 = graph.add %a, %b : tensor<4xf32>

func.func @sub() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.sub %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @sub()
// CHECK:         %0 = graph.sub %a, %b : tensor<4xf32>

func.func @mul() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.mul %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @mul()
// CHECK:         %0 = graph.mul %a, %b : tensor<4xf32>

func.func @div() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.div %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @div()
// CHECK:         %0 = graph.div %a, %b : tensor<4xf32>

func.func @max() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.max %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @max()
// CHECK:         %0 = graph.max %a, %b : tensor<4xf32>

func.func @min() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.min %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @min()
// CHECK:         %0 = graph.min %a, %b : tensor<4xf32>

func.func @pow() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.pow %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @pow()
// CHECK:         %0 = graph.pow %a, %b : tensor<4xf32>

func.func @rem() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.rem %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @rem()
// CHECK:         %0 = graph.rem %a, %b : tensor<4xf32>

func.func @fmod() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.fmod %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @fmod()
// CHECK:         %0 = graph.fmod %a, %b : tensor<4xf32>

func.func @floor_div() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.floor_div %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @floor_div()
// CHECK:         %0 = graph.floor_div %a, %b : tensor<4xf32>

func.func @atan2() {
  %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
  %0 = graph.atan2 %a, %b : tensor<4xf32>
  func.return
}
// CHECK-LABEL: func.func @atan2()
// CHECK:         %0 = graph.atan2 %a, %b : tensor<4xf32>

func.func @and() {
  %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
  %0 = graph.and %a, %b : tensor<4xi32>
  func.return
}
// CHECK-LABEL: func.func @and()
// CHECK:         %0 = graph.and %a, %b : tensor<4xi32>

func.func @or() {
  %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
  %0 = graph.or %a, %b : tensor<4xi32>
  func.return
}
// CHECK-LABEL: func.func @or()
// CHECK:         %0 = graph.or %a, %b : tensor<4xi32>

func.func @xor() {
  %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
  %0 = graph.xor %a, %b : tensor<4xi32>
  func.return
}
// CHECK-LABEL: func.func @xor()
// CHECK:         %0 = graph.xor %a, %b : tensor<4xi32>

func.func @shl() {
  %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
  %0 = graph.shl %a, %b : tensor<4xi32>
  func.return
}
// CHECK-LABEL: func.func @shl()
// CHECK:         %0 = graph.shl %a, %b : tensor<4xi32>

func.func @shr() {
  %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
  %0 = graph.shr %a, %b : tensor<4xi32>
  func.return
}
// CHECK-LABEL: func.func @shr()
// CHECK:         %0 = graph.shr %a, %b : tensor<4xi32>
