"""The queues of a program: loops that run one after the other take turns with the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import LocationAttr, UnitAttr

from dialects.interned import i64_attr
from dialects.kernel.queue import InitQueueOp
from passes.kernel.queue_groups import Group

Key = tuple[str, str, tuple[str, ...], int]
"""What two groups must agree in to share a queue: position, producer, readers, depth."""


MANY = 2
"""So many groups of a kind have queues of their own: one waits or is read while the other is filled."""


class QueuePool:
    """Hands out queues; one that was given back serves a later group, with slots as large as the largest needs."""

    def __init__(self) -> None:
        """Start with no queues."""
        self.made: list[InitQueueOp] = []
        self._free: dict[Key, list[InitQueueOp]] = {}

    def take_all(
        self, groups: Sequence[Group], depth: int, event_ids: int, location: LocationAttr | None
    ) -> dict[Group, InitQueueOp]:
        """Return a queue for each group of a block.

        Where these are more than half the flags of a pair of pipes (the other half is for double buffers, and for loops
        inside the block), groups that follow each other take turns; so do those of which there are many of a kind,
        and those that are loaded apart, which moreover take turns with each other's slots.
        """
        counts = Counter(pair for group in groups for pair in _pairs(group))
        kinds = Counter(_key(group, depth) for group in groups)
        crowded = {pair for pair, count in counts.items() if 2 * count > event_ids}
        taken: dict[Group, InitQueueOp] = {}
        busy: dict[Group, InitQueueOp] = {}
        for group in sorted(groups, key=lambda one: one.first):
            many = kinds[_key(group, depth)] > MANY or not crowded.isdisjoint(_pairs(group))
            if many or group.apart:
                done = {one: queue for one, queue in busy.items() if one.over < group.first}
                busy = {one: queue for one, queue in busy.items() if one not in done}
                self.give_back({one: queue for one, queue in done.items() if queue not in busy.values()}, depth)
            following = next((queue for queue in reversed(busy.values()) if _follows(group, queue, busy)), None)
            taken[group] = busy[group] = following or self._take(group, depth, location)
            if following is not None:
                following.properties["bytes"] = i64_attr(max(following.bytes.value.data, group.bytes))
                following.properties["overlapping"] = UnitAttr()
        for group, queue in taken.items():  # no loop inside the block may have one meanwhile
            free = self._free.get(_key(group, depth), [])
            if queue in free:
                free.remove(queue)
        return taken

    def _take(self, group: Group, depth: int, location: LocationAttr | None) -> InitQueueOp:
        """Return the free queue that grows the least, else one made for the group."""
        free = self._free.get(_key(group, depth))
        if free:
            queue = min(free, key=lambda known: abs(known.bytes.value.data - group.bytes))
            free.remove(queue)
            queue.properties["bytes"] = i64_attr(max(queue.bytes.value.data, group.bytes))
            return queue
        queue = InitQueueOp.make(group.position, group.slots or depth, group.bytes, group.producer, group.readers)
        if location is not None:
            queue.location = location
        self.made.append(queue)
        return queue

    def give_back(self, queues: Mapping[Group, InitQueueOp], depth: int) -> None:
        """Let later groups have the queues of groups whose tiles have been read."""
        for group, queue in queues.items():
            free = self._free.setdefault(_key(group, depth), [])
            if queue not in free:
                free.append(queue)

    def limit_depths(self, event_ids: int) -> list[InitQueueOp]:
        """Return all queues; where a pair of pipes would run out of flags, the last double buffers are given up."""
        used: dict[tuple[str, str], int] = {}
        for queue in self.made:
            for pipe in queue.consumer_pipes:
                pair = (queue.producer.data, pipe)
                used[pair] = used.get(pair, 0) + queue.depth.value.data
        for queue in reversed(self.made):
            pairs = [(queue.producer.data, pipe) for pipe in queue.consumer_pipes]
            if (
                queue.depth.value.data > 1
                and queue.overlapping is None
                and any(used[pair] > event_ids for pair in pairs)
            ):
                for pair in pairs:
                    used[pair] -= queue.depth.value.data - 1
                queue.properties["depth"] = i64_attr(1)
        return self.made


def _follows(group: Group, queue: InitQueueOp, busy: Mapping[Group, InitQueueOp]) -> bool:
    """Whether a tile in L1 can be loaded to a queue's other slot while those before it, read first, are there."""
    ahead = [one for one, other in busy.items() if other is queue]
    alike = all(one.apart == group.apart and _key(one, 0) == _key(group, 0) and one.over <= group.over for one in ahead)
    return bool(group.apart) and alike and len(ahead) < queue.depth.value.data


def _pairs(group: Group) -> list[tuple[str, str]]:
    return [(group.producer, reader) for reader in group.readers]


def _key(group: Group, depth: int) -> Key:
    return group.position, group.producer, group.readers, group.slots or depth
