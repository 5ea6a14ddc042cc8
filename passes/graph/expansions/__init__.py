"""Expansions of mathematical functions into the primitives that the vector unit has instructions for."""
