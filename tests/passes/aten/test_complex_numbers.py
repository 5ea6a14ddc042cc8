"""Complex numbers against torch: pairs of real tensors in, complex arithmetic, pairs of real tensors out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from runtime.compare import TOLERANCES

Function = Callable[[torch.Tensor, torch.Tensor], object]

_RANDOM = torch.Generator().manual_seed(0)
LEFT, RIGHT = (torch.randn(3, 4, 2, generator=_RANDOM) for _ in range(2))
INDEX = torch.tensor([2, 0, 2])

ARITHMETIC: dict[str, Function] = {
    "sum": lambda a, b: (a + b, a - b, torch.add(a, b, alpha=2), torch.rsub(a, b), -a),
    "number": lambda a, b: (a + 2.5, a - 1, a * 3, a / 4, 2 - b, 1j * a, a + (1 - 2j), a / (0.5 + 2j)),
    "real": lambda a, b: (a * b.real, b.real * a, a + b.imag, b.imag - a, a / (b.real + 3)),
    "product": lambda a, b: (a * b, a * a, a * b.conj(), a.square()),
    "quotient": lambda a, b: (a / b, a.reciprocal(), 2 / b),
    "function": lambda a, b: (a.exp(), b.log(), torch.polar(a.abs(), b.angle()), torch.complex(a.real, b.real)),
    "broadcast": lambda a, b: (a[:, None] * b[None], a[:1] + b, a * b[0, 0]),
    "matrix": lambda a, b: (a @ b.mT, torch.outer(a[0], b[0]), torch.mv(a, b[1]), a @ b.mH),
    "reduction": lambda a, b: (a.sum(), a.mean(1), b.sum(0, keepdim=True), a.cumsum(1)),
}  # fmt: skip

MOVEMENT: dict[str, Function] = {
    "view": lambda a, b: (a.reshape(2, 6), a.flatten(), a.t(), a.mH, a[..., None].squeeze(2), a.permute(1, 0)),
    "part": lambda a, b: (a[1:, ::2], a[0], *a.unbind(1), *b.split([1, 2]), a.narrow(1, 1, 2)),
    "together": lambda a, b: (torch.cat([a, b], 1), torch.stack([a, b]), torch.cat([a, b.real]), a.repeat(2, 1)),
    "expand": lambda a, b: (a[:1].expand(5, 4), a.expand(2, 3, 4), a.roll(1, 1), a.flip(0)),
    "index": lambda a, b: (a[INDEX], a.index_select(1, INDEX), a.gather(0, INDEX[None, :].expand(1, 3))),
    "choice": lambda a, b: (torch.where(a.real > 0, a, b), torch.where(a.real > 0, a, b.imag), a.masked_fill(b.real > 0, 2 + 3j)),
    "new": lambda a, b: (torch.ones_like(a) + a, torch.zeros_like(b), torch.full_like(a, 1 - 1j), a.tril()),
    "type": lambda a, b: (a.to(torch.complex128).to(torch.complex64), b.real.to(torch.complex64), a.clone().contiguous()),
    "write": lambda a, b: (a.index_put([INDEX], b[INDEX]), a.slice_scatter(b[:, 1:3], 1, 1, 3), a.select_scatter(b[0], 0, 2)),
}  # fmt: skip


def as_pairs(function: Function) -> Callable[[torch.Tensor, torch.Tensor], list[torch.Tensor]]:
    """The function with both inputs, and every complex result, as pairs of real numbers."""

    def real(left: torch.Tensor, right: torch.Tensor) -> list[torch.Tensor]:
        results = function(torch.view_as_complex(left), torch.view_as_complex(right))
        assert isinstance(results, tuple)
        return [torch.view_as_real(one.resolve_conj()) if one.is_complex() else one for one in results]

    return real


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic(check: Callable[..., None], name: str) -> None:
    check(as_pairs(ARITHMETIC[name]), LEFT, RIGHT, tolerance=TOLERANCES["f32"])


@pytest.mark.parametrize("name", MOVEMENT)
def test_movement(check: Callable[..., None], name: str) -> None:
    check(as_pairs(MOVEMENT[name]), LEFT, RIGHT, tolerance=0.0)


def test_parts_and_comparisons(check: Callable[..., None]) -> None:
    values = torch.tensor([[1.0, 2.0], [1.0, -2.0], [0.0, 2.0], [-0.0, 0.0]])

    def compared(pairs: torch.Tensor) -> list[torch.Tensor]:
        a = torch.view_as_complex(pairs)
        return [a.real, a.conj().imag, a.abs(), a.angle(), a == a.conj(), a != a[0], a == 1 + 2j]

    check(compared, values)


@pytest.mark.parametrize("size", [1e-25, 1e25])
def test_quotients_do_not_overflow(check: Callable[..., None], size: float) -> None:
    """A naive quotient squares the divisor, which leaves the range of f32 both ways."""

    def ratio(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(torch.view_as_complex(left) / torch.view_as_complex(right))

    check(ratio, LEFT * size, RIGHT * size)


def test_rotary_embedding(check: Callable[..., None]) -> None:
    """RoPE as DeepSeek and the first Llama write it."""

    def rotated(x: torch.Tensor) -> torch.Tensor:
        frequencies = 1.0 / 100.0 ** (torch.arange(0, 8, 2).float() / 8)
        angles = torch.outer(torch.arange(5).float(), frequencies)
        turns = torch.polar(torch.ones_like(angles), angles)
        pairs = torch.view_as_complex(x.float().reshape(2, 5, 3, 4, 2))
        return torch.view_as_real(pairs * turns[None, :, None, :]).flatten(3).type_as(x)

    check(rotated, torch.randn(2, 5, 3, 8), tolerance=TOLERANCES["f32"])
