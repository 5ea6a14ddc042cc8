"""The description of a target machine: capacities that the compiler reads and unit costs that the timing model reads.

A description is a TOML file beside this module (or a path). Units stand in the keys: `*_bytes`, `*_cycles`, `*_mhz`,
`*_gb_per_s` (10^9 bytes a second). A file may start from another one with `inherits = "name"` and override keys; keys
may also be set behind a target's name (see `settings`), as in `ascend910b3:l1_kib=256`.
Every figure's origin is a comment in the TOML file. `cycles` always means cycles of the core clock `clock_mhz`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from dialects.errors import SfumatoError
from runtime.machine.consistency import check_machine
from runtime.machine.settings import apply_settings, join_target, split_target
from runtime.machine.validation import build, merge

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Curve:
    """Cycles that one isolated transfer takes, as straight lines between measured points."""

    bytes: tuple[int, ...]
    cycles: tuple[float, ...]

    def at(self, size: int) -> float:
        """Cycles for `size` bytes: interpolated inside, the first segment continued below, the last rate kept above."""
        xs, ys = self.bytes, self.cycles
        if size >= xs[-1]:
            return ys[-1] * size / xs[-1]
        right = next(i for i in range(1, len(xs)) if size <= xs[i] or i == len(xs) - 1)
        left = right - 1
        slope = (ys[right] - ys[left]) / (xs[right] - xs[left])
        return ys[left] + slope * (size - xs[left])

    def line(self) -> tuple[float, float]:
        """Head cycles and bytes a cycle of large transfers: the line through the last two points."""
        rate = (self.bytes[-1] - self.bytes[-2]) / max(self.cycles[-1] - self.cycles[-2], 1.0)
        return max(self.cycles[-1] - self.bytes[-1] / rate, 0.0), rate


@dataclass(frozen=True)
class DataPath:
    """One data path: cycles = the curve at `bytes`, or head + bytes / rate; a row costs at least its row cycles."""

    head_cycles: float = 0.0
    bytes_per_cycle: float = 0.0
    row_cycles: float = 0.0
    misaligned_row_cycles: float = 0.0
    curve: str = ""


@dataclass(frozen=True)
class Scalar:
    """The scalar unit, which runs the program and hands instructions to the queues."""

    instruction_cycles: float
    issue_cycles: float
    load_gm_cycles: float
    load_ub_cycles: float
    queue_depth: int


@dataclass(frozen=True)
class Sync:
    """Costs of flags and barriers."""

    flag_cycles: float
    barrier_cycles: float
    handshake_cycles: float


@dataclass(frozen=True)
class Cube:
    """The matrix unit, which works on blocks: cycles = head + ceil(m / block_m) * ceil(n / block_n) *
    ceil(k / block_k) * (block_m * block_n * block_k / macs_per_cycle).

    `block_m` and `block_n` are also the rows of a fractal in L0A and L0B, and the block of accumulators in L0C; a
    fractal's rows have 32 bytes, whatever `block_k` is. `l0a_layout` is the order of the fractals in L0A: `zz` (along
    the rows) or `nz` (down the columns).
    """

    head_cycles: float
    idle_head_cycles: float
    block_m: int
    block_n: int
    l0a_layout: str
    fixpipe_elements_per_cycle: float
    macs_per_cycle: dict[str, int]
    block_k: dict[str, int]

    @property
    def fractal_rows(self) -> int:
        """Rows that a matrix in L1 is padded to a multiple of, so that it can be either operand."""
        return max(self.block_m, self.block_n)


@dataclass(frozen=True)
class Vector:
    """The vector unit: cycles = head (idle pipe) + overhead + repeats * max(slope, bank conflicts).

    A result is visible to flags and barriers `tail_cycles` after the repeats, if that is more than the overhead.
    """

    repeat_bytes: int
    head_cycles: float
    overhead_cycles: float
    read_write_conflict_cycles: float
    bank_groups: int
    bank_rows: int
    cycles_per_repeat: dict[str, dict[str, float]]
    tail_cycles: dict[str, float]
    call_cycles: dict[str, float]


@dataclass(frozen=True)
class Memory:
    """Global memory and the L2 cache, shared by all cores; the ports are a core's own.

    When `a` times the effective capacity have been evicted since a line was touched, it is still there with probability
    exp(-a ** `l2_sharpness`): 1 is random replacement, a large number LRU. A transfer
    that misses wholly begins to move `miss_cycles` later, if its queue stood still before it; it moves no more than
    `fill_bytes_per_cycle` of what it misses. In L2 a byte counts `same_address_weight` times if another transfer is
    moving the same line, `atomic_weight` times if it is combined with what is in memory, then
    `atomic_conflict_weight` times if another transfer is moving the same line, and `allocate_weight` times if it is
    written to a line that was not there.
    """

    gm_bytes: int
    l2_bytes: int
    l2_effective_fraction: float
    l2_sharpness: float
    line_bytes: int
    hbm_gb_per_s: float
    l2_read_gb_per_s: float
    l2_write_gb_per_s: float
    l2_mixed_gb_per_s: float
    cube_port_bytes_per_cycle: float
    vector_port_bytes_per_cycle: float
    fill_bytes_per_cycle: float
    miss_cycles: float
    same_address_weight: float
    atomic_weight: float
    atomic_conflict_weight: float
    allocate_weight: float

    @property
    def l2_effective_bytes(self) -> int:
        """Bytes that L2 keeps, as far as misses tell."""
        return int(self.l2_bytes * self.l2_effective_fraction)


@dataclass(frozen=True)
class Launch:
    """Cycles from the end of one launch to the start of the next one's cores, by the kind of its kernel."""

    cube_cycles: float
    vector_cycles: float
    mix_cycles: float


