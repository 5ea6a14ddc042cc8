"""Passes over tensor mathematics: simplification, precision, expansion to what the hardware has."""
