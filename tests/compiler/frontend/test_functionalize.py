"""In-place programs, imported, against eager PyTorch: bit-equal, and with no in-place operator left."""

import pytest
import torch

from compiler.frontend.functionalize import functionalize, writes_in_place
from compiler.frontend.importer import import_program
from dialects.errors import SfumatoError


class Function(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def add_to_row(x, y):
    x = x.clone()
    x[1] += y[0]
    return x, x.sum(0)


def view_sees_write_to_base(x, y):
    x = x.clone()
    row, flat = x[2], x.view(-1)
    x.mul_(y)
    return row + 1, flat, x


def base_sees_write_to_view(x, y):
    x = x.clone()
    part = x[:, 1:3].t()
    part.copy_(y[:2, :4] * 3)
    return x, part


def views_of_views(x, y):
    x = x.clone()
    a = x.reshape(2, 2, 6)
    b = a.transpose(0, 2)[1:5:2]
    c = b.unsqueeze(0).squeeze(0).permute(1, 2, 0)
    c.zero_()
    b.add_(y.view(-1)[0])
    return x, a, b, c


def siblings(x, y):
    x = x.clone()
    a, b, c = x.split([1, 2, 3], dim=1)
    b.sub_(y[:, :2])
    d, e = x.chunk(2, dim=-1)
    e.mul_(2)
    rows = x.unbind(0)
    rows[3].fill_(7)
    return a, b, c, d, e, rows[0], rows[3], x


def stepped_and_negative(x, y):
    x = x.clone()
    x[-3:-1, ::2] = y[:2, :3]
    x.narrow(1, 2, 2).neg_()
    x.diagonal(1).copy_(y[0, :4])
    return x


def rounding(x, y):
    h = x.to(torch.float16)
    h.add_(y, alpha=0.3)
    i = x.to(torch.int64)
    i.lt_(2)
    z = x.clone()
    z.gt_(y)
    return h, i, z


def indexed(x, y):
    x = x.clone()
    index = torch.tensor([0, 2])
    x.index_add_(0, index, y[:2])
    x.index_copy_(1, torch.tensor([1]), y[:, :1])
    x[index, torch.tensor([3, 4])] = y[0, 0]
    x.masked_fill_(x > 1, -1.0)
    x.scatter_(1, torch.zeros(4, 1, dtype=torch.int64), 9.0)
    return x


def maybe_aliases(x, y):
    a = x.to(torch.float32)
    b = a.contiguous()
    c = b.t().contiguous()
    d = b.reshape(6, 4)
    e = b.t().reshape(4, 6)
    f = torch.nn.functional.dropout(b, 0.5, training=False)
    b.add_(y)
    return a + 0, b + 0, c, d + 0, e, f + 0


def shape_in_place(x, y):
    x = x.clone()
    t = x.t_()
    t.add_(1)
    u = x.unsqueeze_(0)
    u[0, 1] = 0
    return x, t, u, x.detach_() * 2


def logical(x, y):
    m = x > 0
    m &= y > 0
    m |= x > 1.5
    n = (x * 4).to(torch.int64)
    n <<= 1
    n %= 5
    return m, n


def augmented_slice(x, y):
    out = torch.zeros(4, 6)
    for i in range(3):
        out[:, 2 * i : 2 * i + 2] += x[:, i : i + 2] * y[:, :2]
    return out


FUNCTIONS = [
    add_to_row, view_sees_write_to_base, base_sees_write_to_view, views_of_views, siblings, stepped_and_negative,
    rounding, indexed, maybe_aliases, shape_in_place, logical, augmented_slice,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_in_place_programs_compute_what_eager_computes(function, check, export):
    torch.manual_seed(0)
    x, y = torch.randn(4, 6), torch.randn(4, 6)
    if function is maybe_aliases:
        expected = ("args_0",)
    else:
        expected = ()
    report = check(Function(function), x, y)
    assert report.mutations == expected
    program = functionalize(export(Function(function), x, y).graph)
    assert not any(writes_in_place(node) for node in program.nodes)


class Counter(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(2))

    def forward(self, x):
        self.count.add_(1)
        with torch.no_grad():
            x[:, 0].mul_(2)
        return x + self.count


@pytest.mark.parametrize("decompose", [False, True])
def test_writes_to_buffers_and_inputs_are_seen_and_reported(decompose, export, evaluate):
    archive = export(Counter(), torch.ones(3, 2), decompose=decompose)
    module, report = import_program(archive)
    assert sorted(report.mutations) == ["count", "x"]
    (output,) = evaluate(module, archive, torch.ones(3, 2))
    torch.testing.assert_close(output, torch.tensor([[3.0, 2.0]] * 3))


def test_a_write_that_cannot_be_followed_names_the_line(export):
    archive = export(Function(lambda x: x.clone().as_strided((2, 2), (3, 1)).add_(1)), torch.ones(4, 6))
    with pytest.raises(
        SfumatoError, match=r"test_functionalize\.py:\d+: aten\.add_\.Tensor writes through a view made by"
    ):
        import_program(archive)


def test_out_arguments_are_refused(export):
    def into(x):
        out = torch.empty(4, 6)
        torch.add(x, x, out=out)
        return out

    archive = export(Function(into), torch.ones(4, 6))
    with pytest.raises(SfumatoError, match=r"aten\.add\.out writes into a given tensor.* run_decompositions"):
        import_program(archive)


def test_decomposition_is_no_advice_for_operators_of_other_libraries(export):
    with torch.library._scoped_library("sfumato_test", "FRAGMENT") as library:
        library.define("scale_(Tensor(a!) x) -> ()")
        library.impl("scale_", lambda x: x.mul_(2), "CPU")
        library.impl("scale_", lambda x: None, "Meta")

        def scaled(x):
            y = x + 1
            torch.ops.sfumato_test.scale_(y)
            return y

        archive = export(Function(scaled), torch.ones(4, 6))
    with pytest.raises(SfumatoError, match=r"sfumato_test\.scale_.* in a way that .*; write the model without it$"):
        import_program(archive)


def test_a_program_without_writes_is_left_as_it_is(export):
    program = export(torch.nn.Linear(3, 2), torch.ones(1, 3)).graph
    assert functionalize(program) is program
