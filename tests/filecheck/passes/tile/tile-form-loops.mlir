// RUN: sfumato-opt %s -p tile-form-loops --split-input-file | filecheck %s

// Results become arguments; the grid covers rows and columns, the last tile of each is cut short.
tile.kernel @bias schedule {nests = [{row = 16 : i64, col = 64 : i64}]} {
^bb0(%x: tensor<37x96xf32>, %b: tensor<96xf32>):
  %0 = graph.broadcast %b <{dims = array<i64: 1>}> : (tensor<96xf32>) -> tensor<37x96xf32>
  %1 = graph.add %x, %0 : tensor<37x96xf32>
  tile.return %1 : tensor<37x96xf32>
}
// CHECK:      tile.kernel @bias {{.*}}arguments {directions = ["in", "in", "out"]} {
// CHECK-NEXT: ^{{bb[0-9]+}}(%[[X:[0-9]+]]: tensor<37x96xf32>, %[[B:[0-9]+]]: tensor<96xf32>, %[[Y:[0-9]+]]: tensor<37x96xf32>):
// CHECK-NEXT:   tile.grid [3, 2] {
// CHECK:          %[[R:[0-9]+]], %[[ROWS:[0-9]+]] = tile.range %{{.*}} step 16 of 37 as "row"
// CHECK-NEXT:     %[[C:[0-9]+]], %[[COLS:[0-9]+]] = tile.range %{{.*}} step 64 of 96 as "col"
// CHECK:          tile.view %[[X]][%{{.*}}] strides [96, 1] extents(%[[ROWS]], %[[COLS]]) : tensor<37x96xf32> -> !tile.tile<16x64xf32, gm, nd>
// CHECK:          tile.view %[[B]][%[[C]]] strides [0, 1] extents(%{{.*}}, %[[COLS]]) : tensor<96xf32> -> !tile.tile<1x64xf32, gm, nd>
// CHECK:          %[[S:[0-9]+]] = tile.compute "add"({{.*}}) extents(%[[ROWS]], %[[COLS]]) : (!tile.tile<16x64xf32, ub, nd>, !tile.tile<1x64xf32, ub, nd>) -> !tile.tile<16x64xf32, ub, nd>
// CHECK:          %[[W:[0-9]+]] = tile.view %[[Y]]
// CHECK-NEXT:     tile.store %[[S]] to %[[W]] extents(%[[ROWS]], %[[COLS]])

// -----

// Rows that one tile holds are reduced in it: no loop.
tile.kernel @narrow schedule {nests = [{row = 2 : i64, col = 129 : i64}]} {
^bb0(%x: tensor<5x129xf32>):
  %0 = graph.reduce %x <{kind = "max", axes = array<i64: 1>}> : (tensor<5x129xf32>) -> tensor<5xf32>
  %1 = graph.broadcast %0 <{dims = array<i64: 0>}> : (tensor<5xf32>) -> tensor<5x129xf32>
  %2 = graph.sub %x, %1 : tensor<5x129xf32>
  tile.return %2 : tensor<5x129xf32>
}
// CHECK:      tile.kernel @narrow
// CHECK-NOT:    scf.for
// CHECK:        tile.grid [3] {
// CHECK:          %[[T:[0-9]+]] = tile.load
// CHECK:          %[[M:[0-9]+]] = tile.reduce "max" along "cols" %[[T]] {{.*}} -> !tile.tile<2x1xf32, ub, nd>
// CHECK:          tile.compute "sub"(%[[T]], %[[M]])
// CHECK-NOT:      tile.load

// -----

