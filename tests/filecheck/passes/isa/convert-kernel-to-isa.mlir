// RUN: sfumato-opt %s -p kernel-plan-memory,convert-kernel-to-isa | filecheck %s

// A queue of one slot has a fixed address and event id; its free flag is set at the start and taken at the end.
// The program says which operation each instruction was, and where its buffers are.
// CHECK-LABEL: sym_name = "single"
// CHECK:         "kernel.data_copy_pad_in(q, x[...])"
// CHECK-SAME:    "kernel.enque q"
// CHECK-SAME:    "kernel.exp(r, q)"
// CHECK-SAME:    buffers = [{name = "q", space = "ub", address = 0 : i64, bytes = 256 : i64, slots = 1 : i64}, {name = "r",
// CHECK:         isa.set_flag src=V, dst=MTE2, id=0
// CHECK-NEXT:    isa.arg rd=r0, index=0
// CHECK-NEXT:    isa.loop rd=r1, lower=0, upper=4, step=1
// CHECK-NEXT:    isa.wait_flag src=V, dst=MTE2, id=0
// CHECK-NEXT:    isa.mul rd=r2, a=r1, b=256
// CHECK-NEXT:    isa.add rd=r2, a=r2, b=r0
// CHECK-NEXT:    isa.copy_gm_ub dst=[0], src=[r2], bursts=1, burst_bytes=256, src_stride=0, dst_stride=0
// CHECK-NEXT:    isa.set_flag src=MTE2, dst=V, id=0
// CHECK-NEXT:    isa.wait_flag src=MTE2, dst=V, id=0
// CHECK-NEXT:    isa.vexp dst=[256], src=[0], count=64, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
// CHECK-NEXT:    isa.set_flag src=V, dst=MTE2, id=0
// CHECK-NEXT:    isa.end
// CHECK-NEXT:    isa.wait_flag src=V, dst=MTE2, id=0
kernel.kernel @single "vector" blocks 1 [{name = "x", type = tensor<256xf32>, direction = "in"}] {
  kernel.program "vector" (%x : !kernel.global<f32>) {
    %q = kernel.init_queue "vecin" depth 1 bytes 256 from "MTE2" to ["V"]
    %r = kernel.init_buffer "veccalc" bytes 256
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c256 = arith.constant 256 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %t = kernel.alloc_tensor %q
      %o = arith.muli %i, %c256 : index
      %xs = kernel.slice %x[%o] : !kernel.global<f32>
      kernel.data_copy_pad_in(%t, %xs : !kernel.global<f32>) {bursts = 1, burst_bytes = 256, src_stride = 0, dst_stride = 0}
      kernel.enque %q, %t
      %u = kernel.deque %q on "V"
      kernel.exp(%r, %u) {count = 64, mask = 64, type = f32}
      kernel.free_tensor %q, %u on "V"
    }
  }
}

// Two slots change places by one subtraction each for the address and the event id.
// CHECK-LABEL: sym_name = "double"
// CHECK:         isa.li rd=r0, value_lo=0, value_hi=0
// CHECK-NEXT:    isa.li rd=r1, value_lo=0, value_hi=0
// CHECK:         isa.wait_flag src=V, dst=MTE2, id=r1
// CHECK:         isa.set_flag src=V, dst=MTE2, id=r1
// CHECK-NEXT:    isa.sub rd=r0, a=256, b=r0
// CHECK-NEXT:    isa.sub rd=r1, a=1, b=r1
// CHECK-NEXT:    isa.end
kernel.kernel @double "vector" blocks 1 [] {
  kernel.program "vector" () {
    %q = kernel.init_queue "vecin" depth 2 bytes 256 from "MTE2" to ["V"]
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %t = kernel.alloc_tensor %q
      kernel.enque %q, %t
      %u = kernel.deque %q on "V"
      kernel.free_tensor %q, %u on "V"
    }
  }
}

