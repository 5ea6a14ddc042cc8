// RUN: sfumato-opt %s -p 'graph-set-precision{precision=fp16}' | filecheck %s
// RUN: sfumato-opt %s -p 'graph-set-precision{precision=keep}' | filecheck %s --check-prefix KEEP
// RUN: sfumato-opt %s -p 'graph-set-precision{precision=fp32}' | filecheck %s --check-prefix WIDE

// Products are narrowed, weights are named in the narrow type, sums stay in f32. An argument that only products use
// becomes narrow too.
// CHECK: sfumato.precision = "fp16"
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[X:.*]]: tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK:         %[[W:.*]] = graph.weight <{key = "w"}> : tensor<8x8xf16>
// CHECK:         func.call @layer(%[[X]], %[[W]]) : (tensor<4x8xf32>, tensor<8x8xf16>) -> tensor<4x8xf32>
// CHECK-LABEL: func.func private @layer
// CHECK-SAME:    (%[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x8xf16>) -> tensor<4x8xf32>
// CHECK-NEXT:    %[[N:.*]] = graph.cast %[[X]] : (tensor<4x8xf32>) -> tensor<4x8xf16>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %[[N]], %[[W]] : (tensor<4x8xf16>, tensor<8x8xf16>) -> tensor<4x8xf32>
// CHECK-NEXT:    graph.add %[[X]], %[[P]] : tensor<4x8xf32>

// KEEP: sfumato.precision = "keep"
// KEEP: graph.matmul %{{.*}} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// KEEP: graph.exp %{{.*}} : tensor<4xf16>

// WIDE: func.func @half(%{{.*}}: tensor<4xf16>) -> tensor<4xf16>
// WIDE-NEXT: graph.cast
// WIDE-NEXT: graph.exp %{{.*}} : tensor<4xf32>
// WIDE-NEXT: graph.cast
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = graph.weight <{key = "w"}> : tensor<8x8xf32>
  %0 = func.call @layer(%x, %w) : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  func.return %0 : tensor<4x8xf32>
}
func.func private @layer(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = graph.add %x, %0 : tensor<4x8xf32>
  func.return %1 : tensor<4x8xf32>
}
func.func @half(%x: tensor<4xf16>) -> tensor<4xf16> {
  %0 = graph.exp %x : tensor<4xf16>
  func.return %0 : tensor<4xf16>
}
