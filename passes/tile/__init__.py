"""Tiles, loops and cores of one kernel."""
