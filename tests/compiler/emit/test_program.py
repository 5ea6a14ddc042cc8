"""From an isa module to a program: weights under keys of their own by type, setup launches apart."""

import ml_dtypes
import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from compiler.emit.program import ArchiveWeights, emit_program
from compiler.frontend.archive import Archive
from compiler.universe import make_context
from dialects.errors import SfumatoError
from runtime.program import Launch

BUFFER = (
    '"isa.buffer"() <{{sym_name = "{name}", bytes = 16 : i64, kind = "{kind}", address = 512 : i64{more}}}> : () -> ()'
)
KERNEL = """
"isa.kernel"() <{sym_name = "k", kind = "vector", blocks = 1 : i64, arguments = []}> ({
  "isa.program"() <{core = "vector"}> ({
    isa.barrier pipe=V
  }) : () -> ()
}) : () -> ()
"""


def module_of(*lines: str) -> ModuleOp:
    text = 'builtin.module attributes {sfumato.target = "tiny"} {\n' + "\n".join(lines) + "\n}"
    module = Parser(make_context(), text).parse_module()
    module.verify()
    return module


def weight(name: str, type: str, key: str = "w") -> str:
    return BUFFER.format(name=name, kind="weight", more=f', key = "{key}", type = tensor<{type}>')


@pytest.fixture
def weights(export_model) -> ArchiveWeights:
    """The weights of an exported linear layer: ``weight`` is f32 [2, 2]."""
    import torch

    return ArchiveWeights(Archive.open(export_model("linear", torch.nn.Linear(2, 2), (torch.ones(1, 2),))))


def test_a_weight_in_three_types(weights: ArchiveWeights) -> None:
    key = next(key for key in weights if "weight" in key)
    lines = (weight(f"w{type}", f"2x2x{type}", key) for type in ("f32", "f16", "bf16"))
    program = emit_program(module_of(*lines), weights)
    assert [buffer.key for buffer in program.buffers] == [key, f"{key}:f16", f"{key}:bf16"]
    for buffer in program.buffers:
        held = program.contents(buffer)
        assert held.dtype == np.float32
        assert np.shares_memory(held, weights[key]), "nothing is converted or copied while compiling"


def test_unknown_names(weights: ArchiveWeights) -> None:
    key = next(iter(weights))
    for name in ("no such", f"{key}:f7", "no such:f16"):
        assert name not in weights


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (np.zeros((2, 2), np.int32), r"weight 'w' is i32 \[2, 2\] in the model, the program needs f16 \[2, 2\]"),
        (np.zeros(4, np.float32), r"weight 'w' is f32 \[4\] in the model"),
        (None, "the data of weight 'w' is needed; name the exported model with --weights"),
    ],
)
def test_wrong_weights(held: np.ndarray | None, message: str) -> None:
    with pytest.raises(SfumatoError, match=message):
        emit_program(module_of(weight("w", "2x2xf16")), {} if held is None else {"w": held})


def test_setup_launches_are_apart() -> None:
    prepared = BUFFER.format(name="p", kind="prepared", more=", type = tensor<4xf32>")
    launch = '"isa.launch"() <{{kernel = @k, arguments = [@w, @p], offsets = array<i64: 0, {}>{}}}> : () -> ()'
    module = module_of(KERNEL, weight("w", "4xf32"), prepared, launch.format(0, ", setup"), launch.format(8, ""))
    program = emit_program(module, {"w": np.zeros(4, ml_dtypes.bfloat16)})
    assert program.setup == [Launch(0, ((0, 0), (1, 0)))]
    assert program.launches == [Launch(0, ((0, 0), (1, 8)))]
    assert program.buffers[1].kind == "prepared"
