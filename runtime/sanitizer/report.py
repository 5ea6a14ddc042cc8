"""The sanitizer's messages: which instructions, which bytes of which buffer, what they come from, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dialects.isa.fields import Pipe
from dialects.isa.origin import LocalBuffer
from dialects.isa.sync import EVENT_IDS
from runtime.decoding import CoreProgram
from runtime.functional.cross_flags import CUBE, Endpoint, core_name
from runtime.memory.access import Access
from runtime.memory.gm import GlobalMemory
from runtime.sanitizer.races import shared_bytes


class Step(NamedTuple):
    """An access by one instruction: whose it is, what it touches, whether it writes, how it combines ("" if not)."""

    program: CoreProgram
    place: Endpoint
    queue: int
    instruction: int
    access: Access
    writes: bool
    atomic: str = ""


def race_text(first: Step, then: Step, gm: GlobalMemory) -> str:
    """Describe two accesses that nothing orders."""
    low, end, count = shared_bytes(first.access, then.access)
    what = {
        (True, True): "are written by two instructions",
        (True, False): "are written by one instruction and read by another",
        (False, True): "are read by one instruction and overwritten by another",
    }[first.writes, then.writes]
    space = first.access.space
    lines = [
        f"race: {_bytes(count)} of {space}, {span(low, end)}, {what}, in an order that nothing fixes",
        *_step("first", first, low, end, gm),
        *_step("then", then, low, end, gm),
        f"   {_remedy(first, then)}",
    ]
    return "\n".join(lines)


def order_note(first: Step, then: Step, gm: GlobalMemory) -> str:
    """Describe two float sums into the same bytes by different cores."""
    low, end, count = shared_bytes(first.access, then.access)
    lines = [
        f"{_bytes(count)} of gm, {span(low, end)}, are float sums ({first.atomic}) of several cores: added by block "
        "index here, in any order on hardware, where their last bits can differ from run to run",
        *_step("one", first, low, end, gm),
        *_step("other", then, low, end, gm),
    ]
    return "\n".join(lines)


def uninitialised_text(step: Step, first: int, count: int, gm: GlobalMemory) -> str:
    """Describe a read of ``count`` bytes that were never written, the ``first`` at that address."""
    low, end = step.access.extent()
    lines = [
        f"uninitialised read: {_bytes(count)} of {step.access.space} were never written, the first at {first:#x}",
        *_step("here", step, low, end, gm),
    ]
    return "\n".join(lines)


def outside_text(step: Step, buffers: Sequence[LocalBuffer], gm: GlobalMemory) -> str:
    """Describe an access that leaves the ``buffers`` its operation works on."""
    low, end = step.access.extent()
    slots = [f" in {one.slots} slots" if one.slots > 1 else "" for one in buffers]
    named = zip(buffers, slots, strict=True)
    places = " or ".join(f"{one.name}, {span(one.address, one.end)}{inside}" for one, inside in named)
    lines = [
        f"out of bounds: {step.access.space} {span(low, end)} is not inside a slot of {places}",
        *_step("here", step, low, end, gm),
    ]
    return "\n".join(lines)


def event_text(event: tuple[int, int, int]) -> str:
    """Name an event."""
    source, target, number = event
    queues = f"{Pipe(source).name} to {Pipe(target).name}"
    if number >= EVENT_IDS:
        return f"unit flag of the accumulator at {number - EVENT_IDS:#x} of l0c, {queues}"
    return f"event {queues}, id {number}"


def instruction_lines(role: str, program: CoreProgram, place: Endpoint, index: int) -> list[str]:
    """Return an instruction's text, and below it where it runs and what it comes from."""
    decoded = program.instructions[index]
    queue = decoded.instruction.executing_queue(decoded.values) or "S"
    return _lines(role, program, place, queue, index, "")


def span(low: int, end: int) -> str:
    """Return a range of bytes in words."""
    return f"{low:#x} to {end - 1:#x}"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _step(role: str, step: Step, low: int, end: int, gm: GlobalMemory) -> list[str]:
    verb = ("writes" if step.writes else "reads") if not step.atomic else f"does atomic {step.atomic} on"
    return _lines(
        role,
        step.program,
        step.place,
        Pipe(step.queue).name,
        step.instruction,
        f" {verb} {_owner(step, low, end, gm)}",
    )


def _lines(role: str, program: CoreProgram, place: Endpoint, queue: str, index: int, does: str) -> list[str]:
    origin = ", ".join(filter(None, (program.origins.op(index), program.source(index))))
    where = f"instruction {index} of {core_name(place)}, queue {queue}" + (f": {origin}" if origin else "")
    return [f"   {role:<5} `{program.instructions[index].text()}`{does}", f"         {where}"]


def _owner(step: Step, low: int, end: int, gm: GlobalMemory) -> str:
    """Name the buffer that holds bytes ``low`` up to ``end``, and the bytes as counted from its start."""
    if step.access.space == "gm":
        buffer = gm.find(step.access)
        return f"{buffer.name}, its bytes {span(low - buffer.address, end - buffer.address)}"
    named = step.program.origins.buffers_at(step.instruction, step.access.space, low, end)
    if not named:
        return f"{step.access.space} {span(low, end)}"
    texts: list[str] = []
    for one in named:
        slot, offset = divmod(low - one.address, one.bytes)
        inside = span(offset, offset + end - low)
        texts.append(f"{one.name}{f' slot {slot}' if one.slots > 1 else ''}, its bytes {inside}")
    return " or ".join(texts)


def _remedy(first: Step, then: Step) -> str:
    source, target = Pipe(first.queue).name, Pipe(then.queue).name
    if first.atomic and then.atomic:
        return f"atomic {first.atomic} and atomic {then.atomic} do not combine: order them, or use one kind for both"
    if first.place == then.place:
        if source == target:
            return (
                f"queue {source} starts instructions in order but does not wait until they are complete: "
                f"put `barrier pipe={source}` in between"
            )
        return (
            f"the queues run side by side: put `set_flag src={source}, dst={target}` after the first and "
            f"`wait_flag src={source}, dst={target}` in front of the second"
        )
    same_kind = (first.place[1] == CUBE) == (then.place[1] == CUBE)
    if first.place[0] == then.place[0] and not same_kind:
        return (
            f"the cores run side by side: put `cross_set pipe={source}, mode=2` after the first and "
            "`cross_wait mode=2` in front of the second"
        )
    if same_kind:
        return (
            f"the cores run side by side: let all cores of the kind meet (`cross_set pipe={source}, mode=0`, "
            "`cross_wait mode=0`) in between, or make it two launches"
        )
    return "the cores run side by side, and kinds in different blocks cannot wait for each other: use two launches"
