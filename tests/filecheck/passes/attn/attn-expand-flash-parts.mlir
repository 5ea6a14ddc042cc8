// RUN: sfumato-opt %s -p 'attn-expand-flash{parts=2}' | filecheck %s

// 33 keys are two overlapping views of 17, a leading axis more; the first hides its last key. Each part starts without
// sinks and carries m, l and O out; the second kernel rescales all parts to one largest score and adds the sinks' terms.
// CHECK-LABEL: func.func @odd
// CHECK:         %[[Q:.*]] = graph.broadcast {{.*}} -> tensor<2x2x8x16xf16>
// CHECK-NEXT:    graph.window %k <{axes = array<i64: 1>, sizes = array<i64: 17>, strides = array<i64: 16>
// CHECK-NEXT:    %[[K:.*]] = graph.permute {{.*}} -> tensor<2x2x17x16xf16>
// CHECK-NEXT:    graph.window %k
// CHECK-NEXT:    %[[V:.*]] = graph.permute {{.*}} -> tensor<2x2x17x16xf16>
// CHECK-NEXT:    %[[LOWEST:.*]] = graph.constant <{value = -3.40282347e+38 : f32}>
// CHECK:         %[[M:.*]], %[[L:.*]], %[[O:.*]] = graph.recurrence axes [-1, 2, 2] carry(%[[LOWEST]], {{.*}} ins(%[[Q]], %[[K]], %[[V]])
// CHECK:           %[[SCORES:.*]] = graph.matmul {{.*}} -> tensor<2x2x8x17xf32>
// CHECK:           %[[KEEPS:.*]] = graph.compare {{.*}} <{predicate = "lt"}>
// CHECK:           graph.select %[[KEEPS]], %[[SCORES]]
// CHECK:         %[[SINK:.*]] = graph.broadcast {{.*}} -> tensor<2x8xf32>
// CHECK:         %[[TOP:.*]] = graph.reduce %[[M]] <{kind = "max", axes = array<i64: 1>}>
// CHECK-NEXT:    %[[ALL:.*]] = graph.max %[[TOP]], %[[SINK]]
// CHECK:         %[[SHARE:.*]] = graph.exp
// CHECK-NEXT:    graph.mul %[[L]], %[[SHARE]]
// CHECK-NEXT:    %[[SUM:.*]] = graph.reduce {{.*}} <{kind = "add", axes = array<i64: 1>}>
// CHECK:         %[[TOTAL:.*]] = graph.add %[[SUM]]
// CHECK:         graph.mul %[[O]]
// CHECK-NEXT:    %[[OUT:.*]] = graph.reduce {{.*}} <{kind = "add", axes = array<i64: 1>}>
// CHECK-NEXT:    %[[WIDE:.*]] = graph.broadcast %[[TOTAL]]
// CHECK-NEXT:    graph.div %[[OUT]], %[[WIDE]]
func.func @odd(%q: tensor<2x8x16xf16>, %k: tensor<2x33x16xf16>, %s: tensor<2x1x1xf32>) -> tensor<2x8x16xf16> {
  %0 = attn.attention %q, %k, %k, %s <{scale = 1.0 : f64, sinks, algorithm = "flash"}>
    : (tensor<2x8x16xf16>, tensor<2x33x16xf16>, tensor<2x33x16xf16>, tensor<2x1x1xf32>) -> tensor<2x8x16xf16>
  func.return %0 : tensor<2x8x16xf16>
}

// Parts that divide the keys are a reshape, of masks too; the band counts keys from each part's first one.
// CHECK-LABEL: func.func @even
// CHECK:         graph.reshape %k : (tensor<2x32x16xf16>) -> tensor<2x2x16x16xf16>
// CHECK:         graph.reshape %b : (tensor<1x8x32xf32>) -> tensor<1x8x2x16xf32>
// CHECK-NEXT:    graph.permute {{.*}} -> tensor<1x2x8x16xf32>
// CHECK:         graph.recurrence axes [-1, 2, 2, 3] carry
// CHECK:           %[[PART:.*]] = graph.iota <{axis = 1 : i64}>
// CHECK:           %[[FIRST:.*]] = graph.mul %[[PART]]
// CHECK-NEXT:      graph.add %{{.*}}, %[[FIRST]]
// CHECK:           graph.compare {{.*}} <{predicate = "le"}>
func.func @even(%q: tensor<2x8x16xf16>, %k: tensor<2x32x16xf16>, %b: tensor<1x8x32xf32>) -> tensor<2x8x16xf16> {
  %0 = attn.attention %q, %k, %k, %b <{scale = 1.0 : f64, upper = 24 : i64, algorithm = "flash"}> {
  ^bb0(%1: tensor<2x8x32xf32>, %2: tensor<1x8x32xf32>):
    %3 = graph.broadcast %2 <{dims = array<i64: 0, 1, 2>}> : (tensor<1x8x32xf32>) -> tensor<2x8x32xf32>
    %4 = graph.add %1, %3 : tensor<2x8x32xf32>
    attn.yield %4 : tensor<2x8x32xf32>
  } : (tensor<2x8x16xf16>, tensor<2x32x16xf16>, tensor<2x32x16xf16>, tensor<1x8x32xf32>) -> tensor<2x8x16xf16>
  func.return %0 : tensor<2x8x16xf16>
}
