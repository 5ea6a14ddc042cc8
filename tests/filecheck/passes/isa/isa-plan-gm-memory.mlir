// RUN: sfumato-opt %s -p isa-plan-gm-memory --split-input-file | sfumato-opt --split-input-file | filecheck %s

// A layer called twice is inlined; temporaries that are never needed together share memory; the weight and the reshaped value
// are not copied; a value that is returned twice and an input that is returned are.

builtin.module attributes {sfumato.target = "tiny"} {
  "isa.kernel"() <{sym_name = "relu", kind = "vector", blocks = 1 : i64, arguments = []}> ({
    "isa.program"() <{core = "vector"}> ({
      isa.barrier pipe=V
    }) : () -> ()
  }) : () -> ()
  func.func @main(%x : tensor<16x16xf32>) -> (tensor<256xf32>, tensor<256xf32>, tensor<16x16xf32>) {
    %w = graph.weight <{key = "a.weight"}> : tensor<16x16xf32>
    %one = graph.constant <{value = 1.0 : f32}> : tensor<16x16xf32>
    %0 = func.call @layer_0(%x, %w) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    %1 = func.call @layer_0(%0, %w) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    %2 = tile.launch @relu(%1, %one) workspace [100] : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> loc("model.py":7:0)
    %3 = graph.reshape %2 : (tensor<16x16xf32>) -> tensor<256xf32>
    func.return %3, %3, %x : tensor<256xf32>, tensor<256xf32>, tensor<16x16xf32>
  }
  func.func private @layer_0(%a : tensor<16x16xf32>, %b : tensor<16x16xf32>) -> tensor<16x16xf32> {
    %0 = tile.launch @relu(%a, %b) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    %1 = tile.launch @relu(%0, %b) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    func.return %1 : tensor<16x16xf32>
  }
}

// CHECK:      builtin.module attributes {sfumato.target = "tiny", sfumato.values = 11 : i64}
// CHECK-NOT:  func.func
// CHECK:      sym_name = "copy_to_output1", kind = "vector"
// CHECK:      isa.copy_gm_ub
// CHECK:      sym_name = "copy_to_output2", kind = "vector"
// CHECK:      "isa.buffer"() <{sym_name = "input0", bytes = 1024 : i64, kind = "input", address = 512 : i64, type = tensor<16x16xf32>, index = 0 : i64}>
// CHECK-NEXT: "isa.buffer"() <{sym_name = "weight0", bytes = 1024 : i64, kind = "weight", address = 1536 : i64, type = tensor<16x16xf32>, key = "a.weight"}>
// CHECK-NEXT: "isa.buffer"() <{sym_name = "constant0", bytes = 1024 : i64, kind = "constant", address = 2560 : i64, type = tensor<16x16xf32>, value = 1.000000e+00 : f32}>
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value3", bytes = 1024 : i64, kind = "temporary", address = [[A:[0-9]+]] : i64
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value4", bytes = 1024 : i64, kind = "temporary", address = [[B:[0-9]+]] : i64
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value5", bytes = 1024 : i64, kind = "temporary", address = [[A]] : i64
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value6", bytes = 1024 : i64, kind = "temporary", address = [[B]] : i64
// CHECK-NEXT: "isa.buffer"() <{sym_name = "output0", bytes = 1024 : i64, kind = "output", address = 3584 : i64, type = tensor<256xf32>, index = 0 : i64}>
// CHECK-NEXT: "isa.buffer"() <{sym_name = "workspace8", bytes = 100 : i64, kind = "temporary"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "output1", bytes = 1024 : i64, kind = "output", address = 4608 : i64, type = tensor<256xf32>, index = 1 : i64}>
// CHECK-NEXT: "isa.buffer"() <{sym_name = "output2", bytes = 1024 : i64, kind = "output", address = 5632 : i64
// CHECK-NEXT: "isa.launch"() <{kernel = @relu, arguments = [@input0, @weight0, @value3], offsets = array<i64: 0, 0, 0>}>
// CHECK-NEXT: "isa.launch"() <{kernel = @relu, arguments = [@value3, @weight0, @value4]
// CHECK-NEXT: "isa.launch"() <{kernel = @relu, arguments = [@value4, @weight0, @value5]
// CHECK-NEXT: "isa.launch"() <{kernel = @relu, arguments = [@value5, @weight0, @value6]
// CHECK-NEXT: "isa.launch"() <{kernel = @relu, arguments = [@value6, @constant0, @output0, @workspace8]
// CHECK-NEXT: "isa.launch"() <{kernel = @copy_to_output1, arguments = [@output0, @output1]
// CHECK-NEXT: "isa.launch"() <{kernel = @copy_to_output2, arguments = [@input0, @output2]

