// RUN: sfumato-opt %s -p tile-expand-matmul --split-input-file | filecheck %s

// Chunks of k through L1 and L0; the first product overwrites the accumulator, tails are cut short.
func.func @loops(%m: index, %k: index) {
  %x, %w = "test.op"() : () -> (!tile.tile<16x150xf16, gm, nd>, !tile.tile<96x150xf16, gm, nd>)
  %c = tile.matmul %x, %w extents(%m, %m, %k) transpose_b chunks(64, 32) : !tile.tile<16x150xf16, gm, nd>, !tile.tile<96x150xf16, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
  "test.op"(%c) : (!tile.tile<16x96xf32, l0c, nz>) -> ()
  func.return
}
// CHECK-LABEL: func.func @loops(%m: index
// CHECK:         %[[C0:[0-9a-z_]+]] = tile.accumulator : !tile.tile<16x96xf32, l0c, nz>
// CHECK:         %[[R:[0-9a-z_]+]] = scf.for %[[I:[0-9a-z_]+]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[C1:[0-9a-z_]+]] = %[[C0]]) -> (!tile.tile<16x96xf32, l0c, nz>) {
// CHECK:           %[[PART:[0-9a-z_]+]] = arith.minsi
// CHECK:           tile.subview %x[%{{.*}}, %[[I]]] extents(%m, %[[PART]]) : !tile.tile<16x150xf16, gm, nd> -> !tile.tile<16x64xf16, gm, nd>
// CHECK-NEXT:      %[[XL1:[0-9a-z_]+]] = tile.load {{.*}} -> !tile.tile<16x64xf16, l1, nz>
// CHECK:           %[[WL1:[0-9a-z_]+]] = tile.load {{.*}} -> !tile.tile<96x64xf16, l1, nz>
// CHECK:           %[[R1:[0-9a-z_]+]] = scf.for %[[J:[0-9a-z_]+]] = {{.*}} iter_args(%[[C2:[0-9a-z_]+]] = %[[C1]])
// CHECK:             tile.subview %[[XL1]][%{{.*}}, %[[J]]]
// CHECK:             %[[A:[0-9a-z_]+]] = tile.move {{.*}} -> !tile.tile<16x32xf16, l0a, zz>
// CHECK:             %[[B:[0-9a-z_]+]] = tile.move {{.*}} -> !tile.tile<96x32xf16, l0b, zn>
// CHECK:             %[[K:[0-9a-z_]+]] = arith.addi %[[I]], %[[J]]
// CHECK:             %[[D:[0-9a-z_]+]] = tile.mmad %[[A]], %[[B]], %[[C2]] first
// CHECK-NEXT:        scf.yield %[[D]]
// CHECK:           scf.yield %[[R1]]
// CHECK:         "test.op"(%[[R]])

// -----

// One chunk needs no loop; operands with k along their rows are turned on the way to L0.
func.func @turned(%m: index, %k: index) {
  %x, %w = "test.op"() : () -> (!tile.tile<32x16xf16, gm, nd>, !tile.tile<32x96xf16, gm, nd>)
  %c = tile.matmul %x, %w extents(%m, %m, %k) transpose_a chunks(64, 64) : !tile.tile<32x16xf16, gm, nd>, !tile.tile<32x96xf16, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
  "test.op"(%c) : (!tile.tile<16x96xf32, l0c, nz>) -> ()
  func.return
}
// CHECK-LABEL: func.func @turned(%m: index
// CHECK-NOT:     scf.for
// CHECK:         tile.load {{.*}} -> !tile.tile<32x16xf16, l1, nz>
// CHECK:         tile.load {{.*}} -> !tile.tile<32x96xf16, l1, nz>
// CHECK:         tile.move {{.*}} transpose : !tile.tile<32x16xf16, l1, nz> -> !tile.tile<16x32xf16, l0a, zz>
// CHECK:         tile.move {{.*}} transpose : !tile.tile<32x96xf16, l1, nz> -> !tile.tile<96x32xf16, l0b, zn>
// CHECK:         %[[D:[0-9a-z_]+]] = tile.mmad
// CHECK-NEXT:    "test.op"(%[[D]])

// -----

