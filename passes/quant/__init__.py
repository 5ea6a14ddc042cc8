"""Passes of the quant phase: matmuls in low precision."""
