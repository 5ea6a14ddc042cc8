// RUN: sfumato-opt %s --split-input-file --verify-diagnostics | filecheck %s

%q, %k = "test.op"() : () -> (tensor<1x8x37x64xf16>, tensor<1x3x64x64xf16>)
%0 = attn.attention %q, %k, %k <{scale = 0.125 : f64}> : (tensor<1x8x37x64xf16>, tensor<1x3x64x64xf16>, tensor<1x3x64x64xf16>) -> tensor<1x8x37x64xf16>

// CHECK: the leading axes of tensor<1x3x64x64xf16> neither are those of tensor<1x8x37x64xf16> nor have one element

// -----

%q, %k, %m = "test.op"() : () -> (tensor<1x8x37x64xf16>, tensor<1x8x64x64xf16>, tensor<1x1x37x37xi1>)
%0 = attn.attention %q, %k, %k, %m <{scale = 0.125 : f64}> : (tensor<1x8x37x64xf16>, tensor<1x8x64x64xf16>, tensor<1x8x64x64xf16>, tensor<1x1x37x37xi1>) -> tensor<1x8x37x64xf16>

// CHECK: operand tensor<1x1x37x37xi1> does not fit scores of shape [1, 8, 37, 64]

// -----

%q, %m = "test.op"() : () -> (tensor<8x37x64xf16>, tensor<8x1x37xf32>)
%0 = attn.attention %q, %q, %q, %m <{scale = 0.125 : f64}> : (tensor<8x37x64xf16>, tensor<8x37x64xf16>, tensor<8x37x64xf16>, tensor<8x1x37xf32>) -> tensor<8x37x64xf16>

// CHECK: operands after v need a region that reads them

// -----

%q, %s = "test.op"() : () -> (tensor<8x37x64xf16>, tensor<8x37x37xf32>)
%0 = attn.attention %q, %q, %q, %s <{scale = 0.125 : f64, sinks}> : (tensor<8x37x64xf16>, tensor<8x37x64xf16>, tensor<8x37x64xf16>, tensor<8x37x37xf32>) -> tensor<8x37x64xf16>

// CHECK: operand tensor<8x37x37xf32> does not fit scores of shape [8, 37, 1]

// -----

%q = "test.op"() : () -> tensor<8x37x64xf16>
%0 = attn.attention %q, %q, %q <{scale = 0.125 : f64}> {
^bb0(%s: tensor<8x37x37xf16>):
  attn.yield %s : tensor<8x37x37xf16>
} : tensor<8x37x64xf16>

// CHECK: the region takes the scores, then the operands after v

// -----

%q = "test.op"() : () -> tensor<8x37x64xf16>
%0 = attn.attention %q, %q, %q <{scale = 0.125 : f64}> {
^bb0(%s: tensor<8x37x37xf32>):
  %t = graph.reduce %s <{kind = "max", axes = array<i64: 2>}> : (tensor<8x37x37xf32>) -> tensor<8x37xf32>
  attn.yield %s : tensor<8x37x37xf32>
} : tensor<8x37x64xf16>

// CHECK: 'graph.reduce' in the region is no graph op of shape [8, 37, 37]

// -----

%q = "test.op"() : () -> tensor<1x8x37x64xf16>
%0 = attn.attention %q, %q, %q <{scale = 0.125 : f64, algorithm = "magic"}> : (tensor<1x8x37x64xf16>, tensor<1x8x37x64xf16>, tensor<1x8x37x64xf16>) -> tensor<1x8x37x64xf16>

// CHECK: property 'algorithm' must be one of standard, flash, amla, pasa
