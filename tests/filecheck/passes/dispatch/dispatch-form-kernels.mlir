// RUN: sfumato-opt %s -p dispatch-form-kernels --split-input-file | filecheck %s

// A softmax is one kernel: reductions and what is computed from them share its space.
func.func @main(%x: tensor<5x129xf32>) -> tensor<5x129xf32> {
  %0 = graph.reduce %x <{kind = "max", axes = array<i64: 1>}> : (tensor<5x129xf32>) -> tensor<5xf32>
  %1 = graph.broadcast %0 <{dims = array<i64: 0>}> : (tensor<5xf32>) -> tensor<5x129xf32>
  %2 = graph.sub %x, %1 : tensor<5x129xf32>
  %3 = graph.exp %2 : tensor<5x129xf32>
  %4 = graph.reduce %3 <{kind = "add", axes = array<i64: 1>}> : (tensor<5x129xf32>) -> tensor<5xf32>
  %5 = graph.broadcast %4 <{dims = array<i64: 0>}> : (tensor<5xf32>) -> tensor<5x129xf32>
  %6 = graph.div %3, %5 : tensor<5x129xf32>
  func.return %6 : tensor<5x129xf32>
}
// CHECK:      tile.kernel @[[SOFTMAX:[a-z_0-9]+]] {
// CHECK-NEXT: ^{{bb[0-9]+}}(%[[X:[0-9]+]]: tensor<5x129xf32>):
// CHECK-NEXT:   graph.reduce %[[X]] <{kind = "max"
// CHECK:        graph.exp
// CHECK:        graph.reduce {{.*}}kind = "add"
// CHECK:        %[[Y:[0-9]+]] = graph.div
// CHECK-NEXT:   tile.return %[[Y]] : tensor<5x129xf32>
// CHECK-NEXT: }
// CHECK-NEXT: func.func @main(%x: tensor<5x129xf32>) -> tensor<5x129xf32> {
// CHECK-NEXT:   %[[R:[0-9]+]] = tile.launch @[[SOFTMAX]](%x) : (tensor<5x129xf32>) -> tensor<5x129xf32>
// CHECK-NEXT:   func.return %[[R]]

// -----

// Equal kernels are made once, whichever function they come from; calls and weights stay outside.
func.func private @layer_0(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = graph.relu %x : tensor<8x4xf32>
  func.return %0 : tensor<8x4xf32>
}
func.func @main() -> tensor<8x4xf32> {
  %0 = graph.weight <{key = "w"}> : tensor<8x4xf32>
  %1 = graph.relu %0 : tensor<8x4xf32>
  %2 = func.call @layer_0(%1) : (tensor<8x4xf32>) -> tensor<8x4xf32>
  func.return %2 : tensor<8x4xf32>
}
// CHECK:      tile.kernel @[[RELU:[a-z_0-9]+]] {
// CHECK-NOT:  tile.kernel
// CHECK:      func.func private @layer_0(%x
// CHECK-NEXT:   tile.launch @[[RELU]](%x)
// CHECK:      func.func @main()
// CHECK-NEXT:   %[[W:[0-9]+]] = graph.weight <{key = "w"}>
// CHECK-NEXT:   %[[H:[0-9]+]] = tile.launch @[[RELU]](%[[W]])
// CHECK-NEXT:   %[[Y:[0-9]+]] = func.call @layer_0(%[[H]])
// CHECK-NEXT:   func.return %[[Y]]

// -----

// A product takes the pointwise ops that follow it; a second product starts another kernel.
func.func @main(%x: tensor<37x96xf16>, %w: tensor<96x64xf16>, %b: tensor<64xf32>, %v: tensor<64x8xf32>) -> tensor<37x8xf32> {
  %0 = graph.matmul %x, %w : (tensor<37x96xf16>, tensor<96x64xf16>) -> tensor<37x64xf32>
  %1 = graph.broadcast %b <{dims = array<i64: 1>}> : (tensor<64xf32>) -> tensor<37x64xf32>
  %2 = graph.add %0, %1 : tensor<37x64xf32>
  %3 = graph.matmul %2, %v : (tensor<37x64xf32>, tensor<64x8xf32>) -> tensor<37x8xf32>
  func.return %3 : tensor<37x8xf32>
}
// CHECK:      tile.kernel @[[FIRST:[a-z_0-9]+]] {
// CHECK:        graph.matmul
// CHECK:        graph.add
// CHECK:      tile.kernel @[[SECOND:[a-z_0-9]+]] {
// CHECK:        graph.matmul
// CHECK:      func.func @main
// CHECK-NEXT:   %[[H:[0-9]+]] = tile.launch @[[FIRST]](%x, %w, %b)
// CHECK-NEXT:   %[[Y:[0-9]+]] = tile.launch @[[SECOND]](%[[H]], %v)

// -----

