"""Every instruction keeps the source line of the op it came from, address arithmetic and flags included."""

from xdsl.dialects.builtin import FileLineColLoc

KERNEL = """
kernel.kernel @k "vector" blocks 1 [{name = "x", type = tensor<256xf32>, direction = "in"}] {
  kernel.program "vector" (%x : !kernel.global<f32>) {
    %q = kernel.init_queue "vecin" depth 1 bytes 256 from "MTE2" to ["V"] loc("model.py":1:0)
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c256 = arith.constant 256 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %t = kernel.alloc_tensor %q loc("model.py":2:0)
      %o = arith.muli %i, %c256 : index
      %xs = kernel.slice %x[%o] : !kernel.global<f32>
      kernel.data_copy_pad_in(%t, %xs : !kernel.global<f32>) {bursts = 1, burst_bytes = 256, src_stride = 0, dst_stride = 0} loc("model.py":3:0)
      kernel.enque %q, %t loc("model.py":4:0)
      %u = kernel.deque %q on "V" loc("model.py":5:0)
      kernel.exp(%u, %u) {count = 64, mask = 64, type = f32} loc("model.py":6:0)
      kernel.free_tensor %q, %u on "V" loc("model.py":7:0)
    } loc("model.py":8:0)
  }
}
"""


def test_instructions_keep_their_lines(lower_text):
    (program,) = lower_text(KERNEL).programs().values()
    lines = [
        (op.mnemonic, op.location.line.data if isinstance(op.location, FileLineColLoc) else None)
        for op in program.instructions()
    ]
    assert lines == [
        ("set_flag", 1),
        ("arg", 3),
        ("loop", 8),
        ("wait_flag", 2),
        ("mul", 3),
        ("add", 3),
        ("copy_gm_ub", 3),
        ("set_flag", 4),
        ("wait_flag", 5),
        ("vexp", 6),
        ("set_flag", 7),
        ("end", 8),
        ("wait_flag", 1),
    ]
