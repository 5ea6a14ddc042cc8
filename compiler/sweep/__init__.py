"""Sweeps: one model compiled for, and timed on, every point of a grid of machines and compile options."""
