"""Register allocation: few registers for long programs, a clear error when there are too many values."""

import pytest

from dialects.errors import SfumatoError


def many(operands: int, distinct: bool) -> str:
    entries = ", ".join(f'{{name = "x{i}", type = tensor<64xf32>, direction = "in"}}' for i in range(operands))
    arguments = ", ".join(f"%x{i} : !kernel.global<f32>" for i in range(operands))
    copies = "\n".join(
        f"kernel.data_copy_pad_in(%t, %x{i if distinct else 0} : !kernel.global<f32>) "
        "{bursts = 1, burst_bytes = 256, src_stride = 0, dst_stride = 0}"
        for i in range(operands)
    )
    return f"""
    kernel.kernel @many "vector" blocks 1 [{entries}] {{
      kernel.program "vector" ({arguments}) {{
        %q = kernel.init_queue "vecin" depth 1 bytes 256 from "MTE2" to ["V"]
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c3 = arith.constant 3 : index
        scf.for %i = %c0 to %c3 step %c1 {{
          %t = kernel.alloc_tensor %q
          {copies}
          kernel.enque %q, %t
          %u = kernel.deque %q on "V"
          kernel.free_tensor %q, %u on "V"
        }}
      }}
    }}"""


def test_more_addresses_in_a_loop_than_registers(run_text):
    with pytest.raises(
        SfumatoError, match=r"kernel 'many', vector program needs more than 256 scalar registers at once"
    ):
        run_text(many(300, distinct=True), [])


def test_one_address_needs_one_register(lower_text):
    (program,) = lower_text(many(300, distinct=False)).programs().values()
    used = {
        op.get(name)
        for op in program.instructions()
        for name, field in zip(op.positions, op.fields, strict=True)
        if field.kind == "reg"
    }
    assert len(used) == 2
