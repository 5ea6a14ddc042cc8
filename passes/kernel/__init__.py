"""From tiles to AscendC-like kernels: buffers, queues, intrinsics, barriers."""
