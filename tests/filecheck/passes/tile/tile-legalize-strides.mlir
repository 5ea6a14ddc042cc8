// RUN: sfumato-opt %s -p tile-legalize-strides | filecheck %s

%zero, %rows, %cols, %i = "test.op"() : () -> (index, index, index, !tile.tile<16x1xi32, ub, nd>)
%x, %y = "test.op"() : () -> (tensor<16x192xf32>, tensor<192x16xf32>)

// Rows of elements that follow each other are copied as they are, upwards or downwards.
// CHECK: tile.load %{{.*}} extents
%v0 = tile.view %x[%zero] strides [-192, 1] extents(%rows, %cols) : tensor<16x192xf32> -> !tile.tile<16x96xf32, gm, nd>
%t0 = tile.load %v0 extents(%rows, %cols) : !tile.tile<16x96xf32, gm, nd> -> !tile.tile<16x96xf32, ub, nd>

// Every second element of each row, and a store of the same kind.
// CHECK: tile.load_elements %{{.*}} by 96 extents
// CHECK: tile.store_elements %{{.*}} to %{{.*}} by 96 extents
%v1 = tile.view %x[%zero] strides [192, 2] extents(%rows, %cols) : tensor<16x192xf32> -> !tile.tile<16x96xf32, gm, nd>
%t1 = tile.load %v1 extents(%rows, %cols) : !tile.tile<16x96xf32, gm, nd> -> !tile.tile<16x96xf32, ub, nd>
tile.store %t1 to %v1 extents(%rows, %cols) : !tile.tile<16x96xf32, ub, nd>, !tile.tile<16x96xf32, gm, nd>

// A column is one run when its elements follow each other, in a part of a window too.
// CHECK: tile.load %{{.*}} extents
// CHECK: tile.load_elements
%v2 = tile.view %y[%zero] strides [1, 16] extents(%rows, %cols) : tensor<192x16xf32> -> !tile.tile<32x1xf32, gm, nd>
%t2 = tile.load %v2 extents(%rows, %cols) : !tile.tile<32x1xf32, gm, nd> -> !tile.tile<32x1xf32, ub, nd>
%v3 = tile.view %y[%zero] strides [16, 1] extents(%rows, %cols) : tensor<192x16xf32> -> !tile.tile<32x1xf32, gm, nd>
%s3 = tile.subview %v3[%zero, %zero] extents(%rows, %cols) : !tile.tile<32x1xf32, gm, nd> -> !tile.tile<16x1xf32, gm, nd>
%t3 = tile.load %s3 extents(%rows, %cols) : !tile.tile<16x1xf32, gm, nd> -> !tile.tile<16x1xf32, ub, nd>

// Rows that indices name: of elements that follow each other, apart, and of one element.
// CHECK: tile.gather_rows
// CHECK: tile.gather_elements %{{.*}}[%{{.*}}] by %{{.*}}, 96 strides [1, 16]
// CHECK: tile.gather_elements
%t4 = tile.gather_rows %y[%zero] by %i strides [16, 1] extents(%rows, %cols) : tensor<192x16xf32>, !tile.tile<16x1xi32, ub, nd> -> !tile.tile<16x16xf32, ub, nd>
%t5 = tile.gather_rows %y[%zero] by %i strides [1, 16] extents(%rows, %cols) : tensor<192x16xf32>, !tile.tile<16x1xi32, ub, nd> -> !tile.tile<16x96xf32, ub, nd>
%t6 = tile.gather_rows %y[%zero] by %i strides [16, 1] extents(%rows, %cols) : tensor<192x16xf32>, !tile.tile<16x1xi32, ub, nd> -> !tile.tile<16x1xf32, ub, nd>
