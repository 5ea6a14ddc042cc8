// RUN: sfumato-opt %s | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

// A kernel before tiles, with everything that passes add to its head later.
tile.kernel @relu kind "vector" blocks 2 : i64 schedule {nests = [{row = 4 : i64, col = 8 : i64}]} arguments {directions = ["in", "out"]} {
  tile.program "vector" {
  ^bb0(%x: tensor<37x96xf32>, %y: tensor<37x96xf32>):
    tile.grid [3, 1] {
    ^bb1(%i: index, %j: index):
      %start, %extent = tile.range %i step 16 of 37 as "row"
      %offset, %share = tile.split_rows %extent by 8
    }
  }
}
// CHECK:      tile.kernel @relu kind "vector" blocks 2 : i64 schedule {nests = [{row = 4 : i64, col = 8 : i64}]} arguments {directions = ["in", "out"]} {
// CHECK-NEXT:   tile.program "vector" {
// CHECK-NEXT:   ^{{bb[0-9]+}}(%x: tensor<37x96xf32>, %y: tensor<37x96xf32>):
// CHECK-NEXT:     tile.grid [3, 1] {
// CHECK-NEXT:     ^{{bb[0-9]+}}(%i: index, %j: index):
// CHECK-NEXT:       %start, %extent = tile.range %i step 16 of 37 as "row"
// CHECK-NEXT:       %offset, %share = tile.split_rows %extent by 8

tile.kernel @mathematics {
^bb0(%x: tensor<4x8xf32>):
  tile.return %x : tensor<4x8xf32>
}
// CHECK:      tile.kernel @mathematics {
// CHECK-NEXT: ^{{bb[0-9]+}}(%{{[a-z0-9]+}}: tensor<4x8xf32>):
// CHECK-NEXT:   tile.return %{{[a-z0-9]+}} : tensor<4x8xf32>

