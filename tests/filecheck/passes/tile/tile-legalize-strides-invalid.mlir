// RUN: not sfumato-opt %s -p tile-legalize-strides 2>&1 | filecheck %s

// CHECK: a store that combines with memory needs elements that follow each other
%zero, %rows, %cols, %x = "test.op"() : () -> (index, index, index, tensor<16x192xf32>)
%t = "test.op"() : () -> !tile.tile<16x96xf32, ub, nd>
%v = tile.view %x[%zero] strides [192, 2] extents(%rows, %cols) : tensor<16x192xf32> -> !tile.tile<16x96xf32, gm, nd>
tile.store %t to %v extents(%rows, %cols) atomic "add" : !tile.tile<16x96xf32, ub, nd>, !tile.tile<16x96xf32, gm, nd>
