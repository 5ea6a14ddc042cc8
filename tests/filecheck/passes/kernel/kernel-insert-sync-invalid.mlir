// RUN: not sfumato-opt %s -p kernel-insert-sync 2>&1 | filecheck %s

// CHECK: buffer without address: run kernel-plan-memory first [in pass kernel-insert-sync]
kernel.kernel @unplanned "vector" blocks 1 [] {
  kernel.program "vector" () {
    %a = kernel.init_buffer "veccalc" bytes 256
    kernel.exp(%a, %a) {count = 64, mask = 64, type = f32}
  }
}
