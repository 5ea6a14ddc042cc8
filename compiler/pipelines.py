"""The phases of a compilation as data: the command line, the dumps, the documentation and the tests all read this
table.

A pass is written as ``sfumato-opt -p`` takes it; ``$name`` stands for an option of ``compiler.options.CompileOptions``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from string import Template

from compiler.options import CompileOptions
from dialects.errors import SfumatoError


@dataclass(frozen=True)
class Phase:
    """A named stretch of the pipeline: what is true of the IR when it has ended, and the passes that make it so."""

    name: str
    description: str
    passes: tuple[str, ...]


PHASES: tuple[Phase, ...] = (
    Phase(
        "import",
        "the exported program as torch wrote it, repeated layers outlined, without in-place operators",
        (),
    ),
    Phase(
        "graph",
        "tensor operations with a plain mathematical meaning, simplified",
        (
            "convert-aten-to-graph",
            "graph-set-precision{precision=$precision}",
            "graph-canonicalize",
            "graph-fold-constants",
            "graph-canonicalize",
            "graph-cse",
            "graph-dce",
            "graph-check-support",
        ),
    ),
    Phase(
        "attention",
        "fused attention found, its algorithm chosen and written out",
        (
            "attn-specialize-masks",
            "attn-sink-masks",
            "attn-fuse-attention",
            "attn-absorb-latent",
            "attn-choose-algorithm{algorithm=$attention}",
            "attn-pack-query-groups",
            "attn-expand-attention",
            "attn-expand-flash{parts=$attention_splits}",
            "attn-expand-amla",
            "attn-expand-pasa",
        ),
    ),
    Phase(
        "quant",
        "matmuls in low precision with explicit scales",
        ("quant-quantize-matmuls{scheme=$quantize}",),
    ),
    Phase(
        "dispatch",
        "graph operations grouped into kernels",
        (
            "quant-expand",
            "graph-expand-convolution",
            "graph-expand-structured",
            "graph-expand-composites",
            "graph-legalize-integers",
            "graph-expand-math",
            "graph-canonicalize",
            "graph-fold-constants",
            "graph-sink-reshapes",
            "graph-canonicalize",
            "graph-cse",
            "graph-dce",
            "dispatch-form-kernels",
        ),
    ),
    Phase(
        "tile",
        "loops over tiles in named memory spaces, split between cube and vector cores",
        (
            "tile-choose-schedule",
            "tile-form-loops",
            "tile-partition-cores",
            "tile-legalize-types",
            "tile-legalize-strides",
            "tile-pipeline-stages",
            "tile-expand-matmul",
        ),
    ),
    Phase(
        "kernel",
        "one intrinsic an operation; buffers have addresses, dependences have barriers",
        (
            "convert-tile-to-kernel",
            "kernel-plan-memory",
            "kernel-insert-sync",
        ),
    ),
    Phase(
        "isa",
        "one instruction an operation; global memory is laid out",
        (
            "convert-kernel-to-isa",
            "isa-plan-gm-memory",
        ),
    ),
)

PHASE_NAMES: tuple[str, ...] = tuple(phase.name for phase in PHASES)


def phase_index(name: str) -> int:
    """Return the position of a phase; an unknown name is a ``SfumatoError``."""
    if name not in PHASE_NAMES:
        raise SfumatoError(f"there is no phase '{name}': expected one of {', '.join(PHASE_NAMES)}")
    return PHASE_NAMES.index(name)


def pass_specs(phase: Phase, options: CompileOptions) -> tuple[str, ...]:
    """Return the passes of a phase with the options filled in."""
    values = {one.name: getattr(options, one.name) for one in fields(options)}
    return tuple(Template(spec).substitute(values) for spec in phase.passes)


def phases_between(start: str | None, stop: str | None) -> tuple[Phase, ...]:
    """Return the phases after ``start`` (``None``: from the beginning) up to and including ``stop`` (``None``: to
    the end)."""
    first = 0 if start is None else phase_index(start) + 1
    last = len(PHASES) if stop is None else phase_index(stop) + 1
    if last < first:
        raise SfumatoError(f"--to {stop} lies before --from {start}")
    return PHASES[first:last]
