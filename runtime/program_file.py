"""The ``.sfu`` file: a zip of stored (uncompressed) members, one JSON header and raw arrays.

- ``program.json``: everything of ``runtime.program.Program`` but the arrays.
- ``code/K.cube``, ``code/K.vector``: kernel K's instruction words; ``.lines`` beside each: int32, the source of
  every instruction; ``.ops``: its operation of the kernel level (``dialects.isa.origin``).
- ``data/N``: the bytes under one or more weights and constants; the header says which views of it they are.

Members are aligned to 64 bytes, so that weights can be used in place from a memory map. A file written with external
weights holds only their hash; ``Program.supply_weights`` brings them back from the exported model.
"""

FORMAT = "sfumato program"
VERSION = 3
HEADER = "program.json"
