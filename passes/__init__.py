"""How the IR changes: one file a pass, its name the pass's with underscores. Loaded lazily by name."""

from __future__ import annotations

from importlib import import_module

from passes.base import SfumatoPass

PASSES: dict[str, str] = {
    "convert-aten-to-graph": "passes.aten.convert_aten_to_graph:ConvertAtenToGraph",
    "graph-set-precision": "passes.graph.graph_set_precision:GraphSetPrecision",
    "graph-canonicalize": "passes.graph.graph_canonicalize:GraphCanonicalize",
    "graph-fold-constants": "passes.graph.graph_fold_constants:GraphFoldConstants",
    "graph-cse": "passes.graph.graph_cse:GraphCse",
    "graph-dce": "passes.graph.graph_dce:GraphDce",
    "graph-check-support": "passes.graph.graph_check_support:GraphCheckSupport",
    "attn-specialize-masks": "passes.attn.attn_specialize_masks:AttnSpecializeMasks",
    "attn-sink-masks": "passes.attn.attn_sink_masks:AttnSinkMasks",
    "attn-fuse-attention": "passes.attn.attn_fuse_attention:AttnFuseAttention",
    "attn-absorb-latent": "passes.attn.attn_absorb_latent:AttnAbsorbLatent",
    "attn-choose-algorithm": "passes.attn.attn_choose_algorithm:AttnChooseAlgorithm",
    "attn-pack-query-groups": "passes.attn.attn_pack_query_groups:AttnPackQueryGroups",
    "attn-expand-attention": "passes.attn.attn_expand_attention:AttnExpandAttention",
    "attn-expand-flash": "passes.attn.attn_expand_flash:AttnExpandFlash",
    "attn-expand-amla": "passes.attn.attn_expand_amla:AttnExpandAmla",
    "attn-expand-pasa": "passes.attn.attn_expand_pasa:AttnExpandPasa",
    "quant-quantize-matmuls": "passes.quant.quant_quantize_matmuls:QuantQuantizeMatmuls",
    "quant-expand": "passes.quant.quant_expand:QuantExpand",
    "graph-expand-convolution": "passes.graph.graph_expand_convolution:GraphExpandConvolution",
    "graph-expand-structured": "passes.graph.graph_expand_structured:GraphExpandStructured",
    "graph-expand-composites": "passes.graph.graph_expand_composites:GraphExpandComposites",
    "graph-legalize-integers": "passes.graph.graph_legalize_integers:GraphLegalizeIntegers",
    "graph-expand-math": "passes.graph.graph_expand_math:GraphExpandMath",
    "graph-sink-reshapes": "passes.graph.graph_sink_reshapes:GraphSinkReshapes",
    "dispatch-form-kernels": "passes.dispatch.dispatch_form_kernels:DispatchFormKernels",
    "tile-choose-schedule": "passes.tile.tile_choose_schedule:TileChooseSchedule",
    "tile-form-loops": "passes.tile.tile_form_loops:TileFormLoops",
    "tile-legalize-types": "passes.tile.tile_legalize_types:TileLegalizeTypes",
    "tile-partition-cores": "passes.tile.tile_partition_cores:TilePartitionCores",
    "tile-legalize-strides": "passes.tile.tile_legalize_strides:TileLegalizeStrides",
    "tile-pipeline-stages": "passes.tile.tile_pipeline_stages:TilePipelineStages",
    "tile-expand-matmul": "passes.tile.tile_expand_matmul:TileExpandMatmul",
    "convert-tile-to-kernel": "passes.kernel.convert_tile_to_kernel:ConvertTileToKernel",
    "kernel-plan-memory": "passes.kernel.kernel_plan_memory:KernelPlanMemory",
    "kernel-insert-sync": "passes.kernel.kernel_insert_sync:KernelInsertSync",
    "convert-kernel-to-isa": "passes.isa.convert_kernel_to_isa:ConvertKernelToIsa",
    "isa-plan-gm-memory": "passes.isa.isa_plan_gm_memory:IsaPlanGmMemory",
}
"""Pass name -> ``module:class``, in the order of the phases that use them."""


def load_pass(name: str) -> type[SfumatoPass]:
    """Import and return the pass registered as ``name``."""
    module, _, attribute = PASSES[name].partition(":")
    return getattr(import_module(module), attribute)
