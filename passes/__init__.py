"""How the IR changes: one file a pass, its name the pass's with underscores. Loaded lazily by name."""

from __future__ import annotations

from importlib import import_module

from passes.base import SfumatoPass

PASSES: dict[str, str] = {
    "dispatch-form-kernels": "passes.dispatch.dispatch_form_kernels:DispatchFormKernels",
    "tile-choose-schedule": "passes.tile.tile_choose_schedule:TileChooseSchedule",
    "tile-form-loops": "passes.tile.tile_form_loops:TileFormLoops",
    "tile-partition-cores": "passes.tile.tile_partition_cores:TilePartitionCores",
    "tile-expand-matmul": "passes.tile.tile_expand_matmul:TileExpandMatmul",
    "convert-tile-to-kernel": "passes.kernel.convert_tile_to_kernel:ConvertTileToKernel",
}
"""Pass name -> ``module:class``, in the order of the phases that use them."""


def load_pass(name: str) -> type[SfumatoPass]:
    """Import and return the pass registered as ``name``."""
    module, _, attribute = PASSES[name].partition(":")
    return getattr(import_module(module), attribute)