// -----

// Launches that depend on no input come first and run once: what the run reads of theirs is prepared, the rest is temporary. One of two
// equal ones is enough; what nobody reads is dropped, with its kernel. A prepared tensor that is returned is copied in every run.
builtin.module attributes {sfumato.target = "tiny"} {
  "isa.kernel"() <{sym_name = "add", kind = "vector", blocks = 1 : i64, arguments = []}> ({
    "isa.program"() <{core = "vector"}> ({
      isa.barrier pipe=V
    }) : () -> ()
  }) : () -> ()
  "isa.kernel"() <{sym_name = "unread", kind = "vector", blocks = 1 : i64, arguments = []}> ({
    "isa.program"() <{core = "vector"}> ({
      isa.barrier pipe=V
    }) : () -> ()
  }) : () -> ()
  func.func @main(%x : tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
    %w = graph.weight <{key = "w"}> : tensor<16xf32>
    %one = graph.constant <{value = 1.0 : f32}> : tensor<16xf32>
    %0 = func.call @layer(%x, %w, %one) : (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %1 = tile.launch @unread(%w, %w) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %2 = func.call @layer(%0, %w, %1) : (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %3 = tile.launch @add(%one, %one) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    func.return %2, %3 : tensor<16xf32>, tensor<16xf32>
  }
  func.func private @layer(%a : tensor<16xf32>, %b : tensor<16xf32>, %unused : tensor<16xf32>) -> tensor<16xf32> {
    %0 = tile.launch @add(%b, %b) workspace [64] : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %1 = tile.launch @add(%0, %b) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %2 = tile.launch @add(%a, %1) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    func.return %2 : tensor<16xf32>
  }
}

// CHECK:      builtin.module attributes {sfumato.target = "tiny", sfumato.values = 10 : i64}
// CHECK-NOT:  @unread
// CHECK:      "isa.buffer"() <{sym_name = "input0"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "weight0"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "constant0"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value3", bytes = 64 : i64, kind = "temporary"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "workspace4", bytes = 64 : i64, kind = "temporary"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value5", bytes = 64 : i64, kind = "prepared"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value6", bytes = 64 : i64, kind = "temporary"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "output0"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "value9", bytes = 64 : i64, kind = "prepared"
// CHECK-NEXT: "isa.buffer"() <{sym_name = "output1"
// CHECK-NEXT: "isa.launch"() <{kernel = @add, arguments = [@weight0, @weight0, @value3, @workspace4], offsets = array<i64: 0, 0, 0, 0>, setup}>
// CHECK-NEXT: "isa.launch"() <{kernel = @add, arguments = [@value3, @weight0, @value5], offsets = array<i64: 0, 0, 0>, setup}>
// CHECK-NEXT: "isa.launch"() <{kernel = @add, arguments = [@constant0, @constant0, @value9], offsets = array<i64: 0, 0, 0>, setup}>
// CHECK-NEXT: "isa.launch"() <{kernel = @add, arguments = [@input0, @value5, @value6], offsets = array<i64: 0, 0, 0>}>
// CHECK-NEXT: "isa.launch"() <{kernel = @add, arguments = [@value6, @value5, @output0], offsets = array<i64: 0, 0, 0>}>
// CHECK-NEXT: "isa.launch"() <{kernel = @copy_to_output1, arguments = [@value9, @output1], offsets = array<i64: 0, 0>}>
