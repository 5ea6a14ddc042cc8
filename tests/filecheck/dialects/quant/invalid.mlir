// RUN: sfumato-opt %s --split-input-file --verify-diagnostics | filecheck %s

%x = "test.op"() : () -> tensor<37x64xf16>
%s = quant.scale %x <{axis = 1 : i64}> : (tensor<37x64xf16>) -> tensor<37xf32>

// CHECK: only f32 elements are quantised, found tensor<37x64xf16>

// -----

%x = "test.op"() : () -> tensor<37x64xf32>
%s = quant.scale %x <{axis = 2 : i64}> : (tensor<37x64xf32>) -> tensor<37xf32>

// CHECK: axis 2 is outside a tensor of rank 2

// -----

%x = "test.op"() : () -> tensor<37x64xf32>
%s = quant.scale %x <{axis = 1 : i64}> : (tensor<37x64xf32>) -> tensor<64xf32>

// CHECK: result 0 should be tensor<37xf32>, found tensor<64xf32>

// -----

%x, %s = "test.op"() : () -> (tensor<37x64xf32>, tensor<64xf32>)
%q = quant.quantize %x, %s <{axis = 1 : i64}> : (tensor<37x64xf32>, tensor<64xf32>) -> tensor<37x64xi8>

// CHECK: the scales should be tensor<37xf32>, found tensor<64xf32>

// -----

%c, %r, %s = "test.op"() : () -> (tensor<37x88xi8>, tensor<37xf32>, tensor<88xf32>)
%y = quant.dequantize %c, %r, %s : (tensor<37x88xi8>, tensor<37xf32>, tensor<88xf32>) -> tensor<37x88xf32>

// CHECK: sums should be a matrix of i32, found tensor<37x88xi8>

// -----

%c, %r, %s = "test.op"() : () -> (tensor<37x88xi32>, tensor<88xf32>, tensor<37xf32>)
%y = quant.dequantize %c, %r, %s : (tensor<37x88xi32>, tensor<88xf32>, tensor<37xf32>) -> tensor<37x88xf32>

// CHECK: scales of tensor<37x88xi32> should be tensor<37xf32>, found tensor<88xf32>
