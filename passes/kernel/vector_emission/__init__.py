"""Computations on tiles in UB as vector instructions."""
