// RUN: sfumato-opt %s --split-input-file --verify-diagnostics | filecheck %s

%a = kernel.init_buffer "a1" bytes 64
%d, %b = "test.op"() : () -> (!kernel.local, !kernel.local)
kernel.add(%d, %a, %b) {count = 64, mask = 64, type = f32}

// CHECK: 'src0' must be in ub, the tensor is in l1: the chip has no such data path

// -----

kernel.kernel @k "vector" blocks 1 [] {
  kernel.program "vector" () {
    %c, %a, %b = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local)
    kernel.mmad(%c, %a, %b) {m = 16, n = 16, k = 16, init = 1, type = f16, acc = f32}
  }
}

// CHECK: belongs to the cube core, but stands in a vector program

// -----

%d, %a = "test.op"() : () -> (!kernel.local, !kernel.local)
kernel.exp(%d, %a) {count = 256, mask = 128, type = f32}

// CHECK: a repeat has at most 64 elements here, got mask=128

// -----

%d, %a = "test.op"() : () -> (!kernel.local, !kernel.local)
kernel.exp(%d, %a) {count = 64, mask = 64, type = i32}

// CHECK: vexp does not compute in i32

// -----

%d, %a = "test.op"() : () -> (!kernel.local, !kernel.local)
kernel.cast(%d, %a) {round = upward, count = 64, mask = 64, src_type = f32, dst_type = f16}

// CHECK: round is 'upward', expected one of none, rint, floor

// -----

%d = "test.op"() : () -> !kernel.local
kernel.exp(%d) {count = 64, mask = 64, type = f32}

// CHECK: expects 2 tensors, got 1

// -----

%q = kernel.init_queue "vecin" depth 2 bytes 64 from "MTE2" to ["M"]

// CHECK: pipe M is none of the vector core's: S, V, MTE2, MTE3

// -----

%q = kernel.init_queue "vecin" depth 0 bytes 64 from "MTE2" to ["V"]

// CHECK: has depth 0, at least one slot is needed

// -----

%q = kernel.init_queue "vecin" depth 1 bytes 64 from "V" to ["V"]

// CHECK: needs a producer and consumers that are different pipes, got V, V

// -----

%q = kernel.init_queue "vecin" depth 1 bytes 64 from "MTE2" to ["V"]
%t = kernel.deque %q on "MTE3"

// CHECK: pipe MTE3 is no consumer of the queue: V

// -----

%q = kernel.init_queue "vecin" depth 1 bytes 64 from "MTE2" to ["V"]
%r = kernel.init_queue "vecin" depth 1 bytes 64 from "MTE2" to ["V"]
%t = kernel.alloc_tensor %q
kernel.enque %r, %t

// CHECK: the tensor was not allocated from this queue

// -----

%q = kernel.init_queue "vecin" depth 1 bytes 64 from "MTE2" to ["V"]
%t = kernel.alloc_tensor %q
kernel.free_tensor %q, %t on "V"

// CHECK: the tensor was not dequeued from this queue by pipe V

// -----

%b = kernel.init_buffer "a2" bytes 64 at 256

// CHECK: address 256 is not a multiple of 512 in l0a

// -----

%b = kernel.init_buffer "somewhere" bytes 64

// CHECK: position is 'somewhere', expected one of vecin

// -----

kernel.kernel @k "cube" blocks 1 [] {
  kernel.program "vector" () {
  }
}

// CHECK: a cube kernel has programs for cube, got vector

// -----

kernel.kernel @k "vector" blocks 1 [{name = "x", type = tensor<4xf32>, direction = "in"}] {
  kernel.program "vector" () {
  }
}

// CHECK: has 0 arguments, its kernel 1

// -----

kernel.cross_core_set_flag "MTE3" id 11 mode 2

// CHECK: flag 11 does not exist, flags are 0 to 10

// -----

kernel.cross_core_wait_flag id 1 mode 1

// CHECK: mode 1 does not exist, expected 0 or 2

// -----

%b = kernel.init_buffer "co1" bytes 64
%v = kernel.get_value %b as "i32" : !kernel.local

// CHECK: the scalar unit reads from gm and ub, the tensor is in l0c
