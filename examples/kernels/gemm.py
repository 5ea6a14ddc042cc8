"""Write a matrix product C = A x B for the cube cores, of any shape and tiling.

C is cut into parts for the L2 cache; the cores of a grid divide each part among them, a block of `--single` rows and
columns each, and go through their blocks in base tiles. A base tile is a sum over k in tiles of the base's K, loaded
into L1 `--step-ka` (A) and `--step-kb` (B) tiles at a time.

  python examples/kernels/gemm.py -m 8192 -n 8192 -k 8192 --target ascend910b1 --grid 4,6 --single 1024,1536 -o gemm.sfu
  sfumato profile gemm.sfu
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from assembly_writer import CoreProgram, Number, Parameter, kernel_text
from kernel_output import kernel_parser, pair, write
from matmul_pipeline import ACCUMULATORS, MatmulPipeline, Product, Tile, Tiling

from dialects.errors import SfumatoError
from runtime.machine.description import Machine, load


@dataclass(frozen=True)
class Partition:
    """How cores divide the output: (rows, columns) of cores, the block of one; its tiles go along m or n first."""

    grid: tuple[int, int]
    single: tuple[int, int]
    along_m: bool = True


def choose_grid(product: Product, tiling: Tiling, cores: int) -> tuple[int, int]:
    """Return the (rows, columns) of cores that leave the slowest core the fewest base tiles, then load least."""
    tiles_m, tiles_n = -(-product.m // tiling.base_m), -(-product.n // tiling.base_n)

    def cost(grid: tuple[int, int]) -> tuple[int, int]:
        rows, columns = -(-tiles_m // grid[0]), -(-tiles_n // grid[1])
        return rows * columns, rows * tiling.base_m + columns * tiling.base_n

    grids = [(rows, columns) for rows in range(1, cores + 1) for columns in range(1, cores // rows + 1)]
    return min(grids, key=lambda grid: (*cost(grid), grid))


def choose_partition(
    product: Product,
    tiling: Tiling,
    cores: int,
    grid: tuple[int, int] | None = None,
    l2_split: tuple[int, int] = (1, 1),
) -> Partition:
    """Return a grid and the block of a core that lets the grid go over the output in ``l2_split`` parts."""
    grid = grid or choose_grid(product, tiling, cores)
    single_m = -(-product.m // (grid[0] * l2_split[0] * tiling.base_m)) * tiling.base_m
    single_n = -(-product.n // (grid[1] * l2_split[1] * tiling.base_n)) * tiling.base_n
    return Partition(grid, (single_m, single_n))


def gemm(product: Product, tiling: Tiling, partition: Partition, machine: Machine) -> str:
    """Return the assembly; `SfumatoError` says what of the tiling ``machine`` cannot do."""
    blocks = partition.grid[0] * partition.grid[1]
    if not 1 <= blocks <= machine.cube_cores:
        raise SfumatoError(f"a grid of {blocks} cores, but {machine.name} has 1 to {machine.cube_cores}")
    for single, base in zip(partition.single, (tiling.base_m, tiling.base_n), strict=True):
        if single < 1 or single % base:
            raise SfumatoError(f"a core's block must be a whole number of base tiles: {single} is not one of {base}")
    cube = CoreProgram("cube")
    pipeline = MatmulPipeline(cube, product, tiling, machine)
    _walk(cube, product, tiling, partition, pipeline)
    pipeline.finish()
    b_shape = (product.k, product.n) if product.b_is_kn else (product.n, product.k)
    parameters = (
        Parameter("a", product.dtype, (product.m, product.k), "in"),
        Parameter("b", product.dtype, b_shape, "in"),
        Parameter("c", product.output, (product.m, product.n), "out"),
    )
    return kernel_text("gemm", machine.name, blocks, parameters, [cube], f"{product}\n{tiling}\n{partition}")


def _walk(
    program: CoreProgram, product: Product, tiling: Tiling, partition: Partition, pipeline: MatmulPipeline
) -> None:
    """Emit the loops over the parts, this core's block in each, its base tiles and k."""
    a, b, c = (program.argument(index) for index in range(3))
    (grid_m, grid_n), (single_m, single_n) = partition.grid, partition.single
    block = program.read("block_idx")
    core_m, core_n = block % grid_m * single_m, block // grid_m * single_n
    size, output_size = product.size, product.output_size
    parts = (program.loop(0, product.n, grid_n * single_n), program.loop(0, product.m, grid_m * single_m))
    with parts[0] as part_n, parts[1] as part_m:
        first_m, first_n = part_m + core_m, part_n + core_n
        ranges = {
            "m": (first_m, program.minimum(first_m + single_m, product.m), tiling.base_m),
            "n": (first_n, program.minimum(first_n + single_n, product.n), tiling.base_n),
        }
        outer, inner = ("n", "m") if partition.along_m else ("m", "n")
        with program.loop(*ranges[outer]) as i, program.loop(*ranges[inner]) as j:
            m, n = (j, i) if partition.along_m else (i, j)
            tile = Tile(
                rows=_extent(program, product.m, m, tiling.base_m),
                columns=_extent(program, product.n, n, tiling.base_n),
                a=a + m * (product.k * size),
                b=b + n * (size if product.b_is_kn else product.k * size),
                c=c + (m * product.n + n) * output_size,
            )
            with program.loop(0, product.k, tiling.step_k) as k:
                pipeline.step(tile, k, 0, product.k)


