// A fault of the input is one message and exit code 1, never a traceback.
// RUN: not sfumato-opt %s 2>&1 | filecheck %s
// RUN: not sfumato-opt %s -p no-such-pass 2>&1 | filecheck %s --check-prefix=PASS
// RUN: not sfumato-opt %s -p 'cse{deep=1}' 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not sfumato-opt %S/no-such-file.mlir 2>&1 | filecheck %s --check-prefix=FILE

func.func @f(%x : i32) -> i64 {
  func.return %x : i32 loc("model.py":12:5)
}

// CHECK-NOT: Traceback
// CHECK: sfumato-opt: error: model.py:12:5: 'func.return' does not verify: Expected arguments to have the same types
// CHECK-NEXT: func.return %x : i32
// CHECK-NOT: Traceback

// PASS: sfumato-opt: error: -p 'no-such-pass': Unrecognized passes: ['no-such-pass']
// OPTION: sfumato-opt: error: -p 'cse{deep=1}': Provided arguments ["deep"] not found
// FILE: sfumato-opt: error: {{.*}}no-such-file.mlir: no such file or directory
