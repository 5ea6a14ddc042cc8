// z = 2.5 * x + y for vectors of 5000 numbers: ten chunks of 512, dealt out to four vector cores, the last one shorter.
// The queues MTE2 (global memory to UB), V (vector unit) and MTE3 (back) run by themselves; flags order what must be.
.kernel axpy kind=vector blocks=4 target=ascend910b3
.arg x f32 [5000] in
.arg y f32 [5000] in
.arg z f32 [5000] out
.vector
  arg rd=r0, index=0
  arg rd=r1, index=1
  arg rd=r2, index=2
  block_idx rd=r3
  block_num rd=r4
  set_flag src=MTE3, dst=MTE2, id=0                // the buffers in UB are free
  loop rd=r5, lower=r3, upper=10, step=r4          // this block's chunks
    mul rd=r6, a=r5, b=-512
    add rd=r6, a=r6, b=5000                        // elements left: a chunk has 512, the last one 392
    min rd=r6, a=r6, b=512
    mul rd=r7, a=r6, b=4                           // bytes
    mul rd=r8, a=r5, b=2048                        // where the chunk starts
    add rd=r9, a=r0, b=r8
    add rd=r10, a=r1, b=r8
    add rd=r11, a=r2, b=r8
    wait_flag src=MTE3, dst=MTE2, id=0             // the last chunk has left
    copy_gm_ub dst=[0], src=[r9], bursts=1, burst_bytes=r7, src_stride=2048, dst_stride=2048
    copy_gm_ub dst=[2048], src=[r10], bursts=1, burst_bytes=r7, src_stride=2048, dst_stride=2048
    set_flag src=MTE2, dst=V, id=0
    wait_flag src=MTE2, dst=V, id=0                // x and y have arrived
    vaxpy dst=[2048], src=[0], scalar=0x40200000, count=r6, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    set_flag src=V, dst=MTE3, id=0
    wait_flag src=V, dst=MTE3, id=0                // z is there
    copy_ub_gm dst=[r11], src=[2048], bursts=1, burst_bytes=r7, src_stride=2048, dst_stride=2048, atomic=none, type=f32
    set_flag src=MTE3, dst=MTE2, id=0
  end
  wait_flag src=MTE3, dst=MTE2, id=0               // every flag that is set is waited for
