"""Computes the values of a program: what each instruction does to the simulated memories."""
