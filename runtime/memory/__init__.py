"""Simulated memories: on-chip buffers, global memory, data layouts and the bounds of accesses."""
