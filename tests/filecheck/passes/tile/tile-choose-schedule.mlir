// RUN: sfumato-opt %s -p tile-choose-schedule --split-input-file | filecheck %s

// Whole rows when they fit UB; rows dealt out so that every core has some.
builtin.module attributes {sfumato.target = "tiny"} {
  tile.kernel @softmax {
  ^bb0(%x: tensor<5x129xf32>):
    %0 = graph.reduce %x <{kind = "max", axes = array<i64: 1>}> : (tensor<5x129xf32>) -> tensor<5xf32>
    %1 = graph.broadcast %0 <{dims = array<i64: 0>}> : (tensor<5xf32>) -> tensor<5x129xf32>
    %2 = graph.sub %x, %1 : tensor<5x129xf32>
    tile.return %2 : tensor<5x129xf32>
  }
}
// CHECK:      tile.kernel @softmax {{.*}}schedule {nests = [{row = {{[1-5]}} : i64, col = 129 : i64}]}
// CHECK-NEXT: ^{{bb[0-9]+}}(%{{.*}}: tensor<5x129xf32>):
// CHECK-NEXT:   graph.reduce

// -----

// Rows that do not fit are cut in parts of a multiple of 64 columns.
builtin.module attributes {sfumato.target = "tiny"} {
  tile.kernel @wide {
  ^bb0(%x: tensor<3x40003xf32>):
    %0 = graph.reduce %x <{kind = "add", axes = array<i64: 1>}> : (tensor<3x40003xf32>) -> tensor<3xf32>
    tile.return %0 : tensor<3xf32>
  }
}
// CHECK: tile.kernel @wide {{.*}}schedule {nests = [{row = 1 : i64, col = {{[0-9]?[0-9][0-9][0-9]}} : i64}]}

// -----

// The same kernel fits more of a row where UB is larger.
tile.kernel @wide {
^bb0(%x: tensor<3x9000xf32>):
  %0 = graph.reduce %x <{kind = "add", axes = array<i64: 1>}> : (tensor<3x9000xf32>) -> tensor<3xf32>
  tile.return %0 : tensor<3xf32>
}
// CHECK: tile.kernel @wide {{.*}}schedule {nests = [{row = 1 : i64, col = {{[0-9][0-9][0-9][0-9]}} : i64}]}

// -----

// A product: fractals of 16 rows and columns, and the parts of k that L1 and L0 hold twice.
builtin.module attributes {sfumato.target = "tiny"} {
  tile.kernel @product {
  ^bb0(%x: tensor<300x1100xf32>, %w: tensor<1100x270xf32>):
    %0 = graph.matmul %x, %w : (tensor<300x1100xf32>, tensor<1100x270xf32>) -> tensor<300x270xf32>
    tile.return %0 : tensor<300x270xf32>
  }
}
// CHECK: tile.kernel @product {{.*}}schedule {nests = [{row = {{[0-9]+}} : i64, col = {{[0-9]+}} : i64, l1_k = array<i64: {{[0-9]+}}>, l0_k = array<i64: {{[0-9]+}}>}]}

// -----

// A concatenation has a nest for each operand.
tile.kernel @concat {
^bb0(%x: tensor<4x10xf32>, %y: tensor<4x30xf32>):
  %0 = graph.exp %x : tensor<4x10xf32>
  %1 = graph.concat %0, %y <{axis = 1 : i64}> : (tensor<4x10xf32>, tensor<4x30xf32>) -> tensor<4x40xf32>
  tile.return %1 : tensor<4x40xf32>
}
// CHECK: tile.kernel @concat {{.*}}schedule {nests = [{row = {{[0-9]+}} : i64, col = 10 : i64}, {row = {{[0-9]+}} : i64, col = 30 : i64}]}

// -----

// Left alone: a schedule that the user or the tuner chose.
tile.kernel @chosen schedule {nests = [{row = 3 : i64, col = 64 : i64}]} {
^bb0(%x: tensor<5x129xf32>):
  %0 = graph.exp %x : tensor<5x129xf32>
  tile.return %0 : tensor<5x129xf32>
}
// CHECK: tile.kernel @chosen schedule {nests = [{row = 3 : i64, col = 64 : i64}]} {

// -----

// A wide product: the tiles of one column first, so that what lies below each other in B is read once.
tile.kernel @wide_product {
^bb0(%x: tensor<256x512xf16>, %w: tensor<512x4096xf16>):
  %0 = graph.matmul %x, %w : (tensor<256x512xf16>, tensor<512x4096xf16>) -> tensor<256x4096xf16>
  tile.return %0 : tensor<256x4096xf16>
}
// CHECK: tile.kernel @wide_product schedule {{.*}}, rows_first = 1 : i64}]}

// -----

// A recurrence that says how it is cut gets chunks of that length.
tile.kernel @cut {
^bb0(%z: tensor<64x32xf32>, %q: tensor<64x32xf16>, %k: tensor<200x32xf16>):
  %s = graph.recurrence axes [-1, 0] chunk 48 carry(%z) ins(%q, %k) {
  ^bb0(%a: tensor<64x32xf32>, %r: tensor<64x32xf16>, %e: tensor<200x32xf16>):
    %0 = graph.matmul %r, %e <{transpose_b}> : (tensor<64x32xf16>, tensor<200x32xf16>) -> tensor<64x200xf16>
    %1 = graph.matmul %0, %e : (tensor<64x200xf16>, tensor<200x32xf16>) -> tensor<64x32xf32>
    %2 = graph.add %a, %1 : tensor<64x32xf32>
    graph.yield %2 : tensor<64x32xf32>
  } : (tensor<64x32xf32>) over (tensor<64x32xf16>, tensor<200x32xf16>) -> tensor<64x32xf32>
  %o = graph.neg %s : tensor<64x32xf32>
  tile.return %o : tensor<64x32xf32>
}
// CHECK: tile.kernel @cut schedule {nests = [{row = {{[0-9]+}} : i64, col = 48 : i64,
