"""Which operators return a view of their input, and how a write through such a view reaches the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compiler.frontend.program import Node, Ref, TensorMeta, Value
from dialects.aten import TorchName

_IDENTITY = (
    "alias", "conj", "cpu", "detach", "lift_fresh", "positive", "real", "resolve_conj", "resolve_neg",
)  # fmt: skip
_RESHAPING = (
    "_reshape_alias", "_unsafe_view", "atleast_1d", "atleast_2d", "atleast_3d", "squeeze", "unsqueeze", "view",
    "view_as",
)  # fmt: skip
_PERMUTING = (
    "adjoint", "mH", "mT", "matrix_H", "moveaxis", "movedim", "numpy_T", "permute", "swapaxes", "swapdims", "t",
    "transpose",
)  # fmt: skip
_EXPANDING = ("broadcast_to", "expand", "expand_as")
_SPLITTING = (
    "chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unsafe_chunk", "unsafe_split",
    "unsafe_split_with_sizes", "vsplit",
)  # fmt: skip
_PICKING = ("diagonal", "narrow", "select", "slice", "unbind")
_OPAQUE = ("as_strided", "imag", "unfold", "view_as_complex", "view_as_real")
"""Views that are followed when read; a write through them is refused."""

_MAYBE_RESHAPED = ("flatten", "ravel", "reshape", "unflatten")
_MAYBE_COPIED = ("contiguous", "to", "type_as")
_DROPOUTS = ("alpha_dropout", "dropout", "feature_alpha_dropout", "feature_dropout")

_ALWAYS = frozenset(
    (*_IDENTITY, *_RESHAPING, *_PERMUTING, *_EXPANDING, *_SPLITTING, *_PICKING, *_OPAQUE),
)


@dataclass(frozen=True, slots=True)
class View:
    """One step from a tensor to a view of it: output ``index`` of ``node``, whose first argument is the tensor."""

    node: Node
    index: int
    before: TensorMeta
    after: TensorMeta

    @property
    def operator(self) -> str:
        """The operator's name without namespace and overload."""
        return operator_of(self.node)

    @property
    def keeps_all(self) -> bool:
        """Whether the view shows every element of the tensor once, so that a write replaces all of it."""
        if self.operator in _EXPANDING:
            return self.before.size == self.after.size
        return self.operator in (*_IDENTITY, *_RESHAPING, *_PERMUTING, *_MAYBE_RESHAPED, *_MAYBE_COPIED, *_DROPOUTS)


def operator_of(node: Node) -> str:
    """Return ``add`` of ``aten.add.Tensor``; other namespaces keep theirs."""
    namespace, _, rest = node.overload.partition(".")
    name = rest.partition(".")[0]
    return name if namespace == "aten" else f"{namespace}.{name}"


def viewed(node: Node, metas: dict[str, TensorMeta]) -> str | None:
    """Return the name of the tensor that the outputs of ``node`` are views of; ``None`` when they own their bytes."""
    operator = operator_of(node)
    if not node.arguments or not isinstance(node.arguments[0][1], Ref) or not node.outputs:
        return None
    name = node.arguments[0][1].name
    if operator in _ALWAYS:
        return name
    source, result = metas[name], metas[node.outputs[0]]
    if operator in _MAYBE_RESHAPED:
        return name if can_view(source, result.shape) else None
    if operator in _MAYBE_COPIED:
        same = source.element == result.element and source.strides == result.strides and source.offset == result.offset
        return name if same and node.argument("copy") is not True else None
    if operator in _DROPOUTS:
        return name if node.argument("train") is not True or node.argument("p") == 0 else None
    return None


def can_view(meta: TensorMeta, shape: tuple[int, ...]) -> bool:
    """Whether torch can give a tensor another shape without a copy.

    Each run of dimensions that lie densely in one another may be cut anew; a new dimension must not cross two runs.
    """
    if not meta.size:
        return True
    dims = [(extent, stride) for extent, stride in zip(meta.shape, meta.strides, strict=True) if extent != 1]
    runs = [1]
    for index, (extent, _) in enumerate(dims):
        if index and dims[index - 1][1] != extent * dims[index][1]:
            runs.append(1)
        runs[-1] *= extent
    remaining = iter(runs)
    left = next(remaining)
    for extent in shape:
        if extent == 1:
            continue
        while left == 1:
            left = next(remaining, 0)
        if not left or left % extent:
            return False
        left //= extent
    return True


def write_back(view: View, before: str, written: str) -> tuple[str, tuple[tuple[str, Value], ...]] | None:
    """Return overload and arguments of the call that makes the tensor from its old value and the view's new one.

    ``None`` when there is no such call: a view with overlapping elements, or one that is not followed backwards.
    """
    if view.keeps_all:
        return _undo(view, written)
    scatter = _SCATTERS.get(view.operator, _split_scatter if view.operator in _SPLITTING else None)
    if scatter is None:
        return None
    overload, arguments = scatter(view)
    return overload, (("self", Ref(before)), ("src", Ref(written)), *arguments)


