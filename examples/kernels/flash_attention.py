"""Write flash attention softmax(Q K^T / sqrt(d)) V for cube and vector cores working together, of any shape and tiling.

A block takes tiles of query rows and goes along the keys, a tile at a time, in four stages:

  QK      cube    scores = Q K^T                                        handed to the vector cores
  P       vector  running maximum and sum, P = exp(scores - maximum)    handed to the cube core
  PV      cube    partial = P V                                         handed to the vector cores
  update  vector  O = O * exp(old maximum - new one) + partial

What is handed over goes through workspaces in global memory, each with `preload` + 1 slots, and a flag between the
cores. QK and P run `preload` tiles ahead of PV and update, so that neither kind of core waits for the other. The two
vector cores of a block share its rows.

  python examples/kernels/flash_attention.py --queries 4096 --keys 4096 --target ascend910b2 -o flash.sfu
"""

from __future__ import annotations

from collections.abc import Sequence

from assembly_writer import CoreProgram, Parameter, kernel_text
from flash_cube import write_cube
from flash_tiling import Attention, FlashTiling, check, fitting_vector_rows
from flash_vector import write_vector
from kernel_output import kernel_parser, write

from runtime.machine.description import Machine, load


def flash_attention(attention: Attention, tiling: FlashTiling, machine: Machine, blocks: int | None = None) -> str:
    """Return the assembly for ``blocks`` blocks (default: as many as there is work for); see `check` for the limits."""
    check(attention, tiling, machine)
    tasks = attention.heads * -(-attention.queries // tiling.rows)
    blocks = min(blocks or machine.cores("mix"), tasks)
    cube, vector = CoreProgram("cube"), CoreProgram("vector")
    write_cube(cube, attention, tiling, machine)
    write_vector(vector, attention, tiling)
    one, shared = attention.dtype, (blocks, tiling.slots, tiling.rows)
    parameters = (
        Parameter("q", one, (attention.heads, attention.queries, attention.head_dim), "in"),
        Parameter("k", one, (attention.kv_heads, attention.keys, attention.head_dim), "in"),
        Parameter("v", one, (attention.kv_heads, attention.keys, attention.head_dim), "in"),
        Parameter("o", one, (attention.heads, attention.queries, attention.head_dim), "out"),
        Parameter("scores", "f32", (*shared, tiling.keys), "workspace"),
        Parameter("p", one, (*shared, tiling.keys), "workspace"),
        Parameter("partial", "f32", (*shared, attention.head_dim), "workspace"),
    )
    about = f"{attention}\n{tiling}"
    return kernel_text("flash_attention", machine.name, blocks, parameters, [cube, vector], about)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a kernel as the command line says."""
    parser = kernel_parser(__doc__, "flash_attention")
    option = parser.add_argument
    option("--heads", type=int, default=1, help="heads of Q")
    option("--kv-heads", type=int, help="heads of K and V, a divisor of the heads of Q; as many if not given")
    option("--queries", type=int, default=1024, help="length of the sequence of queries")
    option("--keys", type=int, default=1024, help="length of the sequence of keys and values")
    option("--head-dim", type=int, default=128, help="elements of a head")
    option("--dtype", choices=("f16", "bf16"), default="f16", help="type of Q, K, V and O")
    option("--causal", action="store_true", help="the last query sees all keys, each one before it a key less")
    option("--rows", type=int, default=128, help="query rows of a tile")
    option("--kv", type=int, default=256, help="keys of a tile")
    option("--preload", type=int, default=4, help="tiles that QK and P run ahead of PV and update")
    option("--qk-k", type=int, default=64, help="elements of the head that are in L0 at a time for QK")
    option("--pv-k", type=int, default=128, help="keys that are in L0 at a time for PV")
    option("--vector-rows", type=int, help="rows that a vector core works on at a time; the most that fit if not given")
    option("--blocks", type=int, help="blocks; as many as the target runs at a time if not given")
    options = parser.parse_args(arguments)

    def make() -> str:
        machine = load(options.target)
        attention = Attention(
            options.queries,
            options.keys,
            options.head_dim,
            options.heads,
            options.kv_heads or options.heads,
            options.dtype,
            options.causal,
        )
        tiling = FlashTiling(options.rows, options.kv, options.preload, options.qk_k, options.pv_k)
        rows = options.vector_rows or fitting_vector_rows(attention, tiling, machine)
        return flash_attention(attention, tiling.with_vector_rows(rows), machine, options.blocks)

    return write(options, make)


if __name__ == "__main__":
    raise SystemExit(main())
