"""Building intrinsics from code: what generators of kernels rely on."""

import pytest
from xdsl.dialects import test as test_dialect
from xdsl.dialects.builtin import IndexType, f16

from dialects.isa import INSTRUCTIONS
from dialects.kernel import INTRINSICS
from dialects.kernel.cube import MmadOp
from dialects.kernel.intrinsic import DYNAMIC
from dialects.kernel.types import LOCAL, GlobalType
from dialects.kernel.vector import AddOp


@pytest.fixture
def values():
    return test_dialect.TestOp(result_types=[LOCAL, LOCAL, LOCAL, IndexType(), GlobalType(f16)]).results


def test_every_data_instruction_has_an_intrinsic():
    with_address = {
        name
        for name, instruction in INSTRUCTIONS.items()
        if any(field.space is not None for field in instruction.fields) and instruction.queue != "S"
    }
    assert set(INTRINSICS) == with_address


def test_fields_are_immediates_or_index_operands(values):
    dst, a, b, n, _ = values
    op = AddOp.make([dst, a, b], {"count": n, "mask": 64, "type": "f32", "src1_rep": 0})
    op.verify()
    assert op.tensors == (dst, a, b)
    assert op.integers["count"] is n
    assert op.integers["src1_rep"] == 0
    assert op.integers["src0_rep"] == 8, "a contiguous operand is the default"
    assert op.options == {"type": "f32"}
    static = op.properties["static_fields"].get_values()
    assert static[0] == DYNAMIC
    assert list(op.operands) == [dst, a, b, n]


def test_the_bias_of_mmad_may_be_left_out(values):
    dst, a, b, n, _ = values
    fields = {"m": 16, "n": 16, "k": n, "init": 1, "type": "f16", "acc": "f32"}
    MmadOp.make([dst, a, b], fields).verify()
    MmadOp.make([dst, a, b, dst], {**fields, "use_bias": 1}).verify()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count": 64, "type": "f32"}, "integer field 'mask' is None"),
        ({"count": 64, "mask": 64}, "field 'type' is None"),
        ({"count": 64, "mask": 64, "type": "f32", "colour": 1}, "no field 'colour'"),
        ({"count": 64, "mask": 64, "type": "f32", "dst": 1}, "no field 'dst'"),
        ({"count": "many", "mask": 64, "type": "f32"}, "integer field 'count' is 'many'"),
    ],
)
def test_wrong_fields_are_refused(values, fields, message):
    with pytest.raises(ValueError, match=message):
        AddOp.make(values[:3], fields)