// Left alone: everything else.
func.func @none(%n: index) {
  %x = "test.op"() : () -> !tile.tile<16x96xf32, ub, nd>
  %y = tile.compute "exp"(%x) extents(%n, %n) : (!tile.tile<16x96xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
  func.return
}
// CHECK-LABEL: func.func @none(%n: index
// CHECK-NEXT:    %x = "test.op"()
// CHECK-NEXT:    %y = tile.compute "exp"(%x)
// CHECK-NEXT:    func.return

// -----

// Products of f32 are rounded to HF32 where the module asks for it, those of f16 are not.
builtin.module attributes {sfumato.precision = "hf32"} {
  func.func @rounded(%m: index) {
    %x, %w = "test.op"() : () -> (!tile.tile<16x32xf32, gm, nd>, !tile.tile<96x32xf32, gm, nd>)
    %c = tile.matmul %x, %w extents(%m, %m, %m) transpose_b chunks(32, 32) : !tile.tile<16x32xf32, gm, nd>, !tile.tile<96x32xf32, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
    %y, %v = "test.op"() : () -> (!tile.tile<16x32xf16, gm, nd>, !tile.tile<96x32xf16, gm, nd>)
    %d = tile.matmul %y, %v extents(%m, %m, %m) transpose_b chunks(32, 32) : !tile.tile<16x32xf16, gm, nd>, !tile.tile<96x32xf16, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
    "test.op"(%c, %d) : (!tile.tile<16x96xf32, l0c, nz>, !tile.tile<16x96xf32, l0c, nz>) -> ()
    func.return
  }
}
// CHECK-LABEL: func.func @rounded(%m: index
// CHECK:         tile.mmad {{.*}} extents(%m, %m, %m) hf32 : !tile.tile<16x32xf32, l0a, zz>
// CHECK:         tile.mmad {{.*}} extents(%m, %m, %m) : !tile.tile<16x32xf16, l0a, zz>

// -----

// An operand that no iteration moves, and of which one chunk holds all, is loaded once; the other one each time.
func.func @resident(%q: tensor<16x32xf16>, %k: tensor<512x32xf16>, %m: index, %d: index) {
  %zero = arith.constant 0 : index
  %step = arith.constant 64 : index
  %end = arith.constant 512 : index
  %a = tile.view %q[%zero] strides [32, 1] extents(%m, %d) : tensor<16x32xf16> -> !tile.tile<16x32xf16, gm, nd>
  scf.for %at = %zero to %end step %step {
    %b = tile.view %k[%at] strides [32, 1] extents(%step, %d) : tensor<512x32xf16> -> !tile.tile<64x32xf16, gm, nd>
    %c = tile.matmul %a, %b extents(%m, %step, %d) transpose_b chunks(32, 32) : !tile.tile<16x32xf16, gm, nd>, !tile.tile<64x32xf16, gm, nd> -> !tile.tile<16x64xf32, l0c, nz>
    "test.op"(%c) : (!tile.tile<16x64xf32, l0c, nz>) -> ()
  }
  func.return
}
// CHECK-LABEL: func.func @resident
// CHECK:         %[[A:.*]] = tile.load %{{.*}} -> !tile.tile<16x32xf16, l1, nz>
// CHECK:         scf.for
// CHECK-NOT:       tile.load {{.*}} !tile.tile<16x32xf16, l1, nz>
// CHECK:           tile.load {{.*}} -> !tile.tile<64x32xf16, l1, nz>
// CHECK:           tile.subview %[[A]]

// -----

// A product in parts of L0C: two sums of 128 columns at a time, each stored when it is complete; the next chunk of the
// right operand is loaded before the last one is multiplied.
tile.kernel @parts kind "cube" blocks 1 : i64 arguments {directions = ["in", "in", "out"]} {
  tile.program "cube" {
  ^bb0(%x: tensor<32x64xf16>, %k: tensor<300x64xf16>, %y: tensor<32x300xf32>):
    %z = arith.constant 0 : index
    %m = arith.constant 32 : index
    %n = arith.constant 300 : index
    %d = arith.constant 64 : index
    %a = tile.view %x[%z] strides [64, 1] extents(%m, %d) : tensor<32x64xf16> -> !tile.tile<32x64xf16, gm, nd>
    %b = tile.view %k[%z] strides [64, 1] extents(%n, %d) : tensor<300x64xf16> -> !tile.tile<512x64xf16, gm, nd>
    %w = tile.view %y[%z] strides [300, 1] extents(%m, %n) : tensor<32x300xf32> -> !tile.tile<32x512xf32, gm, nd>
    %p = tile.matmul %a, %b extents(%m, %n, %d) transpose_b chunks(64, 32) parts(32, 256, 128) slots 2 keep 1 : !tile.tile<32x64xf16, gm, nd>, !tile.tile<512x64xf16, gm, nd> -> !tile.tile<32x512xf32, l0c, nz>
    tile.store %p to %w extents(%m, %n) atomic "add" : !tile.tile<32x512xf32, l0c, nz>, !tile.tile<32x512xf32, gm, nd>
  }
}
// CHECK-LABEL: tile.kernel @parts
// CHECK:         tile.load %{{.*}} apart "rhs" slots 2 : {{.*}} -> !tile.tile<256x64xf16, l1, nz>
// CHECK:         tile.load %{{.*}} apart "lhs" slots 2 : {{.*}} -> !tile.tile<32x64xf16, l1, nz>
// CHECK:         tile.load %{{.*}} apart "rhs"
// CHECK:         tile.accumulator : !tile.tile<32x128xf32, l0c, nz>
// CHECK:         %[[FIRST:[0-9]+]] = scf.for
// CHECK:         tile.store %[[FIRST]] to {{.*}} atomic "add"
// CHECK:         tile.accumulator
// CHECK:         %[[SECOND:[0-9]+]] = scf.for
// CHECK:         tile.store %[[SECOND]] to
// CHECK-NOT:     tile.load
// CHECK:         tile.accumulator
