"""The way in: `.pt2` archives read without torch, and their programs as modules of the `aten` dialect."""