def _extent(program: CoreProgram, total: int, start: Number, base: int) -> Number:
    """Return how much of a base tile lies inside the matrix."""
    return base if total % base == 0 else program.minimum(total - start, base)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a kernel as the command line says."""
    parser = kernel_parser(__doc__, "gemm")
    option = parser.add_argument
    option("-m", type=int, default=1024, help="rows of A and C")
    option("-n", type=int, default=1024, help="columns of B and C")
    option("-k", type=int, default=1024, help="length of the sums")
    option("--dtype", choices=sorted(ACCUMULATORS), default="f16", help="type of A and B")
    option("--output-dtype", choices=("f16", "bf16", "f32", "i32"), help="type of C; as A, and i32 of i8, if not given")
    option("--b-layout", choices=("nk", "kn"), default="nk", help="how B is stored")
    option("--base", type=int, nargs=3, metavar=("M", "N", "K"), default=(128, 256, 64), help="base tile")
    option("--step-ka", type=int, default=4, help="tiles of k in one L1 buffer of A")
    option("--step-kb", type=int, default=4, help="tiles of k in one L1 buffer of B")
    option("--l1-buffers", type=int, default=2, help="buffers of A and of B in L1: 2 load while computing")
    option("--l0-buffers", type=int, default=2, help="buffers of L0A and L0B")
    option("--l0c-buffers", type=int, default=1, help="buffers of accumulators in L0C")
    option("--unit-flag", action="store_true", help="drain accumulators block by block behind the last product")
    option("--grid", type=pair, metavar="ROWS,COLUMNS", help="cores; the best use of the target's if not given")
    option("--single", type=pair, metavar="M,N", help="block of one core; one for each core and part if not given")
    option("--l2-split", type=pair, metavar="M,N", default=(1, 1), help="parts that the output is cut into")
    option("--order", choices=("m", "n"), default="m", help="what a core's tiles go along first")
    options = parser.parse_args(arguments)
    return write(options, lambda: _from_options(options))


def _from_options(options: argparse.Namespace) -> str:
    output = options.output_dtype or ("i32" if options.dtype == "i8" else options.dtype)
    product = Product(options.m, options.n, options.k, options.dtype, output, options.b_layout == "kn")
    base_m, base_n, base_k = options.base
    tiling = Tiling(
        base_m,
        base_n,
        base_k,
        options.step_ka,
        options.step_kb,
        options.l1_buffers,
        options.l0_buffers,
        options.l0c_buffers,
        options.unit_flag,
    )
    machine = load(options.target)
    chosen = choose_partition(product, tiling, machine.cube_cores, options.grid, options.l2_split)
    return gemm(product, tiling, Partition(chosen.grid, options.single or chosen.single, options.order == "m"), machine)


if __name__ == "__main__":
    raise SystemExit(main())
