// RUN: not sfumato-opt %s -p 'graph-set-precision{precision=fp8}' 2>&1 | filecheck %s

// CHECK: there is no precision 'fp8': expected one of keep, fp32, hf32, fp16, bf16
func.func @main() {
  func.return
}
