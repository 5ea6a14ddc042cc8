// RUN: sfumato-opt %s -p tile-pipeline-stages --split-input-file | filecheck %s

// Scores go to the vector cores, what they make of them comes back for a second product, and that product goes to the
// sum: two turns. The second one runs 2 iterations later; the factor that it needs of the first waits in the loop.
tile.kernel @turns kind "mix" blocks 1 : i64 schedule {nests = [{preload = 2 : i64}]} arguments {directions = ["in", "in", "workspace", "workspace", "workspace"]} {
  tile.program "cube" {
  ^bb0(%q: tensor<16x32xf16>, %k: tensor<512x32xf16>, %s: tensor<1x3x16x64xf32>, %o: tensor<1x3x16x32xf32>, %p: tensor<1x3x16x64xf16>):
    %cs = tile.channel depth 3 id 0 from "cube" in %s : tensor<1x3x16x64xf32> -> !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    %co = tile.channel depth 3 id 2 from "cube" in %o : tensor<1x3x16x32xf32> -> !tile.channel<!tile.tile<16x32xf32, gm, nd>>
    %cp = tile.channel depth 3 id 4 from "vector" in %p : tensor<1x3x16x64xf16> -> !tile.channel<!tile.tile<16x64xf16, gm, nd>>
    %zero, %m, %step, %end, %d = "test.op"() : () -> (index, index, index, index, index)
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c512 = arith.constant 512 : index
    %a = tile.view %q[%zero] strides [32, 1] extents(%m, %d) : tensor<16x32xf16> -> !tile.tile<16x32xf16, gm, nd>
    scf.for %at = %c0 to %c512 step %c64 {
      %b = tile.view %k[%at] strides [32, 1] extents(%c64, %d) : tensor<512x32xf16> -> !tile.tile<64x32xf16, gm, nd>
      %qk = tile.matmul %a, %b extents(%m, %c64, %d) transpose_b chunks(32, 32) : !tile.tile<16x32xf16, gm, nd>, !tile.tile<64x32xf16, gm, nd> -> !tile.tile<16x64xf32, l0c, nz>
      tile.put %qk into %cs row %zero extents(%m, %c64) : !tile.tile<16x64xf32, l0c, nz>, !tile.channel<!tile.tile<16x64xf32, gm, nd>>
      %w = tile.take %cp : !tile.channel<!tile.tile<16x64xf16, gm, nd>> -> !tile.tile<16x64xf16, gm, nd>
      %pv = tile.matmul %w, %b extents(%m, %d, %c64) chunks(64, 64) : !tile.tile<16x64xf16, gm, nd>, !tile.tile<64x32xf16, gm, nd> -> !tile.tile<16x32xf32, l0c, nz>
      tile.release %cp : !tile.channel<!tile.tile<16x64xf16, gm, nd>>
      tile.put %pv into %co row %zero extents(%m, %d) : !tile.tile<16x32xf32, l0c, nz>, !tile.channel<!tile.tile<16x32xf32, gm, nd>>
    }
  }
  tile.program "vector" {
  ^bb0(%q: tensor<16x32xf16>, %k: tensor<512x32xf16>, %s: tensor<1x3x16x64xf32>, %o: tensor<1x3x16x32xf32>, %p: tensor<1x3x16x64xf16>):
    %cs = tile.channel depth 3 id 0 from "cube" in %s : tensor<1x3x16x64xf32> -> !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    %co = tile.channel depth 3 id 2 from "cube" in %o : tensor<1x3x16x32xf32> -> !tile.channel<!tile.tile<16x32xf32, gm, nd>>
    %cp = tile.channel depth 3 id 4 from "vector" in %p : tensor<1x3x16x64xf16> -> !tile.channel<!tile.tile<16x64xf16, gm, nd>>
    %zero, %m, %one, %d = "test.op"() : () -> (index, index, index, index)
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c512 = arith.constant 512 : index
    %m0, %o0 = "test.op"() : () -> (!tile.tile<16x1xf32, ub, nd>, !tile.tile<16x32xf32, ub, nd>)
    %m8, %o8 = scf.for %at = %c0 to %c512 step %c64 iter_args(%m1 = %m0, %o1 = %o0) -> (!tile.tile<16x1xf32, ub, nd>, !tile.tile<16x32xf32, ub, nd>) {
      %slot = tile.take %cs : !tile.channel<!tile.tile<16x64xf32, gm, nd>> -> !tile.tile<16x64xf32, gm, nd>
      %qk = tile.load %slot extents(%m, %c64) : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<16x64xf32, ub, nd>
      tile.release %cs : !tile.channel<!tile.tile<16x64xf32, gm, nd>>
      %r = tile.reduce "max" along "cols" %qk extents(%m, %c64) : !tile.tile<16x64xf32, ub, nd> -> !tile.tile<16x1xf32, ub, nd>
      %m2 = tile.compute "max"(%m1, %r) extents(%m, %one) : (!tile.tile<16x1xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd>) -> !tile.tile<16x1xf32, ub, nd>
      %f = tile.compute "sub"(%m1, %m2) extents(%m, %one) : (!tile.tile<16x1xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd>) -> !tile.tile<16x1xf32, ub, nd>
      %w = tile.compute "cast"(%qk) extents(%m, %c64) : (!tile.tile<16x64xf32, ub, nd>) -> !tile.tile<16x64xf16, ub, nd>
      tile.put %w into %cp row %zero extents(%m, %c64) : !tile.tile<16x64xf16, ub, nd>, !tile.channel<!tile.tile<16x64xf16, gm, nd>>
      %o2 = tile.compute "mul"(%o1, %f) extents(%m, %d) : (!tile.tile<16x32xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd>) -> !tile.tile<16x32xf32, ub, nd>
      %full = tile.take %co : !tile.channel<!tile.tile<16x32xf32, gm, nd>> -> !tile.tile<16x32xf32, gm, nd>
      %pv = tile.load %full extents(%m, %d) : !tile.tile<16x32xf32, gm, nd> -> !tile.tile<16x32xf32, ub, nd>
      tile.release %co : !tile.channel<!tile.tile<16x32xf32, gm, nd>>
      %o3 = tile.compute "add"(%o2, %pv) extents(%m, %d) : (!tile.tile<16x32xf32, ub, nd>, !tile.tile<16x32xf32, ub, nd>) -> !tile.tile<16x32xf32, ub, nd>
      scf.yield %m2, %o3 : !tile.tile<16x1xf32, ub, nd>, !tile.tile<16x32xf32, ub, nd>
    }
  }
}
// The cube core: 8 iterations and 2 more; the window of the first operand stays outside.
// CHECK-LABEL: tile.program "cube"
// CHECK:         tile.view
// CHECK:         %[[END:.*]] = arith.constant 640 : index
// CHECK:         scf.for %[[T:.*]] = %{{.*}} to %[[END]] step
// CHECK:           %[[NEXT:.*]] = arith.addi %[[T]], %{{.*}} : index
// CHECK:           %[[LAST:.*]] = arith.minsi %{{.*}}, %[[NEXT]] : index
// CHECK-NEXT:      scf.for %[[AT:.*]] = %[[T]] to %[[LAST]] step
// CHECK-NEXT:        tile.view %{{.*}}[%[[AT]]]
// CHECK-NEXT:        tile.matmul
// CHECK-NEXT:        tile.put
// CHECK-NEXT:      }
// CHECK-NEXT:      %[[LAG:.*]] = arith.constant 128 : index
// CHECK-NEXT:      %[[THEN:.*]] = arith.subi %[[T]], %[[LAG]] : index
// CHECK-NEXT:      %[[FROM:.*]] = arith.maxsi %{{.*}}, %[[THEN]] : index
// CHECK:           scf.for %{{.*}} = %[[FROM]] to
// CHECK:             tile.take
// CHECK-NEXT:        tile.matmul
// The vector cores: the factor of this iteration becomes the newest of two that wait, the older one is used.
// CHECK-LABEL: tile.program "vector"
// CHECK:         scf.for {{.*}} iter_args(%[[OLD:.*]] = %{{.*}}, %[[NEW:.*]] = %{{.*}}, %[[MAX:.*]] = %{{.*}}, %[[SUM:.*]] = %{{.*}}) ->
// CHECK:           %[[F:.*]], %[[M:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[NEW]], %[[M1:.*]] = %[[MAX]])
// CHECK:             tile.compute "max"(%[[M1]],
// CHECK:             tile.put
// CHECK:           %[[O:.*]] = scf.for {{.*}} iter_args(%[[O1:.*]] = %[[SUM]])
// CHECK:             tile.compute "mul"(%[[O1]], %[[OLD]])
// CHECK:             tile.take
// CHECK:           scf.yield %[[NEW]], %[[F]], %[[M]], %[[O]]