func.func @launch(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = tile.launch @mathematics(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = tile.launch @mathematics(%0) workspace [4096] : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1 : tensor<4x8xf32>
}
// CHECK-LABEL: func.func @launch
// CHECK-NEXT:    %0 = tile.launch @mathematics(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT:    %1 = tile.launch @mathematics(%0) workspace [4096] : (tensor<4x8xf32>) -> tensor<4x8xf32>

func.func @moves(%x: tensor<37x96xf16>, %n: index) {
  %indices = "test.op"() : () -> !tile.tile<16x1xi32, ub, nd>
  %sum = "test.op"() : () -> !tile.tile<16x96xf32, l0c, nz>
  %window = tile.view %x[%n] strides [96, 1] extents(%n, %n) : tensor<37x96xf16> -> !tile.tile<16x96xf16, gm, nd>
  %part = tile.subview %window[%n, %n] extents(%n, %n) : !tile.tile<16x96xf16, gm, nd> -> !tile.tile<8x96xf16, gm, nd>
  %ub = tile.load %part extents(%n, %n) : !tile.tile<8x96xf16, gm, nd> -> !tile.tile<8x96xf16, ub, nd>
  %l1 = tile.load %part extents(%n, %n) : !tile.tile<8x96xf16, gm, nd> -> !tile.tile<8x96xf16, l1, nz>
  %a = tile.move %l1 extents(%n, %n) : !tile.tile<8x96xf16, l1, nz> -> !tile.tile<8x96xf16, l0a, zz>
  %b = tile.move %l1 extents(%n, %n) transpose : !tile.tile<8x96xf16, l1, nz> -> !tile.tile<96x8xf16, l0b, zn>
  %rows = tile.gather_rows %x[%n] by %indices strides [96, 1] extents(%n, %n) : tensor<37x96xf16>, !tile.tile<16x1xi32, ub, nd> -> !tile.tile<16x96xf16, ub, nd>
  tile.store %rows to %window extents(%n, %n) atomic "add" : !tile.tile<16x96xf16, ub, nd>, !tile.tile<16x96xf16, gm, nd>
  tile.store %sum to %window extents(%n, %n) relu : !tile.tile<16x96xf32, l0c, nz>, !tile.tile<16x96xf16, gm, nd>
  func.return
}
// CHECK-LABEL: func.func @moves
// CHECK:         %window = tile.view %x[%n] strides [96, 1] extents(%n, %n) : tensor<37x96xf16> -> !tile.tile<16x96xf16, gm, nd>
// CHECK-NEXT:    %part = tile.subview %window[%n, %n] extents(%n, %n) : !tile.tile<16x96xf16, gm, nd> -> !tile.tile<8x96xf16, gm, nd>
// CHECK-NEXT:    %ub = tile.load %part extents(%n, %n) : !tile.tile<8x96xf16, gm, nd> -> !tile.tile<8x96xf16, ub, nd>
// CHECK-NEXT:    %l1 = tile.load %part extents(%n, %n) : !tile.tile<8x96xf16, gm, nd> -> !tile.tile<8x96xf16, l1, nz>
// CHECK-NEXT:    %a = tile.move %l1 extents(%n, %n) : !tile.tile<8x96xf16, l1, nz> -> !tile.tile<8x96xf16, l0a, zz>
// CHECK-NEXT:    %b = tile.move %l1 extents(%n, %n) transpose : !tile.tile<8x96xf16, l1, nz> -> !tile.tile<96x8xf16, l0b, zn>
// CHECK-NEXT:    %rows = tile.gather_rows %x[%n] by %indices strides [96, 1] extents(%n, %n) : tensor<37x96xf16>, !tile.tile<16x1xi32, ub, nd> -> !tile.tile<16x96xf16, ub, nd>
// CHECK-NEXT:    tile.store %rows to %window extents(%n, %n) atomic "add" : !tile.tile<16x96xf16, ub, nd>, !tile.tile<16x96xf16, gm, nd>
// CHECK-NEXT:    tile.store %sum to %window extents(%n, %n) relu : !tile.tile<16x96xf32, l0c, nz>, !tile.tile<16x96xf16, gm, nd>

func.func @functions(%n: index) {
  %x, %row = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, !tile.tile<1x96xf32, ub, nd>)
  %one = tile.constant 1.0 : f32 -> !tile.tile<1x1xf32, ub, nd>
  %sum = tile.compute "add"(%x, %row) extents(%n, %n) : (!tile.tile<16x96xf32, ub, nd>, !tile.tile<1x96xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
  %less = tile.compute "compare" option "lt"(%sum, %one) extents(%n, %n) : (!tile.tile<16x96xf32, ub, nd>, !tile.tile<1x1xf32, ub, nd>) -> !tile.tile<16x96xi1, ub, nd>
  %total = tile.reduce "add" along "cols" %x extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<16x1xf32, ub, nd>
  %most = tile.reduce "max" along "rows" %x extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<1x96xf32, ub, nd>
  %number = tile.iota "cols" from %n extents(%n, %n) : !tile.tile<1x96xi32, ub, nd>
  %turned = tile.transpose %x extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<96x16xf32, ub, nd>
  func.return
}
// CHECK-LABEL: func.func @functions
// CHECK:         %one = tile.constant 1.000000e+00 : f32 -> !tile.tile<1x1xf32, ub, nd>
// CHECK-NEXT:    %sum = tile.compute "add"(%x, %row) extents(%n, %n) : (!tile.tile<16x96xf32, ub, nd>, !tile.tile<1x96xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
// CHECK-NEXT:    %less = tile.compute "compare" option "lt"(%sum, %one) extents(%n, %n) : (!tile.tile<16x96xf32, ub, nd>, !tile.tile<1x1xf32, ub, nd>) -> !tile.tile<16x96xi1, ub, nd>
// CHECK-NEXT:    %total = tile.reduce "add" along "cols" %x extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<16x1xf32, ub, nd>
// CHECK-NEXT:    %most = tile.reduce "max" along "rows" %x extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<1x96xf32, ub, nd>
// CHECK-NEXT:    %number = tile.iota "cols" from %n extents(%n, %n) : !tile.tile<1x96xi32, ub, nd>
// CHECK-NEXT:    %turned = tile.transpose %x extents(%n, %n) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<96x16xf32, ub, nd>

func.func @products(%n: index) {
  %x, %w = "test.op"() : () -> (!tile.tile<16x64xf16, gm, nd>, !tile.tile<96x64xf16, gm, nd>)
  %a, %b = "test.op"() : () -> (!tile.tile<16x64xf16, l0a, zz>, !tile.tile<64x96xf16, l0b, zn>)
  %whole = tile.matmul %x, %w extents(%n, %n, %n) transpose_b chunks(64, 32) : !tile.tile<16x64xf16, gm, nd>, !tile.tile<96x64xf16, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
  %c = tile.accumulator : !tile.tile<16x96xf32, l0c, nz>
  %d = tile.mmad %a, %b, %c first %n extents(%n, %n, %n) : !tile.tile<16x64xf16, l0a, zz>, !tile.tile<64x96xf16, l0b, zn> -> !tile.tile<16x96xf32, l0c, nz>
  func.return
}
// CHECK-LABEL: func.func @products
// CHECK:         %whole = tile.matmul %x, %w extents(%n, %n, %n) transpose_b chunks(64, 32) : !tile.tile<16x64xf16, gm, nd>, !tile.tile<96x64xf16, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
// CHECK-NEXT:    %c = tile.accumulator : !tile.tile<16x96xf32, l0c, nz>
// CHECK-NEXT:    %d = tile.mmad %a, %b, %c first %n extents(%n, %n, %n) : !tile.tile<16x64xf16, l0a, zz>, !tile.tile<64x96xf16, l0b, zn> -> !tile.tile<16x96xf32, l0c, nz>

func.func @channels(%w: tensor<20x2x16x96xf32>, %n: index) {
  %t = "test.op"() : () -> !tile.tile<16x96xf32, l0c, nz>
  %c = tile.channel depth 2 id 0 from "cube" in %w : tensor<20x2x16x96xf32> -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
  tile.put %t into %c row %n extents(%n, %n) : !tile.tile<16x96xf32, l0c, nz>, !tile.channel<!tile.tile<16x96xf32, gm, nd>>
  %s = tile.take %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>> -> !tile.tile<16x96xf32, gm, nd>
  tile.release %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>>
  func.return
}
// CHECK-LABEL: func.func @channels
// CHECK:         %c = tile.channel depth 2 id 0 from "cube" in %w : tensor<20x2x16x96xf32> -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
// CHECK-NEXT:    tile.put %t into %c row %n extents(%n, %n) : !tile.tile<16x96xf32, l0c, nz>, !tile.channel<!tile.tile<16x96xf32, gm, nd>>
// CHECK-NEXT:    %s = tile.take %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>> -> !tile.tile<16x96xf32, gm, nd>
// CHECK-NEXT:    tile.release %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>>

// Memory that both kinds of core add to.
func.func @workspace() {
  %m = "test.op"() : () -> tensor<20x16x64xf32>
  %o = tile.workspace id 6 in %m : tensor<20x16x64xf32> -> !tile.tile<16x64xf32, gm, nd>
  %p = tile.workspace -> !tile.tile<16x64xf32, gm, nd>
  %i = tile.bitcast %o : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<16x64xi32, gm, nd>
  tile.wait %o for "vector" : !tile.tile<16x64xf32, gm, nd>
  tile.signal %o from "cube" : !tile.tile<16x64xf32, gm, nd>
  func.return
}
// CHECK-LABEL: func.func @workspace
// CHECK:         %o = tile.workspace id 6 in %m : tensor<20x16x64xf32> -> !tile.tile<16x64xf32, gm, nd>
// CHECK-NEXT:    %p = tile.workspace -> !tile.tile<16x64xf32, gm, nd>
// CHECK-NEXT:    %i = tile.bitcast %o : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<16x64xi32, gm, nd>
// CHECK-NEXT:    tile.wait %o for "vector" : !tile.tile<16x64xf32, gm, nd>
// CHECK-NEXT:    tile.signal %o from "cube" : !tile.tile<16x64xf32, gm, nd>

// A slot that is filled in parts, a column of several, a product in parts, a tile that is loaded apart.
func.func @parts() {
  %c = "test.op"() : () -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
  %a, %b, %m = "test.op"() : () -> (!tile.tile<16x64xf32, gm, nd>, !tile.tile<96x64xf32, gm, nd>, index)
  %x, %y = "test.op"() : () -> (!tile.tile<16x1xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd>)
  %s = tile.acquire %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>> -> !tile.tile<16x96xf32, gm, nd>
  tile.commit %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>>
  %j = tile.join_rows %x, %y extent(%m) : !tile.tile<16x1xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd> -> !tile.tile<24x1xf32, ub, nd>
  %p = tile.matmul %a, %b extents(%m, %m, %m) transpose_b chunks(64, 32) parts(16, 64, 32) slots 3 keep 1 : !tile.tile<16x64xf32, gm, nd>, !tile.tile<96x64xf32, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
  %t = tile.load %a extents(%m, %m) apart "rhs" slots 3 : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<16x64xf32, l1, nz>
  func.return
}
// CHECK-LABEL: func.func @parts
// CHECK:         %s = tile.acquire %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>> -> !tile.tile<16x96xf32, gm, nd>
// CHECK-NEXT:    tile.commit %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>>
// CHECK-NEXT:    %j = tile.join_rows %x, %y extent(%m) :
// CHECK-NEXT:    %p = tile.matmul %a, %b extents(%m, %m, %m) transpose_b chunks(64, 32) parts(16, 64, 32) slots 3 keep 1 :
// CHECK-NEXT:    %t = tile.load %a extents(%m, %m) apart "rhs" slots 3 :
