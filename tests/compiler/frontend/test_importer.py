"""Import of small models, decomposed or not, against eager PyTorch."""

import pytest
import torch
from xdsl.dialects.builtin import FileLineColLoc

from compiler.frontend.importer import import_program
from dialects.aten import CallOp, Device, TorchName
from dialects.errors import SfumatoError


class Small(torch.nn.Module):
    """List results, optional tensors, tied and unused weights, constants, unused inputs, and outputs of every kind."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 6)
        self.head = torch.nn.Linear(6, 11, bias=False)
        self.head.weight = self.embedding.weight
        self.unused = torch.nn.Linear(2, 2)
        self.norm = torch.nn.LayerNorm(6)

    def forward(self, ids, unused, x):
        h = self.norm(self.embedding(ids))
        first, second = h.split([2, 4], dim=-1)
        values, indices = torch.max(second, dim=-1)
        picked = x[:, torch.tensor([1, 0, 1])]
        return {"a": (first * float("inf"), values), "b": [indices, None, 3, self.head(h)], "c": picked, "d": ids}


INPUTS = (torch.tensor([[3, 10, 0]]), torch.zeros(4), torch.randn(2, 2))


@pytest.mark.parametrize("decompose", [False, True])
def test_small_model(decompose, check):
    torch.manual_seed(0)
    report = check(Small(), *INPUTS, decompose=decompose)
    assert report.mutations == ()


def test_weights_are_those_used_and_tied_ones_are_one(export):
    module, _ = import_program(export(Small(), *INPUTS))
    keys = [op.key.data for op in module.walk() if op.name == "graph.weight"]
    assert keys == ["embedding.weight", "norm.weight", "norm.bias", "lifted_tensor_0"]
    main = next(iter(module.ops))
    assert [str(type) for type in main.function_type.inputs] == ["tensor<1x3xi64>", "tensor<4xf32>", "tensor<2x2xf32>"]


def test_arguments_keep_torch_names_and_values(export):
    class Odd(torch.nn.Module):
        def forward(self, x):
            y = torch.full((2, 2), -float("inf"), dtype=torch.bfloat16, device="cpu")
            return x.to(torch.float64, memory_format=torch.preserve_format), y

    module, _ = import_program(export(Odd(), torch.ones(2)))
    calls = {op.overload.data: op for op in module.walk() if isinstance(op, CallOp)}
    full = calls["aten.full.default"]
    assert full.argument("size") == (2, 2)
    assert full.argument("fill_value") == -float("inf")
    assert full.argument("dtype") == TorchName("torch.bfloat16")
    assert full.argument("device") == Device("cpu")
    assert full.argument("nothing", 7) == 7
    to = calls["aten.to.dtype"]
    assert to.argument("self") is to.operands[0]
    assert to.argument("memory_format") == TorchName("torch.preserve_format")


def test_locations_are_lines_of_the_model(export):
    module, _ = import_program(export(Small(), *INPUTS))
    call = next(op for op in module.walk() if isinstance(op, CallOp) and op.overload.data == "aten.layer_norm.default")
    assert isinstance(call.location, FileLineColLoc)
    assert call.location.filename.data == __file__
    lines = open(__file__).read().splitlines()
    assert "self.norm(self.embedding(ids))" in lines[call.location.line.data - 1]
    assert call.module_path is not None
    assert call.module_path.data == "norm"


def test_unknown_operators_are_imported(export, evaluate):
    @torch.library.custom_op("frontend_test::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    twice.register_fake(lambda x: torch.empty_like(x))

    class Custom(torch.nn.Module):
        def forward(self, x):
            return torch.ops.frontend_test.twice(x) + 1

    archive = export(Custom(), torch.ones(3))
    module, _ = import_program(archive)
    assert '"frontend_test.twice.default"(x = %x)' in str(module)
    torch.testing.assert_close(evaluate(module, archive, torch.ones(3))[0], torch.full((3,), 3.0))


def test_modes_without_effect_are_inlined(check):
    class Modes(torch.nn.Module):
        def forward(self, x):
            with torch.no_grad():
                y = x * 2
                with torch.autocast("cpu", enabled=False):
                    z = y.float() @ x
            return y + z, z

    check(Modes(), torch.randn(3, 3))


def test_half_precision_and_convolution(check):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3), torch.nn.ReLU(inplace=True)
    )
    check(model.bfloat16(), torch.randn(1, 2, 5, 5).bfloat16())


def test_symbolic_shapes_name_input_and_symbol(export):
    archive = export(torch.nn.ReLU(), torch.ones(4, 3), dynamic_shapes=({0: torch.export.Dim("batch")},))
    with pytest.raises(
        SfumatoError, match=r"input 'input' has the symbolic size s\d+ in dimension 0: not supported yet"
    ):
        import_program(archive)


def test_data_dependent_shapes_name_the_line(export):
    class Nonzero(torch.nn.Module):
        def forward(self, x):
            return torch.nonzero(x)

    with pytest.raises(
        SfumatoError, match=r"test_importer\.py:\d+: aten\.nonzero\.default: .*known only when the program"
    ):
        import_program(export(Nonzero(), torch.ones(3)))


def test_control_flow_names_the_line(export):
    class Branch(torch.nn.Module):
        def forward(self, x):
            return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))

    with pytest.raises(SfumatoError, match=r"higher_order\.cond: operators that take a subgraph are not supported yet"):
        import_program(export(Branch(), torch.ones(3)))


def test_weights_of_a_type_the_graph_level_lacks_are_named(export):
    class Float8(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.ones(3).to(torch.float8_e5m2))

        def forward(self, x):
            return x * self.scale.to(torch.float32)

    with pytest.raises(
        SfumatoError, match=r"buffer 'scale' has the element type torch\.float8_e5m2: not supported yet"
    ):
        import_program(export(Float8(), torch.ones(3)))


class Turn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 6)

    def forward(self, x, turns, offset):
        pairs = torch.view_as_complex(torch.relu(self.linear(x)).reshape(4, 3, 2))
        return 0.5 * torch.view_as_real(pairs * turns + offset).flatten(1)


class Turned(torch.nn.Module):
    """Repeated layers that are handed complex buffers, one of them a transposed view."""

    def __init__(self):
        super().__init__()
        angles = torch.arange(12.0)
        self.register_buffer("turns", torch.polar(torch.ones(4, 3), angles.reshape(4, 3)))
        self.register_buffer("offset", torch.polar(torch.ones(3, 4), angles.reshape(3, 4)).t())
        self.layers = torch.nn.ModuleList(Turn() for _ in range(3))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x, self.turns, self.offset)
        return x


def test_complex_weights(check):
    torch.manual_seed(0)
    assert check(Turned(), torch.randn(4, 6)).layers_distinct == 1


@pytest.mark.parametrize(
    ("function", "inputs", "name"),
    [
        (lambda x: x.real * 2, torch.ones(3, dtype=torch.complex64), "input 'x'"),
        (torch.view_as_complex, torch.ones(3, 2), "output 'view_as_complex'"),
    ],
)
def test_complex_inputs_and_outputs_are_refused(export, function, inputs, name):
    class Complex(torch.nn.Module):
        def forward(self, x):
            return function(x)

    with pytest.raises(SfumatoError, match=rf"{name} is torch\.complex64: .* torch\.view_as_real"):
        import_program(export(Complex(), inputs))


def test_numbers_that_the_code_wraps_are_known(check, export):
    class Wrapped(torch.nn.Module):
        def forward(self, x):
            return torch.where(x > 0, x, torch.tensor(-2.5)) + torch.tensor([1.0, 2.0, 3.0])

    check(Wrapped(), torch.randn(3))
    module, _ = import_program(export(Wrapped(), torch.randn(3)))
    assert [op.scalar for op in module.walk() if op.name == "graph.constant"] == [-2.5]
    assert sum(op.name == "graph.weight" for op in module.walk()) == 1
