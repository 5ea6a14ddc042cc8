// With --split-input-file and --verify-diagnostics each part is handled by itself.
// RUN: sfumato-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: func.func @good
func.func @good() {
  func.return
}

// -----

// CHECK: Expected arguments to have the same types
func.func @bad(%x : i32) -> i64 {
  func.return %x : i32
}

// -----

// CHECK: func.func @after
func.func @after() {
  func.return
}
