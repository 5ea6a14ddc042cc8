// RUN: sfumato-opt %s | sfumato-opt | filecheck %s
// RUN: sfumato-opt %s --print-op-generic | sfumato-opt | filecheck %s

// CHECK:      "isa.kernel"() <{sym_name = "mixed", kind = "mix", blocks = 2 : i64,
"isa.kernel"() <{sym_name = "mixed", kind = "mix", blocks = 2 : i64, arguments = [{name = "x", type = tensor<64xf32>, direction = "in"}]}> ({
  "isa.program"() <{core = "cube"}> ({
    // CHECK:      isa.li rd=r1, value_lo=-1, value_hi=0
    isa.li rd=r1, value_lo=-0x1, value_hi=0
    // CHECK-NEXT: isa.loop rd=r0, lower=0, upper=r1, step=2
    isa.loop rd=r0, lower=0, upper=r1, step=2
    // CHECK-NEXT: isa.mmad dst=[0], a=[r2], b=[512], m=16, n=r3, k=64, init=1, bias=[0], use_bias=0, type=f16, acc=f32, mode=none, unit_flag=0
    isa.mmad dst=[0], a=[r2], b=[512], m=16, n=r3, k=64, init=1, bias=[0], use_bias=0, type=f16, acc=f32, mode=none, unit_flag=0
    // CHECK-NEXT: isa.cross_set pipe=FIX, id=3, mode=2
    isa.cross_set pipe=FIX, id=3, mode=2
    // CHECK-NEXT: isa.end
    isa.end
  }) : () -> ()
  "isa.program"() <{core = "vector"}> ({
    // CHECK:      isa.cross_wait id=3, mode=2
    isa.cross_wait id=3, mode=2
    // A number is printed as one of the instruction's type; what has no short decimal stays an integer of its bits.
    // CHECK-NEXT: isa.vadds dst=[0], src=[r5], scalar=-0.125, count=r6, mask=64, dst_blk=1, src_blk=0, dst_rep=8, src_rep=0, type=f32
    isa.vadds dst=[0], src=[r5], scalar=-0.125, count=r6, mask=64, dst_blk=1, src_blk=0, dst_rep=8, src_rep=0, type=f32
    // CHECK-NEXT: isa.vdup dst=[0], scalar=1.0e-05, count=64, mask=64, dst_blk=1, dst_rep=8, type=f32
    isa.vdup dst=[0], scalar=1.0e-5, count=64, mask=64, dst_blk=1, dst_rep=8, type=f32
    // CHECK-NEXT: isa.vdup dst=[0], scalar=2139095040, count=64, mask=64, dst_blk=1, dst_rep=8, type=f32
    isa.vdup dst=[0], scalar=0x7f800000, count=64, mask=64, dst_blk=1, dst_rep=8, type=f32
  }) : () -> ()
}) : () -> ()

// CHECK: "isa.buffer"() <{sym_name = "x", bytes = 256 : i64, kind = "weight", key = "layer.weight", type = tensor<64xf32>}>
"isa.buffer"() <{sym_name = "x", bytes = 256 : i64, kind = "weight", key = "layer.weight", type = tensor<64xf32>}> : () -> ()
// CHECK: "isa.launch"() <{kernel = @mixed, arguments = [@x], offsets = array<i64: 0>}>
"isa.launch"() <{kernel = @mixed, arguments = [@x], offsets = array<i64: 0>}> : () -> ()