// Rows that it does not hold are walked twice: once with the partial result carried, once for what needs it.
tile.kernel @wide schedule {nests = [{row = 1 : i64, col = 64 : i64}]} {
^bb0(%x: tensor<5x129xf32>):
  %0 = graph.reduce %x <{kind = "max", axes = array<i64: 1>}> : (tensor<5x129xf32>) -> tensor<5xf32>
  %1 = graph.broadcast %0 <{dims = array<i64: 0>}> : (tensor<5xf32>) -> tensor<5x129xf32>
  %2 = graph.sub %x, %1 : tensor<5x129xf32>
  tile.return %2 : tensor<5x129xf32>
}
// CHECK:      tile.kernel @wide
// CHECK:        tile.grid [5] {
// CHECK:          %[[START:[0-9]+]] = tile.constant 0xff800000 : f32
// CHECK:          %[[FIRST:[0-9]+]] = tile.compute "copy"(%[[START]])
// CHECK:          %[[M:[0-9]+]] = scf.for {{.*}} iter_args(%[[BEST:[0-9]+]] = %[[FIRST]]) -> (!tile.tile<1x1xf32, ub, nd>) {
// CHECK:            %[[T:[0-9]+]] = tile.load
// CHECK:            %[[PART:[0-9]+]] = tile.reduce "max" along "cols" %[[T]]
// CHECK:            %[[NEXT:[0-9]+]] = tile.compute "max"(%[[BEST]], %[[PART]])
// CHECK-NEXT:       scf.yield %[[NEXT]]
// CHECK:          scf.for
// CHECK:            %[[AGAIN:[0-9]+]] = tile.load
// CHECK:            tile.compute "sub"(%[[AGAIN]], %[[M]])
// CHECK:            tile.store

// -----

// An operand that lies column by column is loaded as it lies and turned in UB.
tile.kernel @turned schedule {nests = [{row = 16 : i64, col = 32 : i64}]} {
^bb0(%x: tensor<70x45xf32>, %y: tensor<45x70xf32>):
  %0 = graph.permute %x <{order = array<i64: 1, 0>}> : (tensor<70x45xf32>) -> tensor<45x70xf32>
  %1 = graph.add %y, %0 : tensor<45x70xf32>
  tile.return %1 : tensor<45x70xf32>
}
// CHECK:      tile.kernel @turned
// CHECK:        %[[X:[0-9]+]] = tile.load %{{.*}} -> !tile.tile<32x16xf32, ub, nd>
// CHECK-NEXT:   tile.transpose %[[X]] {{.*}} : !tile.tile<32x16xf32, ub, nd> -> !tile.tile<16x32xf32, ub, nd>

// -----

// A product keeps its chunks of k; an operand stored transposed is named so, whatever the op's flags said.
tile.kernel @product schedule {nests = [{row = 16 : i64, col = 32 : i64, l1_k = array<i64: 64>, l0_k = array<i64: 32>}]} {
^bb0(%x: tensor<37x96xf16>, %w: tensor<88x96xf16>):
  %0 = graph.permute %w <{order = array<i64: 1, 0>}> : (tensor<88x96xf16>) -> tensor<96x88xf16>
  %1 = graph.matmul %x, %0 : (tensor<37x96xf16>, tensor<96x88xf16>) -> tensor<37x88xf16>
  tile.return %1 : tensor<37x88xf16>
}
// CHECK:      tile.kernel @product
// CHECK:        tile.grid [3, 3] {
// CHECK:          %[[P:[0-9]+]] = tile.matmul {{.*}} transpose_b chunks(64, 32) : !tile.tile<16x96xf16, gm, nd>, !tile.tile<32x96xf16, gm, nd> -> !tile.tile<16x32xf32, l0c, nz>
// CHECK-NEXT:     tile.compute "cast"(%[[P]]) {{.*}} -> !tile.tile<16x32xf16, ub, nd>

// -----

// Rows are gathered by the indices of a tile.
tile.kernel @embedding schedule {nests = [{row = 4 : i64, col = 48 : i64}]} {
^bb0(%t: tensor<151x48xf32>, %i: tensor<7xi64>):
  %0 = graph.take %t, %i <{axis = 0 : i64}> : (tensor<151x48xf32>, tensor<7xi64>) -> tensor<7x48xf32>
  tile.return %0 : tensor<7x48xf32>
}
// CHECK:      tile.kernel @embedding
// CHECK:        %[[I:[0-9]+]] = tile.compute "cast"({{.*}}) {{.*}} -> !tile.tile<4x1xi32, ub, nd>
// CHECK:        tile.gather_rows %{{.*}} by %[[I]] strides [48, 1]