@dataclass(frozen=True)
class Machine:
    """A target machine. Capacities are per core; `event_ids` counts flags of a pair of queues.

    With the path `l0c_ub` (`ub_l1`) cube cores hand results to the UBs of their vector cores (and these theirs to L1)
    directly, without it through global memory.

    Vendors' chips have `vector_per_cube` vector cores for each cube core. What-if descriptions may be uneven: a mix
    kernel then runs on min(cube_cores, vector_cores // vector_per_cube) blocks, the cores left over idle.
    """

    name: str
    summary: str
    clock_mhz: float
    cube_cores: int
    vector_cores: int
    vector_per_cube: int
    l1_bytes: int
    l0a_bytes: int
    l0b_bytes: int
    l0c_bytes: int
    ub_bytes: int
    bt_bytes: int
    fb_bytes: int
    event_ids: int
    cross_flags: int
    cross_flag_limit: int
    launch: Launch
    scalar: Scalar
    sync: Sync
    cube: Cube
    vector: Vector
    memory: Memory
    paths: dict[str, DataPath]
    curves: dict[str, Curve]

    def bytes_per_cycle(self, gb_per_s: float) -> float:
        """Convert a chip-wide rate in 10^9 bytes a second to bytes a core cycle."""
        return gb_per_s * 1000.0 / self.clock_mhz

    def path(self, name: str) -> DataPath:
        """Return a data path; `SfumatoError` for one that the machine does not have."""
        path = self.paths.get(name)
        if path is None:
            raise SfumatoError(f"{self.name} has no data path {name.replace('_', ' to ')}")
        return path

    def path_line(self, name: str) -> tuple[float, float]:
        """Head cycles and bytes a cycle of large transfers on a data path."""
        path = self.paths[name]
        return self.curves[path.curve].line() if path.curve else (path.head_cycles, path.bytes_per_cycle)

    def time_us(self, cycles: float) -> float:
        """Convert core cycles to microseconds."""
        return cycles / self.clock_mhz

    def launch_cycles(self, kind: str) -> float:
        """Cycles that starting a kernel of a kind (`cube`, `vector`, `mix`) takes before its cores start."""
        cycles = {"cube": self.launch.cube_cycles, "vector": self.launch.vector_cycles, "mix": self.launch.mix_cycles}
        return cycles[kind]

    def cores(self, kind: str) -> int:
        """Blocks of a kernel kind (`cube`, `vector`, `mix`) that run at the same time."""
        if kind == "vector":
            return self.vector_cores
        if kind == "mix":
            return min(self.cube_cores, self.vector_cores // self.vector_per_cube)
        return self.cube_cores


def names() -> tuple[str, ...]:
    """Names of the built-in machine descriptions, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml") if path.stem != "curves"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SfumatoError(f"machine description {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SfumatoError(f"machine description {path}: not valid TOML: {error}") from error


def _locate(name_or_path: str) -> Path:
    if name_or_path in names():
        return _FOLDER / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.suffix == ".toml":
        return path
    raise SfumatoError(
        f"unknown target '{name_or_path}'; known targets: {', '.join(names())}, or a path to a .toml file"
    )


def _table(name_or_path: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    if name_or_path in seen:
        raise SfumatoError(f"machine description '{name_or_path}' inherits from itself: {' -> '.join(seen)}")
    table = _read(_locate(name_or_path))
    base = table.pop("inherits", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise SfumatoError(f"machine description '{name_or_path}': inherits must be a string, got {base!r}")
    return merge(_table(base, (*seen, name_or_path)), table)


def description_table(target: str) -> dict[str, Any]:
    """Return what a target's description says, inherited keys, measured curves and settings put in."""
    base, settings = split_target(target)
    table = _table(base)
    curves = _read(_FOLDER / "curves.toml")
    table["curves"] = {**curves, **cast(dict[str, Any], table.get("curves", {}))}
    return apply_settings(Machine, table, settings, f"target '{target}'") if settings else table


@cache
def load(target: str) -> Machine:
    """Load a machine by built-in name or by the path of a TOML file, with settings if any; a defect of it raises
    `SfumatoError`."""
    table = description_table(target)
    base, settings = split_target(target)
    table["name"] = join_target(_locate(base).stem, settings)
    where = f"machine description '{target}'"
    machine = build(Machine, table, where)
    check_machine(machine, where)
    return machine
