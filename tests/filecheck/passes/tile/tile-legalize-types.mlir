// RUN: sfumato-opt %s -p tile-legalize-types | filecheck %s

// bf16 is loaded as it lies, computed in f32, and rounded once, before the store. The cast back and forth is none.
// CHECK-LABEL: tile.kernel @bfloat
tile.kernel @bfloat arguments {} {
^bb0(%x: tensor<16x96xbf16>, %y: tensor<16x96xbf16>):
  %zero, %rows, %cols = "test.op"() : () -> (index, index, index)
  %v = tile.view %x[%zero] strides [96, 1] extents(%rows, %cols) : tensor<16x96xbf16> -> !tile.tile<16x96xbf16, gm, nd>
  %w = tile.view %y[%zero] strides [96, 1] extents(%rows, %cols) : tensor<16x96xbf16> -> !tile.tile<16x96xbf16, gm, nd>
  %a = tile.load %v extents(%rows, %cols) : !tile.tile<16x96xbf16, gm, nd> -> !tile.tile<16x96xbf16, ub, nd>
  %c = tile.constant 1.0 : bf16 -> !tile.tile<1x1xbf16, ub, nd>
  %b = tile.compute "add"(%a, %c) extents(%rows, %cols) : (!tile.tile<16x96xbf16, ub, nd>, !tile.tile<1x1xbf16, ub, nd>) -> !tile.tile<16x96xbf16, ub, nd>
  %f = tile.compute "cast"(%b) extents(%rows, %cols) : (!tile.tile<16x96xbf16, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
  %e = tile.compute "exp"(%f) extents(%rows, %cols) : (!tile.tile<16x96xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
  %r = tile.compute "cast"(%e) extents(%rows, %cols) : (!tile.tile<16x96xf32, ub, nd>) -> !tile.tile<16x96xbf16, ub, nd>
  tile.store %r to %w extents(%rows, %cols) : !tile.tile<16x96xbf16, ub, nd>, !tile.tile<16x96xbf16, gm, nd>
}
// CHECK:      %[[A:.*]] = tile.load {{.*}} -> !tile.tile<16x96xbf16, ub, nd>
// CHECK-NEXT: %[[F:.*]] = tile.compute "cast"(%[[A]]) {{.*}} -> !tile.tile<16x96xf32, ub, nd>
// CHECK-NEXT: %[[C:.*]] = tile.constant 1.000000e+00 : f32 -> !tile.tile<1x1xf32, ub, nd>
// CHECK-NEXT: %[[B:.*]] = tile.compute "add"(%[[F]], %[[C]]) {{.*}} -> !tile.tile<16x96xf32, ub, nd>
// CHECK-NEXT: %[[E:.*]] = tile.compute "exp"(%[[B]])
// CHECK-NEXT: %[[R:.*]] = tile.compute "cast"(%[[E]]) {{.*}} -> !tile.tile<16x96xbf16, ub, nd>
// CHECK-NEXT: tile.store %[[R]]

// Booleans are bytes in memory and f16 in UB; a number becomes one by comparison with 0.
// CHECK-LABEL: tile.kernel @boolean
tile.kernel @boolean arguments {} {
^bb0(%x: tensor<16x96xi1>, %y: tensor<16x96xi1>):
  %zero, %rows, %cols, %n = "test.op"() : () -> (index, index, index, !tile.tile<16x96xf16, ub, nd>)
  %v = tile.view %x[%zero] strides [96, 1] extents(%rows, %cols) : tensor<16x96xi1> -> !tile.tile<16x96xi1, gm, nd>
  %w = tile.view %y[%zero] strides [96, 1] extents(%rows, %cols) : tensor<16x96xi1> -> !tile.tile<16x96xi1, gm, nd>
  %a = tile.load %v extents(%rows, %cols) : !tile.tile<16x96xi1, gm, nd> -> !tile.tile<16x96xi1, ub, nd>
  %b = tile.compute "cast"(%n) extents(%rows, %cols) : (!tile.tile<16x96xf16, ub, nd>) -> !tile.tile<16x96xi1, ub, nd>
  %c = tile.compute "and"(%a, %b) extents(%rows, %cols) : (!tile.tile<16x96xi1, ub, nd>, !tile.tile<16x96xi1, ub, nd>) -> !tile.tile<16x96xi1, ub, nd>
  tile.store %c to %w extents(%rows, %cols) : !tile.tile<16x96xi1, ub, nd>, !tile.tile<16x96xi1, gm, nd>
}
// CHECK:      %[[A:.*]] = tile.load {{.*}} -> !tile.tile<16x96xui8, ub, nd>
// CHECK-NEXT: %[[H:.*]] = tile.compute "cast"(%[[A]]) {{.*}} -> !tile.tile<16x96xf16, ub, nd>
// CHECK-NEXT: %[[Z:.*]] = tile.constant 0.000000e+00 : f16
// CHECK-NEXT: %[[B:.*]] = tile.compute "compare" option "ne"(%{{.*}}, %[[Z]]) {{.*}} -> !tile.tile<16x96xf16, ub, nd>
// CHECK-NEXT: %[[C:.*]] = tile.compute "and"(%[[H]], %[[B]])
// CHECK-NEXT: %[[S:.*]] = tile.compute "cast"(%[[C]]) {{.*}} -> !tile.tile<16x96xui8, ub, nd>
// CHECK-NEXT: tile.store %[[S]]

// Integers are i32; a tile that is only converted is converted from the type in memory.
// CHECK-LABEL: tile.kernel @integers
tile.kernel @integers arguments {} {
^bb0(%x: tensor<16x96xi8>):
  %zero, %rows, %cols = "test.op"() : () -> (index, index, index)
  %v = tile.view %x[%zero] strides [96, 1] extents(%rows, %cols) : tensor<16x96xi8> -> !tile.tile<16x96xi8, gm, nd>
  %a = tile.load %v extents(%rows, %cols) : !tile.tile<16x96xi8, gm, nd> -> !tile.tile<16x96xi8, ub, nd>
  %f = tile.compute "cast"(%a) extents(%rows, %cols) : (!tile.tile<16x96xi8, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
  %i = tile.iota "cols" from %zero extents(%rows, %cols) : !tile.tile<1x96xi16, ub, nd>
  %c = tile.constant 7 : i16 -> !tile.tile<1x1xi16, ub, nd>
  %m = tile.compute "min"(%i, %c) extents(%rows, %cols) : (!tile.tile<1x96xi16, ub, nd>, !tile.tile<1x1xi16, ub, nd>) -> !tile.tile<1x96xi16, ub, nd>
}
// CHECK:      %[[A:.*]] = tile.load {{.*}} -> !tile.tile<16x96xi8, ub, nd>
// CHECK-NEXT: tile.compute "cast"(%[[A]]) {{.*}} -> !tile.tile<16x96xf32, ub, nd>
// CHECK-NEXT: tile.iota {{.*}} !tile.tile<1x96xi32, ub, nd>
// CHECK-NEXT: tile.constant 7 : i32
// CHECK-NEXT: tile.compute "min"{{.*}} -> !tile.tile<1x96xi32, ub, nd>

// 64-bit numbers stay, in conversions, words and copies.
// CHECK-LABEL: tile.kernel @whole
tile.kernel @whole arguments {} {
^bb0(%x: tensor<16x96xi64>):
  %zero, %rows, %cols, %n, %h = "test.op"() : () -> (index, index, index, !tile.tile<16x96xf32, ub, nd>, !tile.tile<16x96xi32, ub, nd>)
  %w = tile.view %x[%zero] strides [96, 1] extents(%rows, %cols) : tensor<16x96xi64> -> !tile.tile<16x96xi64, gm, nd>
  %i = tile.compute "cast"(%n) extents(%rows, %cols) : (!tile.tile<16x96xf32, ub, nd>) -> !tile.tile<16x96xi64, ub, nd>
  %l = tile.compute "low_word"(%i) extents(%rows, %cols) : (!tile.tile<16x96xi64, ub, nd>) -> !tile.tile<16x96xi32, ub, nd>
  %j = tile.compute "join_words"(%l, %h) extents(%rows, %cols) : (!tile.tile<16x96xi32, ub, nd>, !tile.tile<16x96xi32, ub, nd>) -> !tile.tile<16x96xi64, ub, nd>
  tile.store %j to %w extents(%rows, %cols) : !tile.tile<16x96xi64, ub, nd>, !tile.tile<16x96xi64, gm, nd>
}
// CHECK:      %[[I:.*]] = tile.compute "cast"({{.*}} -> !tile.tile<16x96xi64, ub, nd>
// CHECK-NEXT: %[[L:.*]] = tile.compute "low_word"(%[[I]]) {{.*}} -> !tile.tile<16x96xi32, ub, nd>
// CHECK-NEXT: %[[J:.*]] = tile.compute "join_words"(%[[L]], {{.*}} -> !tile.tile<16x96xi64, ub, nd>
// CHECK-NEXT: tile.store %[[J]] to

// What is legal, and what belongs to the cube core, stays.
// CHECK-LABEL: tile.kernel @legal
tile.kernel @legal arguments {} {
^bb0(%x: tensor<16x96xf32>):
  %rows, %cols, %t, %w, %c = "test.op"() : () -> (index, index, !tile.tile<16x96xf32, ub, nd>, !tile.tile<16x96xbf16, gm, nd>, !tile.tile<16x96xf32, l0c, nz>)
  %e = tile.compute "exp"(%t) extents(%rows, %cols) : (!tile.tile<16x96xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
  tile.store %c to %w extents(%rows, %cols) : !tile.tile<16x96xf32, l0c, nz>, !tile.tile<16x96xbf16, gm, nd>
}
// CHECK:      tile.compute "exp"
// CHECK-NEXT: tile.store {{.*}} : !tile.tile<16x96xf32, l0c, nz>, !tile.tile<16x96xbf16, gm, nd>
