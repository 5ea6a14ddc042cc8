// RUN: sfumato-opt %s | sfumato-opt | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

// CHECK:      kernel.kernel @copy "vector" blocks 4 [{name = "x", type = tensor<64xf32>, direction = "in"}] {
// CHECK-NEXT:   kernel.program "vector" (%x: !kernel.global<f32>) {
// CHECK-NEXT:     %q = kernel.init_queue "vecin" depth 2 bytes 256 from "MTE2" to ["V", "S"]
// CHECK-NEXT:     %b = kernel.init_buffer "veccalc" bytes 32 at 512
// CHECK-NEXT:     %i = kernel.get_block_idx
// CHECK-NEXT:     %n = kernel.get_block_num
// CHECK-NEXT:     %s = kernel.get_sub_block_idx
// CHECK-NEXT:     %r = kernel.next_slot of 4
// CHECK-NEXT:     %t = kernel.alloc_tensor %q
// CHECK-NEXT:     %t1 = kernel.slice %t[128] : !kernel.local
// CHECK-NEXT:     %xs = kernel.slice %x[%i + 4] : !kernel.global<f32>
// CHECK-NEXT:     kernel.data_copy_pad_in(%t1, %xs : !kernel.global<f32>) {bursts = 1, burst_bytes = %n, src_stride = 0, dst_stride = 0}
// CHECK-NEXT:     kernel.enque %q, %t
// CHECK-NEXT:     %u = kernel.deque %q on "S"
// CHECK-NEXT:     %v = kernel.get_value %u as "i32" : !kernel.local
// CHECK-NEXT:     kernel.free_tensor %q, %u on "S"
// CHECK-NEXT:     kernel.pipe_barrier "ALL"
// CHECK-NEXT:     kernel.cross_core_set_flag "MTE3" id 2 + %s mode 2
// CHECK-NEXT:     kernel.cross_core_wait_flag id 0 mode 0
kernel.kernel @copy "vector" blocks 4 [{name = "x", type = tensor<64xf32>, direction = "in"}] {
  kernel.program "vector" (%x : !kernel.global<f32>) {
    %q = kernel.init_queue "vecin" depth 2 bytes 256 from "MTE2" to ["V", "S"]
    %b = kernel.init_buffer "veccalc" bytes 32 at 512
    %i = kernel.get_block_idx
    %n = kernel.get_block_num
    %s = kernel.get_sub_block_idx
    %r = kernel.next_slot of 4
    %t = kernel.alloc_tensor %q
    %t1 = kernel.slice %t[128] : !kernel.local
    %xs = kernel.slice %x[%i + 4] : !kernel.global<f32>
    kernel.data_copy_pad_in(%t1, %xs : !kernel.global<f32>) {bursts = 1, burst_bytes = %n, src_stride = 0, dst_stride = 0}
    kernel.enque %q, %t
    %u = kernel.deque %q on "S"
    %v = kernel.get_value %u as "i32" : !kernel.local
    kernel.free_tensor %q, %u on "S"
    kernel.pipe_barrier "ALL"
    kernel.cross_core_set_flag "MTE3" id 2 + %s mode 2
    kernel.cross_core_wait_flag id 0 mode 0
  }
}
