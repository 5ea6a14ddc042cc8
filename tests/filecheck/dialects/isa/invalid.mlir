// RUN: sfumato-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: a repeat has at most 64 elements here, got mask=128
isa.vexp dst=[0], src=[0], count=128, mask=128, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32

// -----

// CHECK: 100000 elements by 64 are 1563 repeats, more than 255
isa.vexp dst=[0], src=[0], count=100000, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32

// -----

// CHECK: vexp does not compute in i32
isa.vexp dst=[0], src=[0], count=64, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=i32

// -----

// CHECK: field 'src_rep': 256 is outside 0 to 255
isa.vexp dst=[0], src=[0], count=64, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=256, type=f32

// -----

// CHECK: field 'dst': 40 is not a multiple of 32
isa.vexp dst=[40], src=[0], count=64, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32

// -----

// CHECK: i32 compares by eq and ne only
isa.vcmps dst=[0], src=[0], scalar=1, predicate=lt, count=64, mask=64, src_blk=1, src_rep=8, type=i32

// -----

// CHECK: no conversion from bf16 to f16
isa.vcast dst=[0], src=[0], round=rint, count=64, mask=64, dst_blk=1, src_blk=1, dst_rep=4, src_rep=4, src_type=bf16, dst_type=f16

// -----

// CHECK: f32_f16 converts f32 to f16, got i32 to f16
isa.fixpipe dst=[0], src=[0], m=16, n=16, src_rows=16, dst_stride=32, quant=f32_f16, relu=0, atomic=none, scale=0, acc=i32, type=f16, unit_flag=0

// -----

// CHECK: no matrix multiplication from f16 to i32
isa.mmad dst=[0], a=[0], b=[0], m=16, n=16, k=16, init=1, bias=[0], use_bias=0, type=f16, acc=i32, mode=none, unit_flag=0

// -----

// CHECK: unit_flag is 0 or 2 or 3, got 1
isa.mmad dst=[0], a=[0], b=[0], m=16, n=16, k=16, init=1, bias=[0], use_bias=0, type=f16, acc=f32, mode=none, unit_flag=1

// -----

// CHECK: unit_flag is 0 or 3, got 2
isa.fixpipe dst=[0], src=[0], m=16, n=16, src_rows=16, dst_stride=32, quant=f32_f16, relu=0, atomic=none, scale=0, acc=f32, type=f16, unit_flag=2

// -----

// CHECK: an event is between two different queues
isa.set_flag src=V, dst=V, id=0

// -----

// CHECK: expected field 'dst' of set_flag, got 'id'
isa.set_flag src=V, id=0, dst=MTE3

// -----

"isa.program"() <{core = "vector"}> ({
// CHECK: instruction 0: load_bt belongs to the cube core
  isa.load_bt dst=[0], src=[0], bytes=64
}) : () -> ()

// -----

"isa.program"() <{core = "vector"}> ({
// CHECK: instruction 0: the vector core has no queue FIX
  isa.barrier pipe=FIX
}) : () -> ()

// -----

"isa.program"() <{core = "cube"}> ({
// CHECK: instruction 1: no end closes this loop or if
  isa.li rd=r0, value_lo=1, value_hi=0
  isa.if a=r0
}) : () -> ()

// -----

// CHECK: a kernel of kind mix cannot have programs for vector
"isa.kernel"() <{sym_name = "k", kind = "mix", blocks = 1 : i64, arguments = []}> ({
  "isa.program"() <{core = "vector"}> ({
    isa.barrier pipe=V
  }) : () -> ()
}) : () -> ()

// -----

// CHECK: 1 arguments but 2 offsets
"isa.launch"() <{kernel = @k, arguments = [@x], offsets = array<i64: 0, 4>}> : () -> ()

// -----

// CHECK: weights, and only they, have a key
"isa.buffer"() <{sym_name = "x", bytes = 4 : i64, kind = "weight", type = tensor<1xf32>}> : () -> ()

// -----

// CHECK: origins name 2 instructions, the program has 1
"isa.program"() <{core = "vector", origins = {ops = ["kernel.pipe_barrier"], op_of = array<i32: 0, 0>, buffers = []}}> ({
  isa.barrier pipe=V
}) : () -> ()

// -----

// CHECK: an origin is not among the 1 operations
"isa.program"() <{core = "vector", origins = {ops = ["kernel.pipe_barrier"], op_of = array<i32: 1>, buffers = []}}> ({
  isa.barrier pipe=V
}) : () -> ()

// -----

// CHECK: a buffer has name, space, address, bytes and slots
"isa.program"() <{core = "vector", origins = {ops = [], op_of = array<i32: -1>, buffers = [{name = "q"}]}}> ({
  isa.barrier pipe=V
}) : () -> ()
