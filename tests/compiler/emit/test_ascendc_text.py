"""The AscendC-like text of a kernel, line by line."""

import pytest
from xdsl.parser import Parser

from compiler.emit.ascendc_text import ascendc_text
from compiler.universe import make_context
from dialects.errors import SfumatoError

KERNEL = """
kernel.kernel @scale "vector" blocks 4 [{name = "x", type = tensor<1000xf16>, direction = "inout"}] {
  kernel.program "vector" (%x : !kernel.global<f16>) {
    %in = kernel.init_queue "vecin" depth 2 bytes 256 from "MTE2" to ["V"]
    %b = kernel.get_block_idx
    %n = arith.constant 8 : index
    %step = kernel.get_block_num
    %s = kernel.next_slot of 4
    scf.for %i = %b to %n step %step {
      %sum = arith.addi %i, %s : index
      %difference = arith.subi %b, %n : index
      %place = arith.subi %sum, %difference : index
      %offset = arith.muli %place, %n : index
      %t = kernel.alloc_tensor %in
      %xs = kernel.slice %x[%offset] : !kernel.global<f16>
      kernel.data_copy_pad_in(%t, %xs : !kernel.global<f16>) {bursts = 1, burst_bytes = %n, src_stride = 0, dst_stride = 0}
      kernel.enque %in, %t
      %u = kernel.deque %in on "V"
      %odd = arith.cmpi ne, %i, %b : index
      scf.if %odd {
        kernel.pipe_barrier "V"
      } else {
        kernel.muls(%u, %u) {scalar = 0.5, count = %n, mask = 128, dst_rep = 4, type = f16}
      }
      kernel.free_tensor %in, %u on "V"
      kernel.cross_core_set_flag "MTE3" id 1 + %b mode 0
    }
  }
}
"""

EXPECTED = """\
// kernel scale: 4 blocks, KERNEL_TYPE_AIV_ONLY
extern "C" __global__ __aicore__ void scale(GM_ADDR xAddr) {
    KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
    GlobalTensor<half> x(xAddr);
    TQue<TPosition::VECIN, 2> in;  pipe.InitBuffer(in, 2, 256);  // MTE2 -> V
    int64_t b = GetBlockIdx();
    static int64_t nexts = 0;  int64_t s = nexts++ % 4;
    for (int64_t i = b; i < 8; i += GetBlockNum()) {
        auto t = in.AllocTensor();
        auto xs = At(x, (i + s - (b - 8)) * 8);
        DataCopyPadIn(t, xs, {.bursts = 1, .burst_bytes = 8, .src_stride = 0, .dst_stride = 0});
        in.EnQue(t);
        auto u = in.DeQue<PIPE_V>();
        if (i != b) {
            PipeBarrier<PIPE_V>();
        }
        else {
            Muls<half>(u, u, {.scalar = 0.5, .count = 8, .mask = 128, .dst_rep = 4});
        }
        in.FreeTensor<PIPE_V>(u);
        CrossCoreSetFlag<0, PIPE_MTE3>(1 + b);
    }
}
"""


def test_every_statement():
    module = Parser(make_context(), KERNEL).parse_module()
    module.verify()
    assert ascendc_text(module) == EXPECTED


def test_an_op_of_another_level_is_refused():
    text = 'kernel.kernel @k "cube" blocks 1 [] { kernel.program "cube" () { "test.op"() : () -> () } }'
    module = Parser(make_context(), text).parse_module()
    with pytest.raises(SfumatoError, match=r"test\.op cannot be written as AscendC"):
        ascendc_text(module)
