// RUN: sfumato-opt %s -p attn-fuse-attention --remarks 2>&1 | filecheck %s

// Why softmaxes are left, with the lines they came from.
// CHECK: model.py:3: remark: softmax not fused: its scores or weights are used elsewhere too, by func.return [attn-fuse-attention]
// CHECK: model.py:5: remark: softmax not fused: its result is no operand of a product with values: func.return reads it [attn-fuse-attention]
// CHECK: model.py:6: remark: softmax not fused: it is along axis 1, not the last [attn-fuse-attention]
// CHECK: model.py:7: remark: softmax not fused: its scores are no product of queries and keys [attn-fuse-attention]
func.func @main(%q: tensor<4x8x8xf32>) -> (tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>) {
  %s = graph.matmul %q, %q <{transpose_b}> : tensor<4x8x8xf32>
  %p = graph.softmax %s <{axis = 2 : i64}> : tensor<4x8x8xf32> loc("model.py":3:0)
  %o = graph.matmul %p, %q : tensor<4x8x8xf32>
  %a = graph.softmax %q <{axis = 2 : i64}> : tensor<4x8x8xf32> loc("model.py":5:0)
  %b = graph.softmax %q <{axis = 1 : i64}> : tensor<4x8x8xf32> loc("model.py":6:0)
  %t = graph.exp %q : tensor<4x8x8xf32>
  %c = graph.softmax %t <{axis = 2 : i64}> : tensor<4x8x8xf32> loc("model.py":7:0)
  %d = graph.matmul %c, %q : tensor<4x8x8xf32>
  func.return %o, %p, %a, %b, %d : tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>, tensor<4x8x8xf32>
}
