// RUN: not sfumato-opt %s 2>&1 | filecheck %s

func.func @f() {
  %0 = "test.op"( : () -> i32

// CHECK-NOT: Traceback
// CHECK: sfumato-opt: error: {{.*}}opt-parse-error.mlir:4:19
// CHECK-NOT: Traceback
