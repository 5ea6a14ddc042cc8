// RUN: sfumato-opt %s -p attn-pack-query-groups | filecheck %s

// Four heads of three queries are twelve rows; what the region reads of each head gets rows too. Keys after 20 + 2 are
// hidden from all queries and cut off; the rest of the band counts queries, row - 3 floor(row / 3).
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %[[Q:.*]] = graph.reshape %q : {{.*}} -> tensor<1x2x1x12x16xf16>
// CHECK-NEXT:    graph.broadcast %b {{.*}} -> tensor<1x2x4x3x1xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.reshape {{.*}} -> tensor<1x2x1x12x1xf32>
// CHECK-NEXT:    %[[K:.*]] = graph.slice %k <{{{.*}}stops = array<i64: 1, 2, 1, 23, 16>{{.*}} -> tensor<1x2x1x23x16xf16>
// CHECK-NEXT:    %[[V:.*]] = graph.slice %k
// CHECK-NEXT:    %[[O:.*]] = attn.attention %[[Q]], %[[K]], %[[V]], %[[B]] <{scale = 2.500000e-01 : f64, algorithm = "flash"}> {
// CHECK:           graph.mul %{{.*}} : tensor<1x2x1x12x23xf32>
// CHECK:           %[[ROW:.*]] = graph.iota <{axis = 3 : i64}>
// CHECK:           %[[HEAD:.*]] = graph.floor
// CHECK:           %[[BEFORE:.*]] = graph.mul %[[HEAD]]
// CHECK-NEXT:      %[[QUERY:.*]] = graph.sub %[[ROW]], %[[BEFORE]]
// CHECK:           %[[END:.*]] = graph.add %[[QUERY]]
// CHECK:           graph.compare %{{.*}}, %[[END]] <{predicate = "le"}>
// CHECK:         graph.reshape %[[O]] : {{.*}} -> tensor<1x2x4x3x16xf16>
func.func @main(%q: tensor<1x2x4x3x16xf16>, %k: tensor<1x2x1x32x16xf16>, %b: tensor<1x2x4x1x1xf32>) -> tensor<1x2x4x3x16xf16> {
  %0 = attn.attention %q, %k, %k, %b <{scale = 0.25 : f64, upper = 20 : i64, algorithm = "flash"}> {
  ^bb0(%1: tensor<1x2x4x3x32xf32>, %2: tensor<1x2x4x1x1xf32>):
    %3 = graph.broadcast %2 <{dims = array<i64: 0, 1, 2, 3, 4>}> : (tensor<1x2x4x1x1xf32>) -> tensor<1x2x4x3x32xf32>
    %4 = graph.mul %1, %3 : tensor<1x2x4x3x32xf32>
    attn.yield %4 : tensor<1x2x4x3x32xf32>
  } : (tensor<1x2x4x3x16xf16>, tensor<1x2x1x32x16xf16>, tensor<1x2x1x32x16xf16>, tensor<1x2x4x1x1xf32>) -> tensor<1x2x4x3x16xf16>
  func.return %0 : tensor<1x2x4x3x16xf16>
}

// One query a head, every key seen: two reshapes, no mask.
// CHECK-LABEL: func.func @decode
// CHECK-NEXT:    %[[Q:.*]] = graph.reshape %q
// CHECK-NEXT:    %[[O:.*]] = attn.attention %[[Q]], %k, %k <{scale = 2.500000e-01 : f64, algorithm = "flash"}> : (tensor<2x1x4x16xf16>
// CHECK-NEXT:    graph.reshape %[[O]]
func.func @decode(%q: tensor<2x4x1x16xf16>, %k: tensor<2x1x32x16xf16>) -> tensor<2x4x1x16xf16> {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, upper = 31 : i64, algorithm = "flash"}>
    : (tensor<2x4x1x16xf16>, tensor<2x1x32x16xf16>, tensor<2x1x32x16xf16>) -> tensor<2x4x1x16xf16>
  func.return %0 : tensor<2x4x1x16xf16>
}

// Left alone: heads with many queries; a mask that each head of a group would need a copy of; standard attention.
// CHECK-LABEL: func.func @alone
// CHECK-NEXT:    attn.attention %q, %k, %k
// CHECK-NEXT:    attn.attention %f, %k, %k, %m
// CHECK:         attn.attention %f, %k, %k <{{{.*}}algorithm = "standard"}>
// CHECK-NEXT:    func.return
func.func @alone(%q: tensor<2x4x99x16xf16>, %k: tensor<2x1x32x16xf16>, %f: tensor<2x4x3x16xf16>, %m: tensor<1x1x3x32xi1>)
    -> (tensor<2x4x99x16xf16>, tensor<2x4x3x16xf16>, tensor<2x4x3x16xf16>) {
  %0 = attn.attention %q, %k, %k <{scale = 0.25 : f64, algorithm = "flash"}>
    : (tensor<2x4x99x16xf16>, tensor<2x1x32x16xf16>, tensor<2x1x32x16xf16>) -> tensor<2x4x99x16xf16>
  %1 = attn.attention %f, %k, %k, %m <{scale = 0.25 : f64, algorithm = "flash"}> {
  ^bb0(%2: tensor<2x4x3x32xf32>, %3: tensor<1x1x3x32xi1>):
    %4 = graph.broadcast %3 <{dims = array<i64: 0, 1, 2, 3>}> : (tensor<1x1x3x32xi1>) -> tensor<2x4x3x32xi1>
    %5 = graph.constant <{value = 0xff800000 : f32}> : tensor<2x4x3x32xf32>
    %6 = graph.select %4, %2, %5 : (tensor<2x4x3x32xi1>, tensor<2x4x3x32xf32>, tensor<2x4x3x32xf32>) -> tensor<2x4x3x32xf32>
    attn.yield %6 : tensor<2x4x3x32xf32>
  } : (tensor<2x4x3x16xf16>, tensor<2x1x32x16xf16>, tensor<2x1x32x16xf16>, tensor<1x1x3x32xi1>) -> tensor<2x4x3x16xf16>
  %7 = attn.attention %f, %k, %k <{scale = 0.25 : f64, algorithm = "standard"}>
    : (tensor<2x4x3x16xf16>, tensor<2x1x32x16xf16>, tensor<2x1x32x16xf16>) -> tensor<2x4x3x16xf16>
  func.return %0, %1, %7 : tensor<2x4x99x16xf16>, tensor<2x4x3x16xf16>, tensor<2x4x3x16xf16>
}
