"""Write an int8 matrix product whose sums over k are split among cube cores, dequantised by the vector cores.

C [m, n] = (A [m, k] x B [n, k] transposed) * scale [m], a scale for each row (token) of A; C is f16. The cube cores sum
in i32 and leave their sums in a workspace, which the vector cores scale: half precision could not hold the sums.

Tiles of the output that are too few for all cores are computed by `--split` cores each, over a part of k:

  --combine atomic    the cores add to one workspace, which the vector cores clear first
  --combine partial   each part has a workspace of its own, and the vector cores add them up

  python examples/kernels/split_k.py -m 128 -n 256 -k 4096 --split 16 -o split_k.sfu
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assembly_writer import CoreProgram, Number, Parameter, Scalar, kernel_text
from dequantisation import Dequantisation, VectorCore
from kernel_output import kernel_parser, write
from matmul_pipeline import MatmulPipeline, Product, Tile, Tiling

from dialects.errors import SfumatoError
from runtime.machine.description import Machine, load

CLEARED_HERE, CLEARED, SUMS_HERE, SUMS = range(4)
"""Flags: vector cores meet after clearing, tell their cube core; a cube core has its sums, vector cores meet."""


@dataclass(frozen=True)
class Split:
    """How many parts k is cut into, whether they are added in memory, and the rows of a vector step."""

    parts: int = 1
    atomic: bool = True
    rows: int = 8


def split_k(product: Product, tiling: Tiling, split: Split, machine: Machine, blocks: int | None = None) -> str:
    """Return the assembly for ``blocks`` blocks (default: as many as there is work for)."""
    steps = -(-product.k // tiling.step_k)
    if not 1 <= split.parts <= steps:
        raise SfumatoError(f"k={product.k} can be split into 1 to {steps} parts of whole L1 steps, not {split.parts}")
    part = -(-steps // split.parts) * tiling.step_k
    split = replace(split, parts=-(-product.k // part))
    atomic = split.atomic and split.parts > 1
    product = replace(product, dtype="i8", output="i32", atomic=atomic)
    tiles = -(-product.m // tiling.base_m) * -(-product.n // tiling.base_n)
    rows_at_a_time = -(-product.m // split.rows)
    blocks = min(
        blocks or machine.cores("mix"), max(tiles * split.parts, -(-rows_at_a_time // machine.vector_per_cube))
    )
    copies = 1 if atomic else split.parts
    cube, vector = CoreProgram("cube"), CoreProgram("vector")
    _write_cube(cube, product, tiling, (part, split.parts), machine)
    core = VectorCore(vector, Dequantisation(product.m, product.n, copies, split.rows), machine)
    _write_vector(vector, core, atomic)
    parameters = (
        Parameter("a", "i8", (product.m, product.k), "in"),
        Parameter("b", "i8", (product.n, product.k), "in"),
        Parameter("scale", "f32", (product.m,), "in"),
        Parameter("c", "f16", (product.m, product.n), "out"),
        Parameter("sums", "i32", (copies, product.m, product.n), "workspace"),
    )
    return kernel_text("split_k", machine.name, blocks, parameters, [cube, vector], f"{product}\n{tiling}\n{split}")


def _write_cube(
    program: CoreProgram, product: Product, tiling: Tiling, part: tuple[int, int], machine: Machine
) -> None:
    """Emit the products; ``part`` is the length of a part of k and the number of them."""
    length, parts = part
    waits: Number = program.variable(1) if product.atomic else 0

    def wait_until_cleared() -> None:
        if isinstance(waits, Scalar):
            with program.when(waits):
                program.emit("cross_wait", id=CLEARED, mode=2)
                program.assign(waits, 0)

    a, b, sums = program.argument(0), program.argument(1), program.argument(4)
    block, blocks = program.read("block_idx"), program.read("block_num")
    pipeline = MatmulPipeline(program, product, tiling, machine, wait_until_cleared)
    tiles_m, tiles_n = -(-product.m // tiling.base_m), -(-product.n // tiling.base_n)
    with program.loop(block, tiles_m * tiles_n * parts, blocks) as task:
        number, tile = task % parts, task // parts
        m, n = tile % tiles_m * tiling.base_m, tile // tiles_m * tiling.base_n
        copy: Number = 0 if product.atomic else number * (product.m * product.n * 4)
        place = Tile(
            rows=program.minimum(product.m - m, tiling.base_m),
            columns=program.minimum(product.n - n, tiling.base_n),
            a=a + m * product.k,
            b=b + n * product.k,
            c=sums + copy + (m * product.n + n) * 4,
        )
        first = number * length
        end = program.minimum(first + length, product.k)
        with program.loop(first, end, tiling.step_k) as k:
            pipeline.step(place, k, first, end)
    pipeline.finish()
    wait_until_cleared()
    program.emit("cross_set", pipe="FIX", id=SUMS_HERE, mode=2)


def _write_vector(program: CoreProgram, core: VectorCore, atomic: bool) -> None:
    """Emit the clearing of the workspace, the wait for all cube cores, and the dequantisation."""
    if atomic:
        core.clear()
        _meet(program, CLEARED_HERE)
        program.emit("cross_set", pipe="MTE3", id=CLEARED, mode=2)
    program.emit("cross_wait", id=SUMS_HERE, mode=2)
    _meet(program, SUMS)
    core.dequantise()


def _meet(program: CoreProgram, flag: int) -> None:
    """Let the vector cores of all blocks wait for each other."""
    program.emit("cross_set", pipe="MTE3", id=flag, mode=0)
    program.emit("cross_wait", id=flag, mode=0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a kernel as the command line says."""
    parser = kernel_parser(__doc__, "split_k")
    option = parser.add_argument
    option("-m", type=int, default=128, help="rows of A and C")
    option("-n", type=int, default=256, help="columns of B and C")
    option("-k", type=int, default=4096, help="length of the sums")
    option("--base", type=int, nargs=3, metavar=("M", "N", "K"), default=(128, 256, 128), help="base tile")
    option("--step-ka", type=int, default=4, help="tiles of k in one L1 buffer of A")
    option("--step-kb", type=int, default=4, help="tiles of k in one L1 buffer of B")
    option("--split", type=int, default=8, help="parts of k; 1: no split")
    option("--combine", choices=("atomic", "partial"), default="atomic", help="how the parts are added up")
    option("--rows", type=int, default=8, help="rows that a vector core works on at a time")
    option("--blocks", type=int, help="blocks; as many as there is work for if not given")
    options = parser.parse_args(arguments)

    def make() -> str:
        product = Product(options.m, options.n, options.k, "i8", "i32")
        base_m, base_n, base_k = options.base
        tiling = Tiling(base_m, base_n, base_k, options.step_ka, options.step_kb)
        split = Split(options.split, options.combine == "atomic", options.rows)
        return split_k(product, tiling, split, load(options.target), options.blocks)

    return write(options, make)


if __name__ == "__main__":
    raise SystemExit(main())