def _undo(view: View, written: str) -> tuple[str, tuple[tuple[str, Value], ...]] | None:
    if view.operator in _PERMUTING:
        order = permutation(view.node, len(view.before.shape))
        inverse = tuple(order.index(axis) for axis in range(len(order)))
        return "aten.permute.default", (("self", Ref(written)), ("dims", inverse))
    if view.before.element != view.after.element:
        if view.operator != "view":
            return None
        dtype = TorchName(view.before.element.torch_name)
        return "aten.view.dtype", (("self", Ref(written)), ("dtype", dtype))
    return "aten.reshape.default", (("self", Ref(written)), ("shape", view.before.shape))


def permutation(node: Node, rank: int) -> tuple[int, ...]:
    """Return the order that a permuting node puts the axes of a tensor of ``rank`` into."""
    operator, axes = operator_of(node), list(range(rank))
    positional = [value for _, value in node.arguments[1:]]
    match operator, positional:
        case "numpy_T", _:
            return tuple(reversed(axes))
        case "permute", [tuple(dims), *_]:
            return tuple(_axis(dim, rank) for dim in dims)
        case (("moveaxis" | "movedim"), [source, destination, *_]):
            return _moved(_axes(source, rank), _axes(destination, rank), rank)
        case (("transpose" | "swapaxes" | "swapdims"), [first, second, *_]):
            a, b = _axis(first, rank), _axis(second, rank)
        case _:
            a, b = (rank - 2, rank - 1) if rank > 1 else (0, 0)
    if rank:
        axes[a], axes[b] = axes[b], axes[a]
    return tuple(axes)


def _moved(source: tuple[int, ...], destination: tuple[int, ...], rank: int) -> tuple[int, ...]:
    placed = dict(zip(destination, source, strict=True))
    rest = iter(axis for axis in range(rank) if axis not in source)
    return tuple(placed[axis] if axis in placed else next(rest) for axis in range(rank))


def _axis(value: Value, rank: int) -> int:
    assert isinstance(value, int)
    return value % rank if rank else 0


def _axes(value: Value, rank: int) -> tuple[int, ...]:
    return tuple(_axis(item, rank) for item in value) if isinstance(value, tuple) else (_axis(value, rank),)


_Scatter = tuple[str, tuple[tuple[str, Value], ...]]


def _slice(dim: int, start: Value, end: Value, step: Value = 1) -> _Scatter:
    return "aten.slice_scatter.default", (("dim", dim), ("start", start), ("end", end), ("step", step))


def _select(dim: int, index: Value) -> _Scatter:
    return "aten.select_scatter.default", (("dim", dim), ("index", index))


def _slice_scatter(view: View) -> _Scatter:
    node = view.node
    dim = _axis(node.argument("dim", 0), len(view.before.shape))
    return _slice(dim, node.argument("start"), node.argument("end"), node.argument("step", 1))


def _narrow_scatter(view: View) -> _Scatter:
    dim = _axis(view.node.argument("dim"), len(view.before.shape))
    start, extent = view.node.argument("start"), view.before.shape[dim]
    assert isinstance(start, int)
    start = start + extent if start < 0 else start
    return _slice(dim, start, start + view.after.shape[dim])


def _select_scatter(view: View) -> _Scatter:
    return _select(_axis(view.node.argument("dim"), len(view.before.shape)), view.node.argument("index"))


def _unbind_scatter(view: View) -> _Scatter:
    return _select(_axis(view.node.argument("dim", 0), len(view.before.shape)), view.index)


def _diagonal_scatter(view: View) -> _Scatter:
    defaults = (("offset", 0), ("dim1", 0), ("dim2", 1))
    return "aten.diagonal_scatter.default", tuple((key, view.node.argument(key, value)) for key, value in defaults)


def _split_scatter(view: View) -> _Scatter:
    """Pieces lie one behind another along the split dimension: all but the last are found by their offset in it."""
    rank = len(view.before.shape)
    fixed = {"hsplit": 0 if rank == 1 else 1, "vsplit": 0, "dsplit": 2}
    dim = _axis(view.node.argument("dim", fixed.get(view.operator, 0)), rank)
    stride = view.before.strides[dim]
    start = (view.after.offset - view.before.offset) // stride if stride else 0
    return _slice(dim, start, start + view.after.shape[dim])


_SCATTERS: dict[str, Callable[[View], _Scatter]] = {
    "slice": _slice_scatter,
    "narrow": _narrow_scatter,
    "select": _select_scatter,
    "unbind": _unbind_scatter,
    "diagonal": _diagonal_scatter,
}
