"""Event ids of queues: a slot has the same id towards every consumer, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from dialects.errors import SfumatoError
from dialects.kernel.queue import InitQueueOp


def assign_event_ids(queues: Sequence[InitQueueOp], available: int, where: str) -> dict[InitQueueOp, int]:
    """The first id of each queue; a queue of depth d has ids first .. first + d - 1 between its producer and each
    consumer.

    ``available`` ids exist per pair of pipes. Raises SfumatoError naming ``where`` and the queues when they do not
    suffice.
    """
    taken: dict[frozenset[str], list[tuple[int, int]]] = {}
    first: dict[InitQueueOp, int] = {}
    for queue in queues:
        depth = queue.depth.value.data
        pairs = [frozenset((queue.producer.data, pipe)) for pipe in queue.consumer_pipes]
        occupied = [span for pair in pairs for span in taken.get(pair, [])]
        for start in range(available - depth + 1):
            if all(start + depth <= low or high <= start for low, high in occupied):
                break
        else:
            _fail(queue, queues, available, where)
        first[queue] = start
        for pair in pairs:
            taken.setdefault(pair, []).append((start, start + depth))
    return first


def _fail(queue: InitQueueOp, queues: Sequence[InitQueueOp], available: int, where: str) -> NoReturn:
    pipes = {queue.producer.data, *queue.consumer_pipes}
    rivals = [other for other in queues if len(pipes & {other.producer.data, *other.consumer_pipes}) > 1]
    lines = [
        f"  {other.queue.name_hint or 'queue'}: {other.position.data}, depth {other.depth.value.data}, "
        f"{other.producer.data} to {', '.join(other.consumer_pipes)}"
        for other in rivals
    ]
    needed = sum(other.depth.value.data for other in rivals)
    raise SfumatoError(
        f"{where}: the queues between these pipes need {needed} event ids, the hardware has {available} a pair\n"
        + "\n".join(lines)
        + "\n  load tensors that arrive together as slices of one queue element, or use fewer slots",
        queue.location,
    )
