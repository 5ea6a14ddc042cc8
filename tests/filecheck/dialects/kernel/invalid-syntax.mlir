// RUN: sfumato-opt %s --split-input-file --parsing-diagnostics | filecheck %s

%d, %a = "test.op"() : () -> (!kernel.local, !kernel.local)
kernel.exp(%d, %a) {count = 64, mask = 64, speed = 3, type = f32}

// CHECK: kernel.exp has no field 'speed'

// -----

%d, %a = "test.op"() : () -> (!kernel.local, !kernel.local)
kernel.exp(%d, %a) {count = 64, type = f32}

// CHECK: kernel.exp: integer field 'mask' is None

// -----

%d, %a = "test.op"() : () -> (!kernel.local, !kernel.local)
kernel.adds(%d, %a) {scalar = half, count = 64, mask = 64, type = f32}

// CHECK: kernel.adds: field 'scalar' is 'half', expected a number