// Views of memory move into the kernel that reads through them; a constant is computed again where it is needed.
func.func @main(%x: tensor<6x4xf32>) -> (tensor<4x6xf32>, tensor<6x4xf32>) {
  %0 = graph.constant <{value = 2.0 : f32}> : tensor<4x6xf32>
  %1 = graph.permute %x <{order = array<i64: 1, 0>}> : (tensor<6x4xf32>) -> tensor<4x6xf32>
  %2 = graph.mul %1, %0 : tensor<4x6xf32>
  %3 = graph.reshape %x : (tensor<6x4xf32>) -> tensor<24xf32>
  %4 = graph.reshape %3 : (tensor<24xf32>) -> tensor<6x4xf32>
  func.return %2, %4 : tensor<4x6xf32>, tensor<6x4xf32>
}
// CHECK:      tile.kernel
// CHECK-DAG:    graph.permute
// CHECK-DAG:    graph.constant
// CHECK:        graph.mul
// CHECK:      func.func @main
// CHECK-NOT:    graph.permute
// CHECK-NOT:    graph.constant
// CHECK:        %[[Y:[0-9]+]] = tile.launch {{.*}}(%x) : (tensor<6x4xf32>) -> tensor<4x6xf32>
// CHECK:        func.return %[[Y]], %{{.*}} : tensor<4x6xf32>, tensor<6x4xf32>

// -----

// A view that the caller wants dense is copied by a kernel without ops.
func.func @main(%x: tensor<6x4xf32>) -> tensor<4x6xf32> {
  %0 = graph.permute %x <{order = array<i64: 1, 0>}> : (tensor<6x4xf32>) -> tensor<4x6xf32>
  func.return %0 : tensor<4x6xf32>
}
// CHECK:      tile.kernel @copy_0 {
// CHECK-NEXT: ^{{bb[0-9]+}}(%[[X:[0-9]+]]: tensor<6x4xf32>):
// CHECK-NEXT:   %[[T:[0-9]+]] = graph.permute %[[X]]
// CHECK-NEXT:   tile.return %[[T]] : tensor<4x6xf32>

// -----

// A permutation at the end of a kernel is how it stores its result.
func.func @main(%x: tensor<6x4xf32>) -> tensor<4x6xf32> {
  %0 = graph.exp %x : tensor<6x4xf32>
  %1 = graph.permute %0 <{order = array<i64: 1, 0>}> : (tensor<6x4xf32>) -> tensor<4x6xf32>
  func.return %1 : tensor<4x6xf32>
}
// CHECK:      tile.kernel
// CHECK:        %[[E:[0-9]+]] = graph.exp
// CHECK-NEXT:   %[[T:[0-9]+]] = graph.permute %[[E]]
// CHECK-NEXT:   tile.return %[[T]] : tensor<4x6xf32>
// CHECK:      func.func @main
// CHECK-COUNT-1: tile.launch
// CHECK-NOT:     tile.launch

// -----

// A value and its transpose have no common space: two kernels, and the value goes through memory.
func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.exp %x : tensor<4x4xf32>
  %1 = graph.permute %0 <{order = array<i64: 1, 0>}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = graph.add %0, %1 : tensor<4x4xf32>
  func.return %2 : tensor<4x4xf32>
}
// CHECK:      tile.kernel @exp_0 {
// CHECK-NOT:    graph.add
// CHECK:      tile.kernel @add_1 {
// CHECK-NOT:    graph.exp
// CHECK:      func.func @main
// CHECK-NEXT:   %[[E:[0-9]+]] = tile.launch @exp_0(%x)
// CHECK-NEXT:   tile.launch @add_1(%[[E]])

// -----

// A launch that moves up, before what else reads its results, takes a constant from further down along.
func.func @main(%x: tensor<1xi64>, %table: tensor<9x48xf32>) -> (tensor<1x48xf32>, tensor<4xi64>) {
  %0 = graph.add %x, %x : tensor<1xi64>
  %1 = graph.take %table, %0 <{axis = 0 : i64}> : (tensor<9x48xf32>, tensor<1xi64>) -> tensor<1x48xf32>
  %2 = graph.constant <{value = dense<[3, 1, 4, 1]> : tensor<4xi64>}> : tensor<4xi64>
  %3 = graph.reshape %0 : (tensor<1xi64>) -> tensor<i64>
  %4 = graph.broadcast %3 <{dims = array<i64>}> : (tensor<i64>) -> tensor<4xi64>
  %5 = graph.max %2, %4 : tensor<4xi64>
  func.return %1, %5 : tensor<1x48xf32>, tensor<4xi64>
}
// CHECK:      func.func @main
// CHECK-NEXT:   %[[C:[0-9]+]] = graph.constant
// CHECK-NEXT:   %[[SUM:[0-9]+]], %{{[0-9]+}} = tile.launch @add_max_0(%x, %[[C]])
// CHECK-NEXT:   tile.launch @take_1(%table, %[[SUM]])

// -----

