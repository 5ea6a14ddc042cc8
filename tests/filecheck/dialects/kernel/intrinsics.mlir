// RUN: sfumato-opt %s | sfumato-opt | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

%d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
%g = "test.op"() : () -> !kernel.global<f16>

// Fields come in any order; default values are not printed; scalars are numbers of the op's type.
// CHECK:      kernel.add(%d, %a, %b) {count = %n, mask = 64, type = f32}
// CHECK-NEXT: kernel.add(%d, %a, %b) {count = 64, mask = 64, src1_rep = 0, type = f32}
// CHECK-NEXT: kernel.adds(%d, %a) {scalar = 0.5, count = %n, mask = 128, type = f16}
// CHECK-NEXT: kernel.adds(%d, %a) {scalar = %n, count = %n, mask = 64, type = i32}
// CHECK-NEXT: kernel.muls(%d, %a) {scalar = -0.25, count = 64, mask = 64, type = f32}
// CHECK-NEXT: kernel.cast(%d, %a) {round = rint, count = %n, mask = 64, dst_rep = 4, src_type = f32, dst_type = f16}
// CHECK-NEXT: kernel.compare(%d, %a, %b) {predicate = lt, count = %n, mask = 64, type = f32}
// CHECK-NEXT: kernel.whole_reduce_max(%d, %a) {count = %n, mask = 64, index = 1, type = f32}
// CHECK-NEXT: kernel.mmad(%d, %a, %b) {m = 16, n = 16, k = %n, init = 1, type = f16, acc = f32}
// CHECK-NEXT: kernel.fixpipe(%g : !kernel.global<f16>, %a) {m = 16, n = 16, src_rows = 16, dst_stride = 32, quant = f32_f16, acc = f32, type = f16}
kernel.add(%d, %a, %b) {type = f32, mask = 64, count = %n, dst_rep = 8}
kernel.add(%d, %a, %b) {count = 64, mask = 64, src1_rep = 0, type = f32}
kernel.adds(%d, %a) {scalar = 0.5, count = %n, mask = 128, type = f16}
kernel.adds(%d, %a) {scalar = %n, count = %n, mask = 64, type = i32}
kernel.muls(%d, %a) {scalar = -25.0e-2, count = 64, mask = 64, type = f32}
kernel.cast(%d, %a) {round = rint, count = %n, mask = 64, dst_rep = 4, src_type = f32, dst_type = f16}
kernel.compare(%d, %a, %b) {predicate = lt, count = %n, mask = 64, type = f32}
kernel.whole_reduce_max(%d, %a) {count = %n, mask = 64, index = 1, type = f32}
kernel.mmad(%d, %a, %b) {m = 16, n = 16, k = %n, init = 1, type = f16, acc = f32}
kernel.fixpipe(%g : !kernel.global<f16>, %a) {m = 16, n = 16, src_rows = 16, dst_stride = 32, quant = f32_f16, acc = f32, type = f16}
