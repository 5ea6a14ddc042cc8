"""Handlers of ATen operators, one file a family; ``passes.aten.registry`` imports them all."""
