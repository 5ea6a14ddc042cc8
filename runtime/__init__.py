"""Runs programs: machine descriptions, the functional simulator, the timing simulator, profiles."""
