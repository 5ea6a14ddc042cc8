"""Write z = x + y for the vector cores, of any length, tile and placement of the operands in UB.

The vector unit reads two operands of 256 bytes in one cycle unless their blocks meet in a bank group of UB, and loses
time too where it writes to a bank that it reads; so addresses matter. Those not given are chosen without conflicts: y
starts 256 bytes off x, z in another bank.

  python examples/kernels/vector_add.py --elements 67108864 --dtype f16 --tile 8192 --target ascend910b1 -o add.sfu
  python examples/kernels/vector_add.py --elements 4096 --tile 4096 --cores 1 --repeat 1000 --y-at 16384 -o conflict.sfu
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from assembly_writer import CoreProgram, Number, Parameter, kernel_text
from buffer_ring import Ring
from kernel_output import kernel_parser, write

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.machine.description import Machine, load

BLOCK = 32
REPEAT = 256
"""Bytes that a repeat of the vector unit works on."""
MAX_REPEATS = 255


@dataclass(frozen=True)
class Addition:
    """What is added and how: elements in all and in a tile, buffers of each operand, additions of each tile.

    More than one addition measures the instruction: they follow each other without barriers and write the same sums to
    the same place, which the sanitizer reports. Each core has a stretch of neighbouring tiles, or with ``interleaved``
    every so-many-eth tile. What is ``streamed`` is read past L2, which then has room for the sums.
    """

    elements: int
    tile: int = 8192
    dtype: str = "f32"
    buffers: int = 2
    repeat: int = 1
    interleaved: bool = False
    streamed: bool = False

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return DType[self.dtype].size

    @property
    def slot(self) -> int:
        """Bytes of a tile in UB."""
        return -(-self.tile * self.size // BLOCK) * BLOCK


@dataclass(frozen=True)
class Placement:
    """Where the first buffer of each operand starts in UB, in bytes."""

    x: int
    y: int
    z: int


def choose_placement(addition: Addition, machine: Machine) -> Placement:
    """Return addresses without bank conflicts, where UB has room for them."""
    operand = addition.buffers * addition.slot
    y = -(-operand // (2 * REPEAT)) * 2 * REPEAT + REPEAT
    bank = machine.vector.bank_groups * machine.vector.bank_rows * BLOCK
    z = -(-(y + operand) // bank) * bank
    return Placement(0, y, z if z + operand <= machine.ub_bytes else y + operand)


def check(addition: Addition, placement: Placement, machine: Machine) -> None:
    """Raise `SfumatoError` unless the addition is one and its buffers lie in UB without overlapping."""
    if addition.dtype not in ("f16", "f32", "i16", "i32"):
        raise SfumatoError(f"the vector unit does not add {addition.dtype}")
    if min(addition.elements, addition.tile, addition.repeat) < 1:
        raise SfumatoError(f"an addition needs positive numbers of elements, tile and repeats, got {addition}")
    if not 1 <= addition.buffers <= machine.event_ids:
        raise SfumatoError(f"buffers must be 1 to {machine.event_ids}, got {addition.buffers}")
    operand = addition.buffers * addition.slot
    last = 0
    for start in sorted((placement.x, placement.y, placement.z)):
        if start % BLOCK or start < last:
            raise SfumatoError(
                f"x, y and z, of {operand} bytes, start at {placement.x}, {placement.y} and {placement.z} of UB: "
                f"these must be multiples of {BLOCK}, and the operands not overlap"
            )
        last = start + operand
    if last > machine.ub_bytes:
        raise SfumatoError(f"the buffers need {last} bytes of UB, {machine.name} has {machine.ub_bytes}")


def vector_add(
    addition: Addition, machine: Machine, cores: int | None = None, placement: Placement | None = None
) -> str:
    """Return the assembly for ``cores`` vector cores (default: as many as there is work for)."""
    placement = placement or choose_placement(addition, machine)
    check(addition, placement, machine)
    tiles = -(-addition.elements // addition.tile)
    cores = min(cores or machine.vector_cores, tiles)
    program = CoreProgram("vector")
    x, y, z = (program.argument(index) for index in range(3))
    loaded, computed = Ring(program, "MTE2", "V", addition.buffers), Ring(program, "V", "MTE3", addition.buffers)
    block = program.read("block_idx")
    each = -(-tiles // cores)
    stretch = (block * each, program.minimum(block * each + each, tiles))
    with program.loop(block, tiles, cores) if addition.interleaved else program.loop(*stretch) as tile:
        count = addition.tile
        if addition.elements % addition.tile:
            count = program.minimum(addition.elements - tile * addition.tile, addition.tile)
        offset = tile * (addition.tile * addition.size)
        whole = {"bursts": 1, "burst_bytes": count * addition.size, "src_stride": 0, "dst_stride": 0}
        source = loaded.acquire() * addition.slot
        program.emit("copy_gm_ub", dst=source + placement.x, src=x + offset, **whole)
        program.emit("copy_gm_ub", dst=source + placement.y, src=y + offset, **whole)
        loaded.fill()
        loaded.take()
        target = computed.acquire() * addition.slot + placement.z
        _add(program, addition, (target, source + placement.x, source + placement.y), count)
        loaded.release()
        computed.fill()
        computed.take()
        program.emit("copy_ub_gm", dst=z + offset, src=target, atomic="none", type=addition.dtype, **whole)
        computed.release()
    loaded.drain()
    computed.drain()
    source = "stream" if addition.streamed else "in"
    parameters = [Parameter(name, addition.dtype, (addition.elements,), source) for name in ("x", "y")]
    parameters.append(Parameter("z", addition.dtype, (addition.elements,), "out"))
    return kernel_text("vector_add", machine.name, cores, parameters, [program], f"{addition}\n{placement}")


def _add(program: CoreProgram, addition: Addition, operands: tuple[Number, Number, Number], count: Number) -> None:
    """Emit the additions of a tile: pieces of as many repeats as one instruction can do, all over ``repeat`` times."""
    lanes = REPEAT // addition.size
    piece = MAX_REPEATS * lanes
    target, left, right = operands

    def add(place: Number, part: Number) -> None:
        offset = place * addition.size
        strides = {f"{one}_{kind}": step for one in ("dst", "src0", "src1") for kind, step in (("blk", 1), ("rep", 8))}
        addresses = {"dst": target + offset, "src0": left + offset, "src1": right + offset}
        program.emit("vadd", count=part, mask=lanes, type=addition.dtype, **addresses, **strides)

    with program.loop(0, addition.repeat) if addition.repeat > 1 else nullcontext():
        if addition.tile <= piece:
            add(0, count)
        else:
            with program.loop(0, count, piece) as place:
                add(place, program.minimum(count - place, piece))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a kernel as the command line says."""
    parser = kernel_parser(__doc__, "vector_add")
    option = parser.add_argument
    option("--elements", type=int, default=1 << 20, help="elements of x, y and z")
    option("--dtype", choices=("f16", "f32", "i16", "i32"), default="f32", help="type of the elements")
    option("--tile", type=int, default=8192, help="elements that a core works on at a time")
    option("--buffers", type=int, default=2, help="buffers of each operand: 2 load while computing")
    option("--repeat", type=int, default=1, help="additions of each tile, back to back")
    option("--order", choices=("neighbours", "interleaved"), default="neighbours", help="which tiles a core has")
    option("--stream", action="store_true", help="read x and y past L2")
    option("--cores", type=int, help="vector cores; as many as there is work for if not given")
    for name in "xyz":
        option(
            f"--{name}-at", type=int, metavar="BYTES", help=f"where {name} starts in UB; free of conflicts if not given"
        )
    options = parser.parse_args(arguments)

    def make() -> str:
        machine = load(options.target)
        interleaved = options.order == "interleaved"
        tile = (options.tile, options.dtype, options.buffers, options.repeat)
        addition = Addition(options.elements, *tile, interleaved, options.stream)
        chosen = choose_placement(addition, machine)
        given = {name: getattr(options, f"{name}_at") for name in "xyz"}
        placement = Placement(**{name: getattr(chosen, name) if at is None else at for name, at in given.items()})
        return vector_add(addition, machine, options.cores, placement)

    return write(options, make)


if __name__ == "__main__":
    raise SystemExit(main())