// Left alone: what a function without graph operations does.
func.func private @layer_0(%x: tensor<4xf32>) -> tensor<4xf32> {
  func.return %x : tensor<4xf32>
}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = func.call @layer_0(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func private @layer_0(%x: tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT:     func.return %x : tensor<4xf32>
// CHECK-NEXT:   }
// CHECK-NEXT:   func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT:     %0 = func.call @layer_0(%x)
// CHECK-NEXT:     func.return %0

// -----

// A tensor that a kernel walks in two ways has a view for each.
func.func @main(%x: tensor<24x24xf32>, %w: tensor<24x24xf32>) -> tensor<24x24xf32> {
  %0 = graph.matmul %x, %w : (tensor<24x24xf32>, tensor<24x24xf32>) -> tensor<24x24xf32>
  %1 = graph.add %0, %x : tensor<24x24xf32>
  func.return %1 : tensor<24x24xf32>
}
// CHECK:      tile.kernel @matmul_add_0 {
// CHECK-NEXT: ^bb0(%[[X:[0-9]+]]: tensor<24x24xf32>, %[[W:[0-9]+]]: tensor<24x24xf32>):
// CHECK-NEXT:   %[[V:[0-9]+]] = graph.permute %[[X]] <{order = array<i64: 0, 1>}>
// CHECK-NEXT:   %[[P:[0-9]+]] = graph.matmul %[[V]], %[[W]]
// CHECK-NEXT:   graph.add %[[P]], %[[X]]

// -----

// What starts from different inputs and meets in an op is one kernel.
func.func @main(%x: tensor<4x9xf32>, %y: tensor<4x9xf32>) -> tensor<4x9xf32> {
  %0 = graph.exp %x : tensor<4x9xf32>
  %1 = graph.neg %y : tensor<4x9xf32>
  %2 = graph.add %0, %1 : tensor<4x9xf32>
  func.return %2 : tensor<4x9xf32>
}
// CHECK:      tile.kernel @[[MEET:[a-z_0-9]+]] {
// CHECK:        graph.exp
// CHECK-NEXT:   graph.neg
// CHECK-NEXT:   graph.add
// CHECK-NOT:  tile.kernel
// CHECK:      tile.launch @[[MEET]](%x, %y)

// -----

// But not if one of them leads to the other through a third kernel.
func.func @main(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.exp %x : tensor<4x4xf32>
  %1 = graph.matmul %0, %w : tensor<4x4xf32>
  %2 = graph.reduce %1 <{kind = "add", axes = array<i64: 1>}> : (tensor<4x4xf32>) -> tensor<4xf32>
  %3 = graph.broadcast %2 <{dims = array<i64: 0>}> : (tensor<4xf32>) -> tensor<4x4xf32>
  %4 = graph.add %0, %3 : tensor<4x4xf32>
  func.return %4 : tensor<4x4xf32>
}
// CHECK:      %[[E:[0-9]+]] = tile.launch @exp
// CHECK-NEXT: %[[M:[0-9]+]] = tile.launch @matmul{{.*}}(%[[E]], %w)
// CHECK-NEXT: tile.launch @reduce{{.*}}(%[[M]], %[[E]])

// -----

// Counting that is regrouped is stored: no kernel's dimensions are both one axis and two.
func.func @main(%x: tensor<5x5xi32>) -> tensor<5x5xi32> {
  %0 = graph.iota <{axis = 0 : i64}> : tensor<25xi32>
  %1 = graph.reshape %0 : (tensor<25xi32>) -> tensor<5x5xi32>
  %2 = graph.max %x, %1 : tensor<5x5xi32>
  func.return %2 : tensor<5x5xi32>
}
// CHECK:      %[[I:[0-9]+]] = tile.launch @iota
// CHECK-NEXT: tile.launch @max{{.*}}(%x, %[[I]])

// -----

// What is counted along the rows and along the columns is counted twice, in one kernel.
func.func @main(%x: tensor<5x5xf32>) -> tensor<5x5xf32> {
  %0 = graph.iota <{axis = 0 : i64}> : tensor<5xi32>
  %1 = graph.broadcast %0 <{dims = array<i64: 0>}> : (tensor<5xi32>) -> tensor<5x5xi32>
  %2 = graph.broadcast %0 <{dims = array<i64: 1>}> : (tensor<5xi32>) -> tensor<5x5xi32>
  %3 = graph.compare %1, %2 <{predicate = "le"}> : (tensor<5x5xi32>, tensor<5x5xi32>) -> tensor<5x5xi1>
  %4 = graph.neg %x : tensor<5x5xf32>
  %5 = graph.select %3, %x, %4 : (tensor<5x5xi1>, tensor<5x5xf32>, tensor<5x5xf32>) -> tensor<5x5xf32>
  func.return %5 : tensor<5x5xf32>
}
// CHECK:      tile.kernel
// CHECK:      %[[ROW:[0-9]+]] = graph.iota
// CHECK-NEXT: graph.broadcast %[[ROW]] <{dims = array<i64: 0>}>
// CHECK-NEXT: %[[COLUMN:[0-9]+]] = graph.iota
// CHECK-NEXT: graph.broadcast %[[COLUMN]] <{dims = array<i64: 1>}>
