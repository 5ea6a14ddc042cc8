// RUN: sfumato-opt %s --verify-diagnostics -p kernel-plan-memory | filecheck %s

// Not even with single slots.
// CHECK:      kernel 'big' needs 262144 bytes of ub on the vector core, ascend910b3 has 196608
// CHECK-NEXT:   address   bytes     alive         buffer
// CHECK-NEXT:   0         131072    always        %input (queue vecin, 1 x 131072 bytes) from model.py:7
// CHECK-NEXT:   131072    131072    {{[0-9]+\.\.[0-9]+}} {{ *}}%scratch (buffer veccalc)
// CHECK-NEXT:   choose smaller tiles or fewer slots for this kernel, or a target with more of this memory [in pass kernel-plan-memory]
kernel.kernel @big "vector" blocks 1 [] {
  kernel.program "vector" () {
    %input = kernel.init_queue "vecin" depth 2 bytes 131072 from "MTE2" to ["V"] loc("model.py":7:0)
    %scratch = kernel.init_buffer "veccalc" bytes 131072
    kernel.exp(%scratch, %scratch) {count = 64, mask = 64, type = f32}
  }
}