// -----

// Left alone: the scores only go one way, there is nothing to wait for.
tile.kernel @one_way kind "mix" blocks 1 : i64 schedule {nests = [{preload = 2 : i64}]} arguments {directions = ["in", "in", "workspace"]} {
  tile.program "cube" {
  ^bb0(%q: tensor<16x32xf16>, %k: tensor<512x32xf16>, %s: tensor<1x3x16x64xf32>):
    %cs = tile.channel depth 3 id 0 from "cube" in %s : tensor<1x3x16x64xf32> -> !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c512 = arith.constant 512 : index
    scf.for %at = %c0 to %c512 step %c64 {
      %b = tile.view %k[%at] strides [32, 1] extents(%c64, %c64) : tensor<512x32xf16> -> !tile.tile<64x32xf16, gm, nd>
      %qk = tile.matmul %b, %b extents(%c64, %c64, %c64) transpose_b chunks(32, 32) : !tile.tile<64x32xf16, gm, nd>, !tile.tile<64x32xf16, gm, nd> -> !tile.tile<16x64xf32, l0c, nz>
      tile.put %qk into %cs row %c0 extents(%c64, %c64) : !tile.tile<16x64xf32, l0c, nz>, !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    }
  }
  tile.program "vector" {
  ^bb0(%q: tensor<16x32xf16>, %k: tensor<512x32xf16>, %s: tensor<1x3x16x64xf32>):
    %cs = tile.channel depth 3 id 0 from "cube" in %s : tensor<1x3x16x64xf32> -> !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c512 = arith.constant 512 : index
    scf.for %at = %c0 to %c512 step %c64 {
      %slot = tile.take %cs : !tile.channel<!tile.tile<16x64xf32, gm, nd>> -> !tile.tile<16x64xf32, gm, nd>
      tile.release %cs : !tile.channel<!tile.tile<16x64xf32, gm, nd>>
    }
  }
}
// CHECK-LABEL: tile.kernel @one_way
// CHECK:         scf.for
// CHECK-NOT:     scf.for
// CHECK:         tile.program "vector"
// CHECK:         scf.for
// CHECK-NOT:     scf.for
// CHECK:         tile.release
