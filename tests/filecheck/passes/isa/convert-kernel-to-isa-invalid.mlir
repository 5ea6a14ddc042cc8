// RUN: sfumato-opt %s --split-input-file --verify-diagnostics -p kernel-plan-memory,convert-kernel-to-isa | filecheck %s

kernel.kernel @crowded "vector" blocks 1 [] {
  kernel.program "vector" () {
    %a = kernel.init_queue "vecin" depth 4 bytes 64 from "MTE2" to ["V"]
    %b = kernel.init_queue "vecin" depth 3 bytes 64 from "MTE2" to ["V"]
    %c = kernel.init_queue "vecin" depth 2 bytes 64 from "MTE2" to ["V"]
  }
}

// CHECK:      kernel 'crowded', vector program: the queues between these pipes need 9 event ids, the hardware has 8 a pair
// CHECK-NEXT:   a: vecin, depth 4, MTE2 to V
// CHECK-NEXT:   b: vecin, depth 3, MTE2 to V
// CHECK-NEXT:   c: vecin, depth 2, MTE2 to V
// CHECK-NEXT:   load tensors that arrive together as slices of one queue element, or use fewer slots

// -----

kernel.kernel @carries "vector" blocks 1 [] {
  kernel.program "vector" () {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %sum = scf.for %i = %c0 to %c1 step %c1 iter_args(%s = %c0) -> (index) {
      %n = arith.addi %s, %i : index
      scf.yield %n : index
    }
  }
}

// CHECK: a loop that carries values has no translation to instructions

// -----

kernel.kernel @floats "vector" blocks 1 [] {
  kernel.program "vector" () {
    %f = arith.constant 1.0 : f32
  }
}

// CHECK: arith.constant has no translation to instructions

// -----

kernel.kernel @zero "vector" blocks 1 [] {
  kernel.program "vector" () {
    %b = kernel.get_block_idx
    %c0 = arith.constant 0 : index
    %d = arith.divui %b, %c0 : index
  }
}

// CHECK: an index is divided by zero

// -----

kernel.kernel @sign "vector" blocks 1 [] {
  kernel.program "vector" () {
    %b = kernel.get_block_idx
    %n = kernel.get_block_num
    %s = arith.subi %b, %n : index
    %d = arith.divsi %s, %n : index
  }
}

// CHECK: arith.divsi of a value that may be negative by a value that is not a positive constant has no instruction
