// RUN: not sfumato-opt %s -p 'quant-quantize-matmuls{scheme=hif4}' 2>&1 | filecheck %s --check-prefix LATER
// RUN: not sfumato-opt %s -p 'quant-quantize-matmuls{scheme=w1a1}' 2>&1 | filecheck %s --check-prefix UNKNOWN

func.func @main() {
  func.return
}

// LATER: quantisation scheme hif4 is not supported yet (supported: none, w8a8)
// UNKNOWN: unknown quantisation scheme w1a1: supported are none, w8a8; not supported yet: w4a8, w4a16, hif4, hif8, mxfp4, nvfp4, fp8
