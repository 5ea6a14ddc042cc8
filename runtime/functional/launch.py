"""One kernel launch: its blocks one after the other, or all together when they meet at a rendezvous."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Protocol

from dialects.errors import SfumatoError
from runtime.decoding import CoreProgram, decode_kernel
from runtime.functional.binding import CoreMemory
from runtime.functional.core import Core
from runtime.functional.cross_flags import CUBE, CrossFlags, Endpoint
from runtime.functional.monitor import LaunchMonitor, Observer
from runtime.functional.overflow import OverflowWatch
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import CUBE_SPACES, VECTOR_SPACES, Capacities, Space
from runtime.program import CORES, Kernel


class ScalarUnit(Protocol):
    """What the functional simulator reads of a description of the scalar unit."""

    @property
    def queue_depth(self) -> int:
        """Instructions a queue holds that have not started."""
        ...


class TargetMachine(Capacities, Protocol):
    """What the functional simulator reads of a machine description."""

    @property
    def vector_per_cube(self) -> int:
        """Vector cores of a block of a mix kernel."""
        ...

    @property
    def scalar(self) -> ScalarUnit:
        """The scalar unit."""
        ...

    @property
    def cross_flag_limit(self) -> int:
        """The largest value of a cross-core counter."""
        ...

    @property
    def paths(self) -> Mapping[str, object]:
        """The data paths, by name."""
        ...

    def cores(self, kind: str) -> int:
        """Blocks of a kernel kind that run at the same time."""
        ...


class Cores:
    """The on-chip memories of the cores in use, kept from launch to launch."""

    def __init__(
        self,
        machine: TargetMachine,
        observe: Observer | None,
        tracked: bool,
        overflows: OverflowWatch | None = None,
    ) -> None:
        """Make no core yet; ``observe`` watches the launches, ``tracked``: keep track of which bytes hold data;
        ``overflows`` watches the results of instructions."""
        self.machine = machine
        self.observe = observe
        self._tracked = tracked
        self._overflows = overflows
        self._memories: dict[Endpoint, CoreMemory] = {}

    def memory(self, place: Endpoint) -> CoreMemory:
        """Return the memory of the core at ``place``, poisoned."""
        memory = self._memories.get(place)
        if memory is None:
            kind = "cube" if place[1] == CUBE else "vector"
            memory = self._memories[place] = CoreMemory(kind, self.machine, self._tracked, self._overflows)
        else:
            memory.poison()
        return memory


class LoadedKernel:
    """A kernel whose programs are decoded, ready to be launched any number of times."""

    def __init__(self, kernel: Kernel) -> None:
        """Decode the kernel's programs."""
        self.kernel = kernel
        self.programs: dict[str, CoreProgram] = {
            core: decode_kernel(kernel, core) for core in CORES if kernel.code(core) is not None
        }
        self.meets = any(
            decoded.mnemonic == "cross_set" and decoded.values[2] == 0
            for program in self.programs.values()
            for decoded in program.instructions
        )
        """Whether cores of different blocks wait for each other."""

    def places(self, block: int, vector_per_cube: int) -> list[Endpoint]:
        """Return the cores of a block that have a program."""
        vectors = {"cube": 0, "vector": 1, "mix": vector_per_cube}[self.kernel.kind]
        cube = [(block, CUBE)] if "cube" in self.programs and self.kernel.kind != "vector" else []
        return cube + [(block, 1 + sub) for sub in range(vectors) if "vector" in self.programs]


def launch(loaded: LoadedKernel, gm: GlobalMemory, arguments: Sequence[int], cores: Cores) -> None:
    """Run all blocks of a kernel; ``arguments`` are the GM addresses of its arguments."""
    kernel, machine = loaded.kernel, cores.machine
    limit = machine.cores(kernel.kind)
    if not 1 <= kernel.blocks <= limit:
        raise SfumatoError(
            f"kernel '{kernel.name}' has {kernel.blocks} blocks; the machine runs 1 to {limit} of its kind"
        )
    blocks = [loaded.places(block, machine.vector_per_cube) for block in range(kernel.blocks)]
    everyone = [place for places in blocks for place in places]
    monitor = cores.observe(kernel.name, gm) if cores.observe else None
    flags = CrossFlags(everyone, machine.cross_flag_limit)
    try:
        for group in [everyone] if loaded.meets else blocks:
            if monitor:
                monitor.group(group)
            memories = {place: cores.memory(place if loaded.meets else (0, place[1])) for place in group}
            run_together([_core(loaded, place, memories, gm, arguments, cores, flags, monitor) for place in group])
    except SfumatoError as error:
        if monitor:
            monitor.abort(error)
        raise
    if monitor:
        monitor.finish(flags.left())


def _core(
    loaded: LoadedKernel,
    place: Endpoint,
    memories: Mapping[Endpoint, CoreMemory],
    gm: GlobalMemory,
    arguments: Sequence[int],
    cores: Cores,
    flags: CrossFlags,
    monitor: LaunchMonitor | None,
) -> Core:
    """Return the core at ``place`` of a group of cores with these ``memories``."""
    block, position = place
    program = loaded.programs["cube" if position == CUBE else "vector"]
    owners = reachable(place, tuple(memories), cores.machine)
    spaces: dict[str, Space] = {name: memories[owner].spaces[own] for name, (owner, own) in owners.items()}
    spaces["gm"] = gm
    observer = monitor.core(place, program, spaces, owners) if monitor else None
    grid = (block, loaded.kernel.blocks, max(0, position - 1))
    depth = cores.machine.scalar.queue_depth
    return Core(program, memories[place], spaces, place, grid, arguments, flags, depth, observer)


def reachable(place: Endpoint, group: Sequence[Endpoint], machine: TargetMachine) -> dict[str, tuple[Endpoint, str]]:
    """Return the on-chip memories that the instructions of a core reach: name -> (whose it is, its name there).

    Those of its own; on machines with the paths, also the block's other cores': a cube core knows the UBs of its vector
    cores as `ub0`, `ub1`, ..., a vector core the L1 of its cube core as `l1`.
    """
    block, position = place
    if position != CUBE:
        own = {name: (place, name) for name in VECTOR_SPACES}
        cube = (block, CUBE)
        return {**own, "l1": (cube, "l1")} if "ub_l1" in machine.paths and cube in group else own
    found = {name: (place, name) for name in CUBE_SPACES}
    if "l0c_ub" in machine.paths:
        found.update({f"ub{other - 1}": ((block, other), "ub") for where, other in group if where == block and other})
    return found


def run_together(cores: Sequence[Core]) -> None:
    """Run cores as coroutines, each until its scalar unit blocks; `SfumatoError` when all that are left are blocked."""
    running: list[tuple[Core, Generator[None, None, None]]] = [(core, core.run()) for core in cores]
    while running:
        ready = [pair for pair in running if pair[0].can_proceed()]
        if not ready:
            waits = "".join(f"\n  {core.name} waits at {core.blocked_at()}" for core, _ in running)
            raise SfumatoError(f"deadlock: no core can proceed{waits}")
        for pair in ready:
            if _resume(pair[1]):
                running.remove(pair)


def _resume(coroutine: Generator[None, None, None]) -> bool:
    """Run a core until it blocks; whether it finished."""
    for _ in coroutine:
        return False
    return True
