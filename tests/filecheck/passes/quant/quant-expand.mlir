// RUN: sfumato-opt %s -p quant-expand | filecheck %s

func.func @scale(%x: tensor<37x64xf32>) -> tensor<37xf32> {
  %s = quant.scale %x <{axis = 1 : i64}> : (tensor<37x64xf32>) -> tensor<37xf32>
  func.return %s : tensor<37xf32>
}
// CHECK-LABEL: func.func @scale
// CHECK-NEXT:    %0 = graph.abs %x : tensor<37x64xf32>
// CHECK-NEXT:    %1 = graph.reduce %0 <{kind = "max", axes = array<i64: 1>}> : (tensor<37x64xf32>) -> tensor<37xf32>
// CHECK-NEXT:    %2 = graph.constant <{value = 1.49287783e-36 : f32}> : tensor<37xf32>
// CHECK-NEXT:    %3 = graph.max %1, %2 : tensor<37xf32>
// CHECK-NEXT:    %4 = graph.constant <{value = 1.270000e+02 : f32}> : tensor<37xf32>
// CHECK-NEXT:    %s = graph.div %3, %4 : tensor<37xf32>
// CHECK-NEXT:    func.return %s

func.func @codes_of_columns(%w: tensor<64x88xf32>, %s: tensor<88xf32>) -> tensor<64x88xi8> {
  %q = quant.quantize %w, %s <{axis = 0 : i64}> : (tensor<64x88xf32>, tensor<88xf32>) -> tensor<64x88xi8>
  func.return %q : tensor<64x88xi8>
}
// CHECK-LABEL: func.func @codes_of_columns
// CHECK-NEXT:    %0 = graph.broadcast %s <{dims = array<i64: 1>}> : (tensor<88xf32>) -> tensor<64x88xf32>
// CHECK-NEXT:    %1 = graph.div %w, %0 : tensor<64x88xf32>
// CHECK-NEXT:    %2 = graph.round %1 : tensor<64x88xf32>
// CHECK-NEXT:    %3 = graph.constant <{value = -1.270000e+02 : f32}> : tensor<64x88xf32>
// CHECK-NEXT:    %4 = graph.max %2, %3 : tensor<64x88xf32>
// CHECK-NEXT:    %5 = graph.constant <{value = 1.270000e+02 : f32}> : tensor<64x88xf32>
// CHECK-NEXT:    %6 = graph.min %4, %5 : tensor<64x88xf32>
// CHECK-NEXT:    %q = graph.cast %6 : (tensor<64x88xf32>) -> tensor<64x88xi8>

func.func @dequantize(%c: tensor<3x37x88xi32>, %r: tensor<3x37xf32>, %s: tensor<3x88xf32>) -> tensor<3x37x88xf32> {
  %y = quant.dequantize %c, %r, %s : (tensor<3x37x88xi32>, tensor<3x37xf32>, tensor<3x88xf32>) -> tensor<3x37x88xf32>
  func.return %y : tensor<3x37x88xf32>
}
// CHECK-LABEL: func.func @dequantize
// CHECK-NEXT:    %0 = graph.cast %c : (tensor<3x37x88xi32>) -> tensor<3x37x88xf32>
// CHECK-NEXT:    %1 = graph.broadcast %r <{dims = array<i64: 0, 1>}> : (tensor<3x37xf32>) -> tensor<3x37x88xf32>
// CHECK-NEXT:    %2 = graph.mul %0, %1 : tensor<3x37x88xf32>
// CHECK-NEXT:    %3 = graph.broadcast %s <{dims = array<i64: 0, 2>}> : (tensor<3x88xf32>) -> tensor<3x37x88xf32>
// CHECK-NEXT:    %y = graph.mul %2, %3 : tensor<3x37x88xf32>

func.func @left_alone(%x: tensor<37x64xi8>, %w: tensor<64x88xi8>) -> tensor<37x88xi32> {
  %0 = graph.matmul %x, %w : (tensor<37x64xi8>, tensor<64x88xi8>) -> tensor<37x88xi32>
  func.return %0 : tensor<37x88xi32>
}
// CHECK-LABEL: func.func @left_alone
// CHECK-NEXT:    %0 = graph.matmul %x, %w
// CHECK-NEXT:    func.return %0
