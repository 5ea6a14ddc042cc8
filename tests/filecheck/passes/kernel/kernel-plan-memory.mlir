// RUN: sfumato-opt %s -p kernel-plan-memory | filecheck %s

// Queues stand apart; the scratch buffers of one loop share the memory of the other's; each core has its own memories.
// CHECK-LABEL: kernel.kernel @two_loops
// CHECK:         kernel.init_queue "vecin" depth 2 bytes 8192 from "MTE2" to ["V"] at 0
// CHECK-NEXT:    kernel.init_buffer "veccalc" bytes 4096 at 16384
// CHECK:         kernel.init_buffer "veccalc" bytes 4000 at 16384
kernel.kernel @two_loops "vector" blocks 1 [] {
  kernel.program "vector" () {
    %q = kernel.init_queue "vecin" depth 2 bytes 8192 from "MTE2" to ["V"]
    %first = kernel.init_buffer "veccalc" bytes 4096
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %c4 step %c1 {
      kernel.exp(%first, %first) {count = 64, mask = 64, type = f32}
    }
    %second = kernel.init_buffer "veccalc" bytes 4000
    scf.for %i = %c0 to %c4 step %c1 {
      kernel.exp(%second, %second) {count = 64, mask = 64, type = f32}
    }
  }
}

// A buffer declared outside of the loop keeps its contents from one iteration to the next: it shares nothing with the other.
// CHECK-LABEL: kernel.kernel @carried
// CHECK:         kernel.init_buffer "veccalc" bytes 64 at 0
// CHECK-NEXT:    kernel.init_buffer "veccalc" bytes 64 at 64
kernel.kernel @carried "vector" blocks 1 [] {
  kernel.program "vector" () {
    %one = kernel.init_buffer "veccalc" bytes 64
    %two = kernel.init_buffer "veccalc" bytes 64
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %c4 step %c1 {
      kernel.exp(%one, %one) {count = 8, mask = 8, type = f32}
      %half = kernel.slice %two[32] : !kernel.local
      kernel.exp(%half, %half) {count = 8, mask = 8, type = f32}
    }
  }
}

// Declared in the loop body, the two live one after the other; the odd size of a slot is rounded up to the alignment.
// CHECK-LABEL: kernel.kernel @in_the_body
// CHECK:         kernel.init_queue "vecout" depth 3 bytes 100 from "V" to ["MTE3"] at 0
// CHECK:         kernel.init_buffer "veccalc" bytes 64 at 384
// CHECK:         kernel.init_buffer "veccalc" bytes 64 at 384
kernel.kernel @in_the_body "vector" blocks 1 [] {
  kernel.program "vector" () {
    %q = kernel.init_queue "vecout" depth 3 bytes 100 from "V" to ["MTE3"]
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %one = kernel.init_buffer "veccalc" bytes 64
      kernel.exp(%one, %one) {count = 8, mask = 8, type = f32}
      %two = kernel.init_buffer "veccalc" bytes 64
      kernel.exp(%two, %two) {count = 8, mask = 8, type = f32}
    }
  }
}

// A program without memory is left alone.
// CHECK-LABEL: kernel.kernel @nothing
// CHECK-NEXT:    kernel.program "cube" () {
// CHECK-NEXT:    }
kernel.kernel @nothing "cube" blocks 1 [] {
  kernel.program "cube" () {
  }
}

// Where memory is short, a queue gives up its second slot.
// CHECK-LABEL: kernel.kernel @short
// CHECK:         kernel.init_queue "vecin" depth 1 bytes 65536 from "MTE2" to ["V"] at {{[0-9]+}}
kernel.kernel @short "vector" blocks 1 [] {
  kernel.program "vector" () {
    %input = kernel.init_queue "vecin" depth 2 bytes 65536 from "MTE2" to ["V"]
    %scratch = kernel.init_buffer "veccalc" bytes 131072
    kernel.exp(%scratch, %scratch) {count = 64, mask = 64, type = f32}
  }
}

// Buffers of channels come first and lie at the same addresses in both programs, in the consumer's memory.
// CHECK-LABEL: kernel.kernel @channels
// CHECK:         kernel.program "cube"
// CHECK-NEXT:      kernel.init_buffer "vecin" bytes 2000 channel 0 at 0
// CHECK-NEXT:      kernel.init_buffer "vecin" bytes 1024 channel 2 at 2016
// CHECK-NEXT:      kernel.init_buffer "a1" bytes 4096 channel 4 at 0
// CHECK-NEXT:      kernel.init_queue "a1" depth 1 bytes 1024 from "MTE2" to ["MTE1"] at 4096
// CHECK:         kernel.program "vector"
// CHECK-NEXT:      kernel.init_buffer "vecin" bytes 2000 channel 0 at 0
// CHECK-NEXT:      kernel.init_buffer "veccalc" bytes 512 at 3072
// CHECK-NEXT:      kernel.init_buffer "a1" bytes 4096 channel 4 at 0
kernel.kernel @channels "mix" blocks 1 [] {
  kernel.program "cube" () {
    %c = kernel.init_buffer "vecin" bytes 2000 channel 0
    %d = kernel.init_buffer "vecin" bytes 1024 channel 2
    %e = kernel.init_buffer "a1" bytes 4096 channel 4
    %q = kernel.init_queue "a1" depth 1 bytes 1024 from "MTE2" to ["MTE1"]
  }
  kernel.program "vector" () {
    %c = kernel.init_buffer "vecin" bytes 2000 channel 0
    %s = kernel.init_buffer "veccalc" bytes 512
    %e = kernel.init_buffer "a1" bytes 4096 channel 4
  }
}

// What one instruction reads and writes lies in different halves of the bank groups (512 bytes); what stays small or is
// read by itself need not move.
// CHECK-LABEL: kernel.kernel @banks
// CHECK:         kernel.init_buffer "veccalc" bytes 4096 at 0
// CHECK-NEXT:    kernel.init_buffer "veccalc" bytes 4096 at 4352
// CHECK-NEXT:    kernel.init_buffer "veccalc" bytes 4096 at 8704
kernel.kernel @banks "vector" blocks 1 [] {
  kernel.program "vector" () {
    %a = kernel.init_buffer "veccalc" bytes 4096
    %b = kernel.init_buffer "veccalc" bytes 4096
    %sum = kernel.init_buffer "veccalc" bytes 4096
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %c4 step %c1 {
      kernel.add(%sum, %a, %b) {count = 1024, mask = 64, type = f32}
    }
  }
}
