"""Windows, diagonals, searches, ranks, resampling and losses against torch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from runtime.compare import TOLERANCES

ANY_ORDER = TOLERANCES["f32"]
SEED = torch.Generator().manual_seed(0)
X = torch.randn(3, 5, generator=SEED)
Y = torch.randn(3, 5, generator=SEED)
IMAGE = torch.randn(2, 4, 9, 8, generator=SEED)
VOLUME = torch.randn(1, 2, 5, 7, 4, generator=SEED)
INDICES = torch.randint(0, 31, (4, 6), generator=SEED)
LABELS = torch.tensor([1, -100, 2])
WEIGHTS = torch.rand(5, generator=SEED) + 0.1

Case = tuple[Callable[..., object], tuple[torch.Tensor, ...]]

WINDOWS: dict[str, Case] = {
    "unfold": (lambda x: (F.unfold(x, 3, 2, 1, 2), F.unfold(x[0], (2, 3))), (IMAGE,)),
    "fold": (lambda x: F.fold(F.unfold(x, 3, padding=1, stride=2), (9, 8), 3, padding=1, stride=2), (IMAGE,)),
    "fold_with_margins": (lambda x: F.fold(x.reshape(2, 16, 18)[..., :12], (9, 7), 2, dilation=2, stride=2), (IMAGE,)),
    "pool_places": (lambda x: tuple(F.max_pool2d(x, 3, 2, 1, return_indices=True)), (IMAGE,)),
    "pool_places_3d": (lambda x: tuple(F.max_pool3d(x, 2, ceil_mode=True, return_indices=True)), (VOLUME,)),
    "unpool": (lambda x: F.max_unpool2d(*F.max_pool2d(x[..., :8, :], 2, return_indices=True), 2), (IMAGE,)),
    "adaptive_mean": (lambda x: (F.adaptive_avg_pool2d(x, (5, 3)), F.adaptive_avg_pool2d(x, 11)), (IMAGE,)),
    "adaptive_mean_3d": (lambda x: F.adaptive_avg_pool3d(x, (2, 3, 4)), (VOLUME,)),
    "adaptive_max": (lambda x: (*F.adaptive_max_pool2d(x, (5, 3), True), F.adaptive_max_pool2d(x, (3, 2))), (IMAGE,)),
}

RESAMPLED: dict[str, Case] = {
    "bicubic": (lambda x: F.interpolate(x, scale_factor=1.7, mode="bicubic"), (IMAGE,)),
    "bicubic_corners": (lambda x: F.interpolate(x, (5, 13), mode="bicubic", align_corners=True), (IMAGE,)),
    "trilinear": (lambda x: F.interpolate(x, (4, 9, 5), mode="trilinear"), (VOLUME,)),
    "nearest_exact": (lambda x: F.interpolate(x, (5, 13), mode="nearest-exact"), (IMAGE,)),
}

ARRANGED: dict[str, Case] = {
    "diag": (lambda x: (torch.diag(x[0], 1), torch.diag(x, -1), torch.diag(x[:, 0])), (X,)),
    "diag_embed": (lambda x: (torch.diag_embed(x, -1, 0, 2), torch.diag_embed(x[None], 2, 1)), (X,)),
    "block_diag": (lambda x: torch.block_diag(x, x[0], x[:2, :2]), (X,)),
    "trace": (torch.trace, (X,)),
    "triangle": (lambda x: x[tuple(torch.tril_indices(3, 5, 1))], (X,)),
    "rot90": (lambda x: (torch.rot90(x), torch.rot90(x, 2), torch.rot90(x[None], -1, [2, 1])), (X,)),
    "channel_shuffle": (lambda x: F.channel_shuffle(x, 2), (IMAGE,)),
    "atleast": (lambda x: (torch.atleast_3d(x), torch.atleast_3d(x[0])), (X,)),
}

PRODUCTS: dict[str, Case] = {
    "addbmm": (
        lambda a, b: torch.addbmm(a, b, b.mT, beta=0.5, alpha=2),
        (torch.eye(3), torch.randn(4, 3, 6, generator=SEED)),
    ),
    "multi_dot": (lambda a, b: torch.linalg.multi_dot([a, b.T, a]), (X, Y)),
    "bilinear": (lambda a, b, w: F.bilinear(a, b, w), (X, Y, torch.randn(4, 5, 5, generator=SEED))),
    "tensordot": (lambda a, b: (torch.tensordot(a, b, ([1], [1])), torch.tensordot(a, b, 2)), (X, Y)),
    "cdist": (lambda a, b: (torch.cdist(a, b), torch.cdist(a[:2], b, p=1)), (X, Y)),
    "cross": (lambda a, b: (torch.cross(a, b, dim=0), torch.linalg.cross(a.T, b.T)), (X, Y)),
}

CHOSEN: dict[str, Case] = {
    "bucketize": (lambda x, b: (torch.bucketize(x, b), torch.bucketize(x, b, right=True, out_int32=True)), (X.round(), torch.tensor([-1.0, 0, 1]))),
    "searchsorted": (lambda x, y: torch.searchsorted(y.sort(1)[0], x, side="right"), (X.round(), Y.round())),
    "isin": (lambda x, y: (torch.isin(x, y), torch.isin(x, y, invert=True), torch.isin(x, 3)), (INDICES, torch.tensor([[1, 5], [7, 22]]))),
    "median": (lambda x: (x.median(), *x.median(1), *x.median(0, keepdim=True)), (X,)),
    "quantile": (lambda x: (x.quantile(0.3, 1), x.quantile(0.5), x.quantile(0.9, 0, interpolation="lower")), (X,)),
    "sums_of_numbers": (lambda x: (torch.where(x > 1, torch.nan, x).nansum(1), torch.where(x > 1, torch.nan, x).nanmean()), (X,)),
    "running_extremes": (lambda x: (*x.round().cummax(1), *x.round().cummin(0)), (X,)),
}  # fmt: skip


@pytest.mark.parametrize("name", [*WINDOWS, *RESAMPLED, *ARRANGED, *PRODUCTS, *CHOSEN])
def test_operators(check: Callable[..., None], name: str) -> None:
    function, inputs = {**WINDOWS, **RESAMPLED, **ARRANGED, **PRODUCTS, **CHOSEN}[name]
    check(function, *inputs, tolerance=ANY_ORDER)


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("kind", ["sum", "mean", "prod", "amax", "amin"])
def test_reductions_by_index(check: Callable[..., None], kind: str, include: bool) -> None:
    source = torch.randn(6, 5, generator=SEED)
    places = torch.randint(0, 3, (6, 5), generator=SEED)
    check(lambda x, i, s: x.scatter_reduce(0, i, s, kind, include_self=include), X, places, source)
    check(
        lambda x, i, s: x.scatter_reduce(0, i, s, kind, include_self=include),
        (X * 9).long(),
        places,
        (source * 9).long(),
    )
    if kind != "sum":
        check(lambda x, i, s: x.index_reduce(0, i, s, kind, include_self=include), X, places[:, 0], source)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_classification_losses(check: Callable[..., None], reduction: str) -> None:
    shares = Y.softmax(1)

    def losses(x: torch.Tensor, t: torch.Tensor, w: torch.Tensor, p: torch.Tensor) -> tuple[torch.Tensor, ...]:
        smooth = {"reduction": reduction, "label_smoothing": 0.2}
        return (
            F.cross_entropy(x, t, w, **smooth),
            F.cross_entropy(x, t, **smooth),
            F.cross_entropy(x, p, w, **smooth),
            F.nll_loss(x.log_softmax(1), t, w, reduction=reduction),
            F.binary_cross_entropy_with_logits(x * 20, p, w, reduction=reduction, pos_weight=w * 3),
            F.binary_cross_entropy(x.sigmoid(), p, w, reduction=reduction),
            F.soft_margin_loss(x, p.round() * 2 - 1, reduction=reduction),
        )

    check(losses, X, LABELS, WEIGHTS, shares, tolerance=ANY_ORDER)


def test_losses_of_pairs(check: Callable[..., None]) -> None:
    check(
        lambda x, y: (
            F.margin_ranking_loss(x, y, (x + y).sign(), 0.3),
            F.hinge_embedding_loss(x, y.sign()),
            F.pairwise_distance(x, y, 3.0, keepdim=True),
        ),
        X,
        Y,
        tolerance=ANY_ORDER,
    )
