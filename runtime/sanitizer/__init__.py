"""Finds what only happens to work when queues run in program order: races, uninitialised reads, unbalanced flags."""
