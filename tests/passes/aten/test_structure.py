"""Views, reductions, products, norms, indexing and pools against torch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from runtime.compare import TOLERANCES

ANY_ORDER = TOLERANCES["f32"]
"""For sums and products of f32, whose terms numpy and torch add in different orders."""

X = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
M = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
IMAGE = torch.randn(2, 4, 9, 8, generator=torch.Generator().manual_seed(2))

VIEWS: dict[str, Callable[[torch.Tensor], object]] = {
    "permute": lambda x: x.permute(3, -4, 2, 1),
    "transpose": lambda x: (x.transpose(-1, 1), x.mT, x.movedim(0, -1)),
    "reshape": lambda x: (x.flatten(1, 2), x.unflatten(2, (2, 2)), x.unsqueeze(-1), x[:, :1].squeeze(1), x.reshape(-1)),
    "slice": lambda x: (x[:, 1:-1, ::2], x[:, 5:], x[..., -2], x.narrow(3, 1, 2)),
    "split": lambda x: (x.split(3, -1), x.chunk(2, 1), x.unbind(2), x.tensor_split(3, 3), x.split([1, 2], 1)),
    "expand": lambda x: (x[:, :, :1].expand(7, -1, -1, 6, 5) if x.dim() == 5 else x[:1].expand(3, 3, 4, 5), x[0, 0].expand_as(x)),
    "cat": lambda x: (torch.cat([x, x[:, :1]], 1), torch.stack([x, x], -1), torch.hstack([x, x]), torch.vstack([x[0, 0, 0], x[0, 0, 1]])),
    "repeat": lambda x: (x.repeat(2, 1, 1, 3), x.repeat(2, 1, 1, 1, 1), x.repeat_interleave(3, 1), x.tile(2)),
    "flip": lambda x: (x.flip(0, -1), x.roll((1, -2), (0, 3)), x.roll(3), x.fliplr()),
    "border": lambda x: (F.pad(x, (-1, 2, 3, -2), mode="replicate"), F.pad(x[0], (2, -1), mode="circular"), F.pad(x[0], (-2, 1), mode="reflect")),
    "pad": lambda x: (F.pad(x, (1, 2, -1, 1)), F.pad(x, (2, 1, 1, 0), mode="reflect"), F.pad(x, (1, 1, 2, 2), mode="replicate"), F.pad(x, (1, 3), value=2.5)),
    "strides": lambda x: (x.as_strided((3, 4), (2, 1), 5), x.unfold(3, 3, 2), x.diagonal(1, 2, 3), x.diagonal(-3, 3, 1), x.diagonal(9), F.pixel_shuffle(x.reshape(2, 12, 1, 5), 2)),
    "triangle": lambda x: (x.tril(), x.triu(1), x.tril(-2)),
    "diff": lambda x: (x.diff(), x.diff(2, 1), (x > 0).diff()),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_views(check: Callable[..., None], name: str) -> None:
    check(VIEWS[name], X)


REDUCTIONS: dict[str, Callable[[torch.Tensor], object]] = {
    "sum": lambda x: (x.sum(), x.sum(1), x.sum((0, -1), keepdim=True), (x > 0).sum(2), x.sum(1, dtype=torch.float64)),
    "mean": lambda x: (x.mean(), x.mean(-1, keepdim=True)),
    "extreme": lambda x: (x.max(), x.amin((1, 2)), x.max(1), x.min(-1, True), x.argmax(), x.argmin(2, keepdim=True)),
    "var": lambda x: (x.var(1), x.std((0, 2), correction=0), torch.var_mean(x, 3, unbiased=False)),
    "norm": lambda x: (x.norm(), x.norm(1, 2), torch.linalg.vector_norm(x, float("inf"), 1), x.logsumexp(1)),
    "logical": lambda x: ((x > 0).all(), (x > 2).any(1), x.any(-1, keepdim=True), (x > 1).count_nonzero(0)),
    "scan": lambda x: (x.cumsum(1), x.cumprod(-1), (x > 0).cumsum(2)),
    "prod": lambda x: (x.prod(), x.prod(1, keepdim=True)),
    "softmax": lambda x: (x.softmax(1), x.log_softmax(-1), (x.round().long()).softmax(1, dtype=torch.float32)),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(check: Callable[..., None], name: str) -> None:
    check(REDUCTIONS[name], X, tolerance=ANY_ORDER)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_narrow_sums_are_formed_in_f32(check: Callable[..., None], dtype: torch.dtype) -> None:
    check(lambda x: (x.sum(1), x.mean(1), x.cumsum(1)), torch.full((2, 4000), 0.01).to(dtype))


EINSUMS: dict[str, list[tuple[int, ...]]] = {
    "i->": [(5,)],
    "ij->ji": [(3, 5)],
    "ij->i": [(3, 5)],
    "ii": [(4, 4)],
    "ijii->ji": [(3, 4, 3, 3)],
    "ba": [(3, 5)],
    "ij,jk": [(3, 4), (4, 5)],
    "...ij,...jk->...ik": [(2, 1, 4, 5), (3, 5, 6)],
    "...ij,jk": [(2, 3, 4, 5), (5, 6)],
    "i...->...": [(3, 4, 2)],
    "bij,bjk->b": [(2, 3, 4), (2, 4, 5)],
    "bi,bj->bij": [(1, 3), (2, 4)],
    "a,b,c->cab": [(2,), (3,), (4,)],
    "bn,anm,bm->ba": [(2, 5), (3, 5, 4), (2, 4)],
    "ijk,ilm,njm,nlk,abc->": [(2, 3, 4), (2, 5, 6), (7, 3, 6), (7, 5, 4), (2, 2, 2)],
}


@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum(check: Callable[..., None], equation: str) -> None:
    torch.manual_seed(0)
    operands = [torch.randn(shape) for shape in EINSUMS[equation]]
    check(lambda *values: torch.einsum(equation, *values), *operands, tolerance=ANY_ORDER)


SHAPES = [
    ((5,), (5,)),
    ((4, 5), (5,)),
    ((5,), (5, 6)),
    ((4, 5), (5, 6)),
    ((2, 4, 5), (5, 6)),
    ((3, 1, 4, 5), (2, 5, 6)),
    ((4, 5), (2, 5, 6)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
def test_matmul(check: Callable[..., None], left: tuple[int, ...], right: tuple[int, ...]) -> None:
    check(torch.matmul, torch.randn(left), torch.randn(right), tolerance=ANY_ORDER)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_products_with_bias(check: Callable[..., None], dtype: torch.dtype) -> None:
    x, w, b = torch.randn(2, 3, 8).to(dtype), torch.randn(5, 8).to(dtype), torch.randn(5).to(dtype)
    check(F.linear, x, w, b, tolerance=ANY_ORDER)
    check(
        lambda x, w, b: (torch.addmm(b, x[0], w.t(), beta=0.5, alpha=2), torch.einsum("bik,jk->bji", x, w)),
        x,
        w,
        b,
        tolerance=ANY_ORDER,
    )


def test_norms(check: Callable[..., None]) -> None:
    w, b = torch.randn(5), torch.randn(5)
    check(
        lambda x, w, b: (F.layer_norm(x, (5,), w, b), F.rms_norm(x, (5,), w), F.layer_norm(x, (4, 5))),
        X,
        w,
        b,
        tolerance=ANY_ORDER,
    )
    channel = torch.rand(4) + 0.5
    check(
        lambda x, c: (F.group_norm(x, 2, c, c), F.batch_norm(x, c, c, c, c), F.instance_norm(x)),
        IMAGE,
        channel,
        tolerance=ANY_ORDER,
    )


@pytest.mark.parametrize("mask", ["none", "causal", "bool", "float", "row"])
@pytest.mark.parametrize("shape", [(2, 4, 6, 8), (3, 6, 8), (2, 2, 2, 6, 8)], ids=str)
def test_attention(check: Callable[..., None], mask: str, shape: tuple[int, ...]) -> None:
    q, k, v = (torch.randn(shape) for _ in range(3))
    masks = {"bool": torch.rand(6, 6) > 0.4, "float": torch.randn(6, 6), "row": torch.rand(1, 6) > 0.4}
    given = masks.get(mask)
    check(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, given, is_causal=mask == "causal", scale=0.3),
        q,
        k,
        v,
        tolerance=ANY_ORDER,
    )


def test_grouped_query_attention(check: Callable[..., None]) -> None:
    q, k = torch.randn(2, 6, 4, 8), torch.randn(2, 2, 5, 8)
    check(lambda q, k: F.scaled_dot_product_attention(q, k, k, enable_gqa=True), q, k, tolerance=ANY_ORDER)


INDEXING: dict[str, Callable[[torch.Tensor, torch.Tensor], object]] = {
    "one": lambda x, i: (x[i], x[:, i], x.index_select(2, i.abs().view(-1)), F.embedding(i.abs(), x[0, 0])),
    "several": lambda x, i: (x[i, i], x[:, i, i], x[i, :, i], x[i[:, :1], :, :, i]),
    "element": lambda x, i: (x.gather(1, i.abs().view(2, 1, 2, 1)), torch.take(x, i)),
    "write": lambda x, i: (
        torch.ops.aten.index_put(x, [None, i[0]], torch.ones(4, 5)),
        torch.index_put(x, (i, i), torch.ones(5), accumulate=True),
        x.index_copy(2, torch.tensor([3, 0]), torch.ones(2, 3, 2, 5)),
        x.index_add(0, torch.tensor([1, 1]), x, alpha=0.5),
        x.scatter(3, torch.ones(2, 3, 4, 1, dtype=torch.int64), 7.0),
        x.scatter_add(0, torch.zeros(2, 3, 4, 5, dtype=torch.int64), x),
        x.slice_scatter(x[:, :2], 1, 1),
        x.slice_scatter(x[:, :2], 1, 0, 3, 2),
        x.select_scatter(x[:, 0] * 0, 1, -1),
        x.masked_fill(x > 0, -1.0),
    ),
}


@pytest.mark.parametrize("name", INDEXING)
def test_indexing(check: Callable[..., None], name: str) -> None:
    check(INDEXING[name], X, torch.tensor([[0, 1], [-1, 1]]))


def test_ordering(check: Callable[..., None]) -> None:
    check(
        lambda x: (
            x.sort(1),
            x.argsort(-1, descending=True),
            x.topk(2, 3),
            x.topk(2, 1, largest=False),
            x.kthvalue(2, 2),
        ),
        X,
    )


CONVOLUTIONS = [
    {},
    {"stride": 2, "padding": 1},
    {"dilation": 2, "groups": 2},
    {"padding": "same"},
    {"stride": (2, 1), "padding": (1, 0)},
]


@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
def test_convolution(check: Callable[..., None], options: dict[str, object]) -> None:
    w = torch.randn(6, 4 // options.get("groups", 1), 3, 3)
    check(lambda x, w, b: F.conv2d(x, w, b, **options), IMAGE, w, torch.randn(6), tolerance=ANY_ORDER)


TRANSPOSED = [{}, {"stride": 2, "padding": 1, "output_padding": 1}, {"groups": 2, "dilation": 2}, {"padding": 3}]


@pytest.mark.parametrize("options", TRANSPOSED, ids=str)
def test_transposed_convolution(check: Callable[..., None], options: dict[str, object]) -> None:
    w = torch.randn(4, 6, 3, 3)
    check(lambda x, w: F.conv_transpose2d(x, w, **options), IMAGE, w, tolerance=ANY_ORDER)


def test_convolution_of_one_and_three_axes(check: Callable[..., None]) -> None:
    check(lambda x, w: F.conv1d(x, w, padding=1), torch.randn(2, 3, 7), torch.randn(4, 3, 3), tolerance=ANY_ORDER)
    check(
        lambda x, w: F.conv3d(x, w, stride=2),
        torch.randn(1, 2, 5, 6, 7),
        torch.randn(3, 2, 2, 2, 2),
        tolerance=ANY_ORDER,
    )
    check(
        lambda x, w: F.conv_transpose1d(x, w, stride=3), torch.randn(2, 3, 7), torch.randn(3, 4, 3), tolerance=ANY_ORDER
    )


POOLS: dict[str, Callable[[torch.Tensor], object]] = {
    "max": lambda x: (F.max_pool2d(x, 3, 2, 1), F.max_pool2d(x, 2, ceil_mode=True), F.max_pool2d(x, 2, 1, dilation=2)),
    "avg": lambda x: (F.avg_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 2, ceil_mode=True), F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)),
    "adaptive": lambda x: (F.adaptive_avg_pool2d(x, 1), F.adaptive_avg_pool2d(x, (3, 4)), F.adaptive_max_pool2d(x, (9, 2))),
    "resize": lambda x: (F.interpolate(x, scale_factor=2), F.interpolate(x, (5, 13), mode="bilinear"), F.interpolate(x, (12, 4), mode="bilinear", align_corners=True)),
}  # fmt: skip


@pytest.mark.parametrize("name", POOLS)
def test_pools(check: Callable[..., None], name: str) -> None:
    check(POOLS[name], IMAGE, tolerance=ANY_ORDER)


def test_creation(check: Callable[..., None]) -> None:
    check(lambda x: (torch.arange(5), torch.arange(2, 9, 3) + x.sum(), torch.arange(0, 1, 0.25), torch.linspace(0, 1, 7), torch.eye(3, 4),
                     torch.full((2,), 3), x.new_zeros(3), torch.ones_like(x, dtype=torch.int64), torch.scalar_tensor(2.5)), M)  # fmt: skip


LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "binary_cross_entropy_with_logits")


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_losses(check: Callable[..., None], name: str, reduction: str) -> None:
    function = getattr(F, name)
    check(lambda a, b: function(a, b, reduction=reduction), M, torch.rand(6, 5), tolerance=ANY_ORDER)


def test_losses_of_classes_and_vectors(check: Callable[..., None]) -> None:
    target = torch.tensor([0, 4, -100, 2, 1, 1])
    check(lambda x, t: (F.cross_entropy(x, t), F.cross_entropy(x, t, reduction="none")), M, target, tolerance=ANY_ORDER)
    check(
        lambda a, b: (F.cosine_similarity(a, b), F.triplet_margin_loss(a, b, a * b)),
        M,
        torch.rand(6, 5),
        tolerance=ANY_ORDER,
    )