// -----

// Each operand of a concatenation is a nest that stores to its part of the result.
tile.kernel @concat schedule {nests = [{row = 4 : i64, col = 10 : i64}, {row = 4 : i64, col = 30 : i64}]} {
^bb0(%x: tensor<4x10xf32>, %y: tensor<4x30xf32>):
  %0 = graph.concat %x, %y <{axis = 1 : i64}> : (tensor<4x10xf32>, tensor<4x30xf32>) -> tensor<4x40xf32>
  tile.return %0 : tensor<4x40xf32>
}
// CHECK:      tile.kernel @concat {{.*}}arguments {directions = ["in", "in", "out"]}
// CHECK-COUNT-2: tile.grid
// CHECK-NOT:     tile.grid

// -----

// Left alone: a kernel that has its loops.
tile.kernel @formed arguments {directions = ["in"]} {
^bb0(%x: tensor<4x8xf32>):
  tile.grid [3] {
  ^bb1(%i: index):
    %start, %extent = tile.range %i step 16 of 37 as "row"
  }
}
// CHECK:      tile.kernel @formed arguments {directions = ["in"]} {
// CHECK-NEXT: ^{{bb[0-9]+}}(%x: tensor<4x8xf32>):
// CHECK-NEXT:   tile.grid [3] {
// CHECK-NEXT:   ^{{bb[0-9]+}}(%i: index):
// CHECK-NEXT:     tile.range %i step 16 of 37 as "row"

// -----

// A recurrence of which only a band matters: its loop walks the chunks that meet the tile's rows. The bounds follow
// from the tile's number, so that cores which share its rows walk the same part.
tile.kernel @band schedule {nests = [{row = 16 : i64, col = 32 : i64, l1_k = array<i64: 16, 32>, l0_k = array<i64: 16, 32>}]} {
^bb0(%q: tensor<64x16xf16>, %k: tensor<128x16xf16>):
  %z = graph.constant <{value = 0.0 : f32}> : tensor<64x16xf32>
  %r = graph.recurrence axes [-1, 0] lower -9 upper 0 carry(%z) ins(%q, %k) {
  ^bb1(%c: tensor<64x16xf32>, %x: tensor<64x16xf16>, %y: tensor<128x16xf16>):
    %s = graph.matmul %x, %y <{transpose_b}> : (tensor<64x16xf16>, tensor<128x16xf16>) -> tensor<64x128xf32>
    %e = graph.exp %s : tensor<64x128xf32>
    %h = graph.cast %e : (tensor<64x128xf32>) -> tensor<64x128xf16>
    %p = graph.matmul %h, %y : (tensor<64x128xf16>, tensor<128x16xf16>) -> tensor<64x16xf32>
    %t = graph.add %c, %p : tensor<64x16xf32>
    graph.yield %t : tensor<64x16xf32>
  } : (tensor<64x16xf32>) over (tensor<64x16xf16>, tensor<128x16xf16>) -> tensor<64x16xf32>
  %f = graph.relu %r : tensor<64x16xf32>
  tile.return %f : tensor<64x16xf32>
}
// CHECK:      tile.kernel @band
// CHECK:      tile.grid [4] {
// CHECK-NEXT: ^{{bb[0-9]+}}(%[[N:[0-9]+]]: index):
// CHECK:        %[[FIRST:[0-9]+]] = arith.muli %[[N]], %{{[0-9]+}}
// CHECK:        %[[LEAST:[0-9]+]] = arith.maxsi
// CHECK:        %[[TURN:[0-9]+]] = arith.divui %[[LEAST]], %[[TWO:[0-9]+]]
// CHECK-NEXT:   %[[START:[0-9]+]] = arith.muli %[[TURN]], %[[TWO]]
// CHECK-NEXT:   %[[LAST:[0-9]+]] = arith.addi %[[FIRST]]
// CHECK:        %[[END:[0-9]+]] = arith.minsi
// CHECK:        scf.for %{{[0-9]+}} = %[[START]] to %[[END]] step

