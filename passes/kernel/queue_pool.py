"""The queues of a program: loops that run one after the other take turns with the same ones."""

from __future__ import annotations

from xdsl.dialects.builtin import LocationAttr

from dialects.interned import i64_attr
from dialects.kernel.queue import InitQueueOp
from passes.kernel.queue_groups import Group

Key = tuple[str, str, tuple[str, ...], int]
"""What two groups must agree in to share a queue: position, producer, readers, depth."""


class QueuePool:
    """Hands out queues; one that was given back serves a later group, with slots as large as the largest needs."""

    def __init__(self) -> None:
        """Start with no queues."""
        self.made: list[InitQueueOp] = []
        self._free: dict[Key, list[InitQueueOp]] = {}

    def take(self, group: Group, depth: int, location: LocationAttr | None) -> InitQueueOp:
        """Return a queue for ``group``: the free one that grows the least, else one made for it."""
        free = self._free.get(_key(group, depth))
        if free:
            queue = min(free, key=lambda known: abs(known.bytes.value.data - group.bytes))
            free.remove(queue)
            queue.properties["bytes"] = i64_attr(max(queue.bytes.value.data, group.bytes))
            return queue
        queue = InitQueueOp.make(group.position, depth, group.bytes, group.producer, group.readers)
        if location is not None:
            queue.location = location
        self.made.append(queue)
        return queue

    def give(self, group: Group, depth: int, queue: InitQueueOp) -> None:
        """Give back the queue of a group whose block is complete."""
        self._free.setdefault(_key(group, depth), []).append(queue)

    def limit_depths(self, event_ids: int) -> list[InitQueueOp]:
        """Return all queues; where a pair of pipes would run out of flags, the last double buffers are given up."""
        used: dict[tuple[str, str], int] = {}
        for queue in self.made:
            for pipe in queue.consumer_pipes:
                pair = (queue.producer.data, pipe)
                used[pair] = used.get(pair, 0) + queue.depth.value.data
        for queue in reversed(self.made):
            pairs = [(queue.producer.data, pipe) for pipe in queue.consumer_pipes]
            if queue.depth.value.data > 1 and any(used[pair] > event_ids for pair in pairs):
                for pair in pairs:
                    used[pair] -= queue.depth.value.data - 1
                queue.properties["depth"] = i64_attr(1)
        return self.made


def _key(group: Group, depth: int) -> Key:
    return group.position, group.producer, group.readers, depth
