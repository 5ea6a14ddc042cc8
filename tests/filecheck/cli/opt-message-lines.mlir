// A message of several lines, such as a memory map, is printed whole.
// RUN: not sfumato-opt %s -p kernel-plan-memory 2>&1 | filecheck %s

// CHECK:      sfumato-opt: error: kernel 'big' needs 262144 bytes of ub
// CHECK-NEXT:   address   bytes
// CHECK-NEXT:   0         262144
// CHECK-NEXT:   choose smaller tiles
kernel.kernel @big "vector" blocks 1 [] {
  kernel.program "vector" () {
    %scratch = kernel.init_buffer "veccalc" bytes 262144
    kernel.exp(%scratch, %scratch) {count = 64, mask = 64, type = f32}
  }
}
