"""Tiles, loops, cores and stages of one kernel."""