// -----

// Tiles that walk unequally many chunks: rows come before heads, the last first, and blocks take turns backwards. Keys
// after a query are hidden by a selection that tiles in front of the diagonal skip: a loop of one trip or of none.
tile.kernel @causal schedule {nests = [{row = 16 : i64, col = 32 : i64, l1_k = array<i64: 16, 32>, l0_k = array<i64: 16, 32>, rows_at = 0 : i64, descending = 1 : i64}]} {
^bb0(%q: tensor<2x64x16xf16>, %k: tensor<2x64x16xf16>):
  %z = graph.constant <{value = 0.0 : f32}> : tensor<2x64x16xf32>
  %r = graph.recurrence axes [-1, 1] upper 0 carry(%z) ins(%q, %k) {
  ^bb1(%c: tensor<2x64x16xf32>, %x: tensor<2x64x16xf16>, %y: tensor<2x64x16xf16>):
    %s = graph.matmul %x, %y <{transpose_b}> : (tensor<2x64x16xf16>, tensor<2x64x16xf16>) -> tensor<2x64x64xf32>
    %i = graph.iota <{axis = 1 : i64}> : tensor<2x64x64xf32>
    %j = graph.iota <{axis = 2 : i64}> : tensor<2x64x64xf32>
    %n = graph.compare %j, %i <{predicate = "le"}> : (tensor<2x64x64xf32>, tensor<2x64x64xf32>) -> tensor<2x64x64xi1>
    %o = graph.constant <{value = 0.0 : f32}> : tensor<2x64x64xf32>
    %e = graph.exp %s : tensor<2x64x64xf32>
    %m = graph.select %n, %e, %o : (tensor<2x64x64xi1>, tensor<2x64x64xf32>, tensor<2x64x64xf32>) -> tensor<2x64x64xf32>
    %h = graph.cast %m : (tensor<2x64x64xf32>) -> tensor<2x64x64xf16>
    %p = graph.matmul %h, %y : (tensor<2x64x64xf16>, tensor<2x64x16xf16>) -> tensor<2x64x16xf32>
    %t = graph.add %c, %p : tensor<2x64x16xf32>
    graph.yield %t : tensor<2x64x16xf32>
  } : (tensor<2x64x16xf32>) over (tensor<2x64x16xf16>, tensor<2x64x16xf16>) -> tensor<2x64x16xf32>
  %f = graph.relu %r : tensor<2x64x16xf32>
  tile.return %f : tensor<2x64x16xf32>
}
// CHECK:      tile.kernel @causal
// CHECK:      tile.grid [4, 2] snake {
// CHECK-NEXT: ^{{bb[0-9]+}}(%[[N:[0-9]+]]: index, %{{[0-9]+}}: index):
// CHECK-NEXT:   %[[THREE:[0-9]+]] = arith.constant 3 : index
// CHECK-NEXT:   %[[FROM_END:[0-9]+]] = arith.subi %[[THREE]], %[[N]]
// CHECK-NEXT:   tile.range %[[FROM_END]] step 16 of 64 as "row"
// CHECK:        %[[E:[0-9]+]] = tile.compute "exp"
// CHECK:        %[[BEYOND:[0-9]+]] = arith.maxsi
// CHECK:        %[[TRIPS:[0-9]+]] = arith.minsi %[[BEYOND]]
// CHECK-NEXT:   %[[KEPT:[0-9]+]] = scf.for %{{[0-9]+}} = %{{[0-9]+}} to %[[TRIPS]] step %{{[0-9]+}} iter_args(%[[IN:[0-9]+]] = %[[E]])
// CHECK:          %[[WHERE:[0-9]+]] = tile.compute "compare"
// CHECK:          tile.compute "select"(%[[WHERE]], %[[IN]]
// CHECK-NEXT:     scf.yield
// CHECK:        tile.compute "cast"(%[[KEPT]])

