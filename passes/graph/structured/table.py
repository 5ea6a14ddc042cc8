"""The table of structured ops and how each is computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import GraphOp
from passes.graph.structured.extension import pad, reduce_window
from passes.graph.structured.lookup import gather, take
from passes.graph.structured.ordering import arg_reduce
from passes.graph.structured.scan import scan
from passes.graph.structured.sorting import sort, topk
from passes.graph.structured.steps import Steps
from passes.graph.structured.writing import index_put, scatter

Expansion = Callable[[Operation, Steps], Sequence[SSAValue] | None]
"""Inserts what computes an op and returns its results, or None to leave the op alone."""

EXPANSIONS: dict[type[GraphOp], Expansion] = {
    graph.TakeOp: take,
    graph.GatherOp: gather,
    graph.IndexPutOp: index_put,
    graph.ScatterOp: scatter,
    graph.ScanOp: scan,
    graph.ArgReduceOp: arg_reduce,
    graph.SortOp: sort,
    graph.TopkOp: topk,
    graph.PadOp: pad,
    graph.ReduceWindowOp: reduce_window,
}
"""How each structured op is computed."""
