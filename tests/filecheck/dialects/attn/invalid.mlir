// RUN: sfumato-opt %s --split-input-file --verify-diagnostics | filecheck %s

%q, %k = "test.op"() : () -> (tensor<1x8x37x64xf16>, tensor<1x3x64x64xf16>)
%0 = attn.attention %q, %k, %k <{scale = 0.125 : f64}> : (tensor<1x8x37x64xf16>, tensor<1x3x64x64xf16>, tensor<1x3x64x64xf16>) -> tensor<1x8x37x64xf16>

// CHECK: 8 query heads do not share 3 key heads in equal groups

// -----

%q, %k, %m = "test.op"() : () -> (tensor<1x8x37x64xf16>, tensor<1x8x64x64xf16>, tensor<1x1x37x37xi1>)
%0 = attn.attention %q, %k, %k, %m <{scale = 0.125 : f64}> : (tensor<1x8x37x64xf16>, tensor<1x8x64x64xf16>, tensor<1x8x64x64xf16>, tensor<1x1x37x37xi1>) -> tensor<1x8x37x64xf16>

// CHECK: mask tensor<1x1x37x37xi1> does not fit scores of shape [1, 8, 37, 64]

// -----

%q = "test.op"() : () -> tensor<1x8x37x64xf16>
%0 = attn.attention %q, %q, %q <{scale = 0.125 : f64, algorithm = "magic"}> : (tensor<1x8x37x64xf16>, tensor<1x8x37x64xf16>, tensor<1x8x37x64xf16>) -> tensor<1x8x37x64xf16>

// CHECK: property 'algorithm' must be one of standard, flash, amla, pasa
