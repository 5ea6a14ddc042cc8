// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

func.func @one_scale_a_row(%x: tensor<37x64xf32>) {
  %s = quant.scale %x <{axis = 1 : i64}> : (tensor<37x64xf32>) -> tensor<37xf32>
  %q = quant.quantize %x, %s <{axis = 1 : i64}> : (tensor<37x64xf32>, tensor<37xf32>) -> tensor<37x64xi8>
  func.return
}
// CHECK-LABEL: func.func @one_scale_a_row
// CHECK-NEXT:    %s = quant.scale %x <{axis = 1 : i64}> : (tensor<37x64xf32>) -> tensor<37xf32>
// CHECK-NEXT:    %q = quant.quantize %x, %s <{axis = 1 : i64}> : (tensor<37x64xf32>, tensor<37xf32>) -> tensor<37x64xi8>

func.func @batch(%w: tensor<3x64x88xf32>) {
  %s = quant.scale %w <{axis = 1 : i64}> : (tensor<3x64x88xf32>) -> tensor<3x88xf32>
  %q = quant.quantize %w, %s <{axis = 1 : i64}> : (tensor<3x64x88xf32>, tensor<3x88xf32>) -> tensor<3x64x88xi8>
  func.return
}
// CHECK-LABEL: func.func @batch
// CHECK-NEXT:    %s = quant.scale %w <{axis = 1 : i64}> : (tensor<3x64x88xf32>) -> tensor<3x88xf32>
// CHECK-NEXT:    %q = quant.quantize %w, %s <{axis = 1 : i64}> : (tensor<3x64x88xf32>, tensor<3x88xf32>) -> tensor<3x64x88xi8>

func.func @dequantize(%c: tensor<3x37x88xi32>, %r: tensor<3x37xf32>, %s: tensor<3x88xf32>) {
  %y = quant.dequantize %c, %r, %s : (tensor<3x37x88xi32>, tensor<3x37xf32>, tensor<3x88xf32>) -> tensor<3x37x88xf32>
  func.return
}
// CHECK-LABEL: func.func @dequantize
// CHECK-NEXT:    %y = quant.dequantize %c, %r, %s : (tensor<3x37x88xi32>, tensor<3x37xf32>, tensor<3x88xf32>) -> tensor<3x37x88xf32>