// What a loop does not change stands in front of it; equal values are computed once; constants fold.
// CHECK-LABEL: sym_name = "invariant"
// CHECK:         isa.block_idx rd=r0
// CHECK-NEXT:    isa.mul rd=r0, a=r0, b=96
// CHECK-NEXT:    isa.loop
// CHECK-NEXT:    isa.vexp dst=[0], src=[0], count=r0,
// CHECK-NEXT:    isa.vexp dst=[0], src=[0], count=r0,
// CHECK-NEXT:    isa.vexp dst=[0], src=[0], count=6,
// CHECK-NEXT:    isa.end
kernel.kernel @invariant "vector" blocks 2 [] {
  kernel.program "vector" () {
    %a = kernel.init_buffer "veccalc" bytes 4096
    %b = kernel.get_block_idx
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c24 = arith.constant 24 : index
    %c96 = arith.constant 96 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %n = arith.muli %b, %c96 : index
      %m0 = arith.muli %b, %c24 : index
      %m = arith.muli %m0, %c4 : index
      %six = arith.floordivsi %c24, %c4 : index
      kernel.exp(%a, %a) {count = %n, mask = 64, type = f32}
      kernel.exp(%a, %a) {count = %m, mask = 64, type = f32}
      kernel.exp(%a, %a) {count = %six, mask = 64, type = f32}
    }
  }
}

// The else arm runs when the condition is 0; cross-core flags and barriers pass through; a single trip needs no loop.
// CHECK-LABEL: sym_name = "arms"
// CHECK:         isa.sub_idx rd=r0
// CHECK-NEXT:    isa.if a=r0
// CHECK-NEXT:    isa.barrier pipe=V
// CHECK-NEXT:    isa.end
// CHECK-NEXT:    isa.eq rd=[[NOT:r[0-9]+]], a=r0, b=0
// CHECK-NEXT:    isa.if a=[[NOT]]
// CHECK-NEXT:    isa.cross_set pipe=MTE3, id=1, mode=2
// CHECK-NEXT:    isa.end
// CHECK-NEXT:    isa.cross_wait id=3, mode=2
// CHECK-NEXT:  })
kernel.kernel @arms "vector" blocks 1 [] {
  kernel.program "vector" () {
    %s = kernel.get_sub_block_idx
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %p = arith.index_cast %s : index to i1
    scf.if %p {
      kernel.pipe_barrier "V"
    } else {
      kernel.cross_core_set_flag "MTE3" id 1 mode 2
    }
    scf.for %i = %c0 to %c1 step %c1 {
      kernel.cross_core_wait_flag id 3 + %i mode 2
    }
  }
}

// Slots in turn are a register, set up once and moved on where the slot is named: two by subtraction, more by division.
// CHECK-LABEL: sym_name = "slots"
// CHECK:         isa.li rd=[[TWO:r[0-9]+]], value_lo=0, value_hi=0
// CHECK-NEXT:    isa.li rd=[[FOUR:r[0-9]+]], value_lo=0, value_hi=0
// CHECK:         isa.loop
// CHECK-NEXT:      isa.add rd=[[FLAG:r[0-9]+]], a=[[TWO]], b=0
// CHECK-NEXT:      isa.sub rd=[[TWO]], a=1, b=[[TWO]]
// CHECK:           isa.cross_wait id={{r[0-9]+}}, mode=2
// CHECK-NEXT:      isa.add rd=[[FLAG:r[0-9]+]], a=[[FOUR]], b=0
// CHECK-NEXT:      isa.add rd=[[FOUR]], a=[[FOUR]], b=1
// CHECK-NEXT:      isa.mod rd=[[FOUR]], a=[[FOUR]], b=4
kernel.kernel @slots "vector" blocks 1 [] {
  kernel.program "vector" () {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c9 = arith.constant 9 : index
    scf.for %i = %c0 to %c9 step %c1 {
      %a = kernel.next_slot of 2
      kernel.cross_core_wait_flag id 3 + %a mode 2
      %b = kernel.next_slot of 4
      kernel.cross_core_wait_flag id 5 + %b mode 2
    }
  }
}

// Other ops of the module are left alone.
// CHECK: "test.op"() {untouched} : () -> ()
"test.op"() {untouched} : () -> ()
