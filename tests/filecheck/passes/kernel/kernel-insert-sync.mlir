// RUN: sfumato-opt %s -p kernel-plan-memory,kernel-insert-sync | filecheck %s

// CHECK-LABEL: kernel.kernel @straight
// CHECK:         kernel.exp(%a, %b)
// CHECK-NEXT:    kernel.exp(%c, %b)
// CHECK-NEXT:    kernel.pipe_barrier "V"
// CHECK-NEXT:    kernel.add(%b, %a, %c)
kernel.kernel @straight "vector" blocks 1 [] {
  kernel.program "vector" () {
    %a = kernel.init_buffer "veccalc" bytes 256
    %b = kernel.init_buffer "veccalc" bytes 256
    %c = kernel.init_buffer "veccalc" bytes 256
    kernel.exp(%a, %b) {count = 64, mask = 64, type = f32}
    kernel.exp(%c, %b) {count = 64, mask = 64, type = f32}
    kernel.add(%b, %a, %c) {count = 64, mask = 64, type = f32}
  }
}

// The accumulator is read and written in every iteration; a turn of the queue is ordered by its flags.
// CHECK-LABEL: kernel.kernel @loop
// CHECK:         scf.for
// CHECK-NEXT:      kernel.deque
// CHECK-NEXT:      kernel.pipe_barrier "V"
// CHECK-NEXT:      kernel.add
// CHECK-NEXT:      kernel.free_tensor
kernel.kernel @loop "vector" blocks 1 [] {
  kernel.program "vector" () {
    %q = kernel.init_queue "vecin" depth 2 bytes 256 from "MTE2" to ["V"]
    %sum = kernel.init_buffer "veccalc" bytes 256
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %u = kernel.deque %q on "V"
      kernel.add(%sum, %sum, %u) {count = 64, mask = 64, type = f32}
      kernel.free_tensor %q, %u on "V"
    }
  }
}

// Two copies into different halves of a slot run freely; a second one into the same half waits.
// CHECK-LABEL: kernel.kernel @copies
// CHECK:         kernel.data_copy_pad_in
// CHECK-NEXT:    kernel.data_copy_pad_in
// CHECK-NEXT:    kernel.pipe_barrier "MTE2"
// CHECK-NEXT:    kernel.data_copy_pad_in
kernel.kernel @copies "vector" blocks 1 [{name = "x", type = tensor<64xf32>, direction = "in"}] {
  kernel.program "vector" (%x : !kernel.global<f32>) {
    %q = kernel.init_queue "vecin" depth 1 bytes 512 from "MTE2" to ["V"]
    %t = kernel.alloc_tensor %q
    %h = kernel.slice %t[256] : !kernel.local
    kernel.data_copy_pad_in(%t, %x : !kernel.global<f32>) {bursts = 1, burst_bytes = 256, src_stride = 0, dst_stride = 0}
    kernel.data_copy_pad_in(%h, %x : !kernel.global<f32>) {bursts = 1, burst_bytes = 256, src_stride = 0, dst_stride = 0}
    kernel.data_copy_pad_in(%h, %x : !kernel.global<f32>) {bursts = 1, burst_bytes = 64, src_stride = 0, dst_stride = 0}
    kernel.enque %q, %t
  }
}

// What is independent or already separated is left alone.
// CHECK-LABEL: kernel.kernel @free
// CHECK:         kernel.exp
// CHECK-NEXT:    kernel.exp
// CHECK-NEXT:    kernel.pipe_barrier "V"
// CHECK-NEXT:    kernel.exp
// CHECK-NOT:     kernel.pipe_barrier
kernel.kernel @free "vector" blocks 1 [] {
  kernel.program "vector" () {
    %a = kernel.init_buffer "veccalc" bytes 256
    %b = kernel.init_buffer "veccalc" bytes 256
    kernel.exp(%a, %a) {count = 64, mask = 64, type = f32}
    kernel.exp(%b, %b) {count = 64, mask = 64, type = f32}
    kernel.pipe_barrier "V"
    kernel.exp(%a, %b) {count = 64, mask = 64, type = f32}
  }
}

// Two copies of at most 256 bytes each, the last ones shorter, into different halves of a slot: no barrier.
// CHECK-LABEL: kernel.kernel @tails
// CHECK:         kernel.data_copy_pad_in
// CHECK-NOT:     kernel.pipe_barrier
// CHECK:         kernel.data_copy_pad_in
kernel.kernel @tails "vector" blocks 2 [{name = "x", type = tensor<100xf32>, direction = "in"}] {
  kernel.program "vector" (%x : !kernel.global<f32>) {
    %q = kernel.init_queue "vecin" depth 1 bytes 512 from "MTE2" to ["V"]
    %block = kernel.get_block_idx
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %c100 = arith.constant 100 : index
    %start = arith.muli %block, %c64 : index
    %left = arith.subi %c100, %start : index
    %count = arith.minsi %c64, %left : index
    %bytes = arith.muli %count, %c4 : index
    %t = kernel.alloc_tensor %q
    %h = kernel.slice %t[256] : !kernel.local
    kernel.data_copy_pad_in(%t, %x : !kernel.global<f32>) {bursts = 1, burst_bytes = %bytes, src_stride = 0, dst_stride = 256}
    kernel.data_copy_pad_in(%h, %x : !kernel.global<f32>) {bursts = 1, burst_bytes = %bytes, src_stride = 0, dst_stride = 256}
    kernel.enque %q, %t
  }
}
