"""What executing an instruction means for time. Kinds before `set_flag` are the scalar unit's own."""

from __future__ import annotations

li, add, sub, mul, div, mod, smaller, larger, lt, le, eq, ne = range(12)
block_idx, block_num, sub_idx, arg, load_gm, load_ub = range(12, 18)
loop, end_loop, branch, end_branch = range(18, 22)
set_flag, wait_flag, barrier, cross_set, cross_wait = range(22, 27)
mmad, load_fractals, load_bytes, fixpipe_local, fixpipe_shared, vector = range(27, 33)
copy, nd2nz, fixpipe = range(33, 36)

FIRST_QUEUED = set_flag
FIRST_WORK = mmad
FIRST_TRANSFER = copy
