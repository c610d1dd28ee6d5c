"""Answers to calls that a client sends again, because it thinks the first one got lost.

Owns what is remembered per connection, and how much of it. Published clients send an awaited call up to three
times with the same id; a call that changes something is executed once. Pure: the time is given.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from funcnodes_worker.rpc.envelope import Call, Scalar
from funcnodes_worker.rpc.outbox import Frame

REMEMBERED_S = 60.0
MAX_REMEMBERED = 512
MAX_BYTES = 8 * 1024 * 1024


@dataclass
class _Memory:
    since: float
    said: int
    answer: Frame | None = None


class Repeats:
    """What one connection has asked for lately."""

    def __init__(self) -> None:
        self._memories: OrderedDict[Scalar, _Memory] = OrderedDict()
        self._bytes = 0

    def begin(self, call: Call, now: float) -> bool:
        """Tell whether this call is new. If not, it is under way or `answer_to` has its answer."""
        if call.id is None:
            return True
        self._forget(now)
        if self._memory_of(call) is not None:
            return False
        if call.id in self._memories:
            self._drop(call.id)
        self._memories[call.id] = _Memory(now, call.said)
        return True

    def answer_to(self, call: Call) -> Frame | None:
        """Return the answer a repeated call had; None while it is under way, then one answer will do."""
        memory = self._memory_of(call)
        return None if memory is None else memory.answer

    def finish(self, call: Call, answer: Frame) -> None:
        """Remember an answer. One too large to be kept is forgotten, and the call with it."""
        memory = self._memory_of(call)
        if memory is None:
            return
        memory.answer = answer
        self._bytes += len(answer.body)

    def _memory_of(self, call: Call) -> _Memory | None:
        # Only the last call of an id can be repeated, by the same text: a simple script that always sends
        # id 1 does not mean to repeat itself, not even when it sets a value back to what it was.
        memory = self._memories.get(call.id)
        return memory if memory is not None and memory.said == call.said else None

    def _forget(self, now: float) -> None:
        while self._memories:
            call_id, memory = next(iter(self._memories.items()))
            old = now - memory.since > REMEMBERED_S
            if not old and len(self._memories) <= MAX_REMEMBERED and self._bytes <= MAX_BYTES:
                return
            self._drop(call_id)

    def _drop(self, call_id: Scalar) -> None:
        answer = self._memories.pop(call_id).answer
        self._bytes -= len(answer.body) if answer else 0