// -----

// A sum to whose bits each step adds integers, and to which it adds a product, stays in memory: it is begun in front of
// the loop, which carries nothing and adds to it twice, and loaded after it.
tile.kernel @sum schedule {nests = [{row = 16 : i64, col = 32 : i64, l1_k = array<i64: 16, 32>, l0_k = array<i64: 16, 32>}]} {
^bb0(%q: tensor<16x16xf16>, %k: tensor<128x16xf16>):
  %z = graph.constant <{value = 1.0 : f32}> : tensor<16x16xf32>
  %r = graph.recurrence axes [-1, 0] carry(%z) ins(%q, %k) {
  ^bb1(%c: tensor<16x16xf32>, %x: tensor<16x16xf16>, %y: tensor<128x16xf16>):
    %s = graph.matmul %x, %y <{transpose_b}> : (tensor<16x16xf16>, tensor<128x16xf16>) -> tensor<16x128xf32>
    %m = graph.reduce %s <{kind = "max", axes = array<i64: 1>}> : (tensor<16x128xf32>) -> tensor<16xf32>
    %i = graph.cast %m : (tensor<16xf32>) -> tensor<16xi32>
    %n = graph.broadcast %i <{dims = array<i64: 0>}> : (tensor<16xi32>) -> tensor<16x16xi32>
    %h = graph.cast %s : (tensor<16x128xf32>) -> tensor<16x128xf16>
    %p = graph.matmul %h, %y : (tensor<16x128xf16>, tensor<128x16xf16>) -> tensor<16x16xf32>
    %b = graph.add_bits %c, %n : (tensor<16x16xf32>, tensor<16x16xi32>) -> tensor<16x16xf32>
    %t = graph.add %b, %p : tensor<16x16xf32>
    graph.yield %t : tensor<16x16xf32>
  } : (tensor<16x16xf32>) over (tensor<16x16xf16>, tensor<128x16xf16>) -> tensor<16x16xf32>
  %f = graph.relu %r : tensor<16x16xf32>
  tile.return %f : tensor<16x16xf32>
}
// CHECK:      tile.kernel @sum
// CHECK:        %[[SUM:[0-9]+]] = tile.workspace -> !tile.tile<16x16xf32, gm, nd>
// CHECK:        %[[FIRST:[0-9]+]] = tile.compute "copy"
// CHECK:        %[[ROWS:[0-9]+]] = tile.subview %[[SUM]]
// CHECK-NEXT:   tile.store %[[FIRST]] to %[[ROWS]]
// CHECK:        scf.for %{{[0-9]+}} = %{{[0-9]+}} to %{{[0-9]+}} step %{{[0-9]+}} {
// CHECK:          %[[PRODUCT:[0-9]+]] = tile.matmul {{.*}} -> !tile.tile<16x16xf32, l0c, nz>
// CHECK:          %[[BITS:[0-9]+]] = tile.bitcast %[[SUM]]
// CHECK:          %[[NUMBER:[0-9]+]] = tile.compute "copy"({{.*}} -> !tile.tile<16x16xi32, ub, nd>
// CHECK:          %[[PART:[0-9]+]] = tile.subview %[[BITS]]
// CHECK-NEXT:     tile.store %[[NUMBER]] to %[[PART]] {{.*}} atomic "add" : !tile.tile<16x16xi32, ub, nd>
// CHECK-NEXT:     tile.store %[[PRODUCT]] to %[[SUM]] {{.*}} atomic "add" : !tile.tile<16x16xf32, l0c, nz>
// CHECK-NEXT:   }
// CHECK:        %[[LAST:[0-9]+]] = tile.subview %[[SUM]]
// CHECK-NEXT:   %[[TOTAL:[0-9]+]] = tile.load %[[LAST]]
// CHECK-NEXT:   tile.compute "relu"(%[[TOTAL]])
