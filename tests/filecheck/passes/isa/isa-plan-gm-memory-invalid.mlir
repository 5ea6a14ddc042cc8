// RUN: sfumato-opt %s -p isa-plan-gm-memory --split-input-file --verify-diagnostics | filecheck %s

builtin.module attributes {sfumato.target = "tiny"} {
  func.func @main(%x : tensor<4xf32>) -> tensor<4xf32> {
    %0 = graph.relu %x : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":3:9)
    func.return %0 : tensor<4xf32>
  }
}

// CHECK: model.py:3:9: 'graph.relu' is not in a kernel; only launches, calls and reshapes run on the host [in pass isa-plan-gm-memory]

// -----

builtin.module attributes {sfumato.target = "tiny"} {
  func.func @main(%x : tensor<1073741824xf32>, %y : tensor<262144xf32>) -> tensor<262144xf32> {
    func.return %y : tensor<262144xf32>
  }
}

// CHECK: the program needs {{[0-9]+}} bytes of global memory, tiny has 4294967296; use a smaller model or batch{{.*}}The largest buffers:
// CHECK-NEXT: input0 4294967296 bytes tensor<1073741824xf32>
// CHECK-NEXT: input1 1048576 bytes tensor<262144xf32>

// -----

builtin.module {
  func.func @main(%x : tensor<4xf32>) -> tensor<4xf32> {
    %0 = func.call @again(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":5:0)
    func.return %0 : tensor<4xf32>
  }
  func.func private @again(%x : tensor<4xf32>) -> tensor<4xf32> {
    %0 = func.call @again(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("model.py":6:0)
    func.return %0 : tensor<4xf32>
  }
}

// CHECK: model.py:6: @again cannot be called here: it is no function of the module, or calls itself

// -----

builtin.module {
}

// CHECK: the module has no function @main
