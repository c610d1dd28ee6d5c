"""Answers to calls that a client sends again, because it thinks the first one got lost.

Owns what is remembered, and how much of it. Published clients send an awaited call up to three times with the
same id, our own sends it again on its next connection; a call that changes something is executed once. Pure:
the time is given.

An id of a connection's own making (`1`, `2`, …) says nothing on the next connection, so it is remembered per
connection. A text of at least 16 characters is taken as made to be unique, like the uuids of the published
client and of ours: it is remembered per caller (a session, or the token), across connections and over HTTP.

How many calls are remembered is settled by their bytes alone, so that it holds for all that a client can have
under way: what waits for its turn, what waits in its outbox and what lies unread in its socket.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakValueDictionary

import msgspec

from funcnodes_worker.rpc.envelope import Call, Scalar
from funcnodes_worker.rpc.gate import Caller
from funcnodes_worker.rpc.outbox import Frame

REMEMBERED_S = 60.0
MAX_BYTES = 32 * 1024 * 1024
"""For all connections of a caller: 12,000 new nodes, what an outbox and the buffers of a socket hold."""
MAX_OWN_BYTES = 8 * 1024 * 1024
"""For one connection and ids that count there only."""
MEMORY_BYTES = 400
"""What one call costs beside the bytes of its answer."""
UNIQUE_LENGTH = 16

Tell = Callable[[Frame | None], None]
"""Hears the answer; None when the call was broken off."""


class _Memory(msgspec.Struct):
    since: float
    said: int
    asked_by: object
    answer: Frame | None = None
    waiting: dict[object, Tell] | None = None
    """Others who asked the same meanwhile: the client on its next connection."""

    def tell(self, answer: Frame | None) -> None:
        """Tell those others."""
        if self.waiting is not None:
            waiting, self.waiting = self.waiting, None
            for tell in waiting.values():
                tell(answer)


class Repeats:
    """What one connection, or one caller, has asked for lately."""

    def __init__(self, max_bytes: int = MAX_OWN_BYTES, begun: Callable[[], None] | None = None) -> None:
        """`begun` is called when there is something to remember again after there was nothing."""
        self._max_bytes, self._begun = max_bytes, begun
        self._memories: OrderedDict[Scalar, _Memory] = OrderedDict()
        """The oldest first."""
        self._bytes = 0

    def begin(self, call: Call, now: float, asked_by: object = None) -> bool:
        """Tell whether this call is new. If not, it is under way or `answer_to` has its answer."""
        if call.id is None:
            return True
        # Before anything is let go: a client that sends all again in its order would else push out, with each
        # call that is new, the very one that it sends next.
        memory = self._memory_of(call)
        if memory is not None and (memory.answer is None or now - memory.since <= REMEMBERED_S):
            return False
        self._forget(now)
        if call.id in self._memories:
            self._drop(call.id)
        self._bytes += MEMORY_BYTES
        self._memories[call.id] = _Memory(now, call.said, asked_by)
        if len(self._memories) == 1 and self._begun is not None:
            self._begun()
        return True

    def answer_to(self, call: Call) -> Frame | None:
        """Return the answer a repeated call had; None while it is under way."""
        memory = self._memory_of(call)
        return None if memory is None else memory.answer

    def wait_too(self, call: Call, asked_by: object, tell: Tell) -> None:
        """Have the answer of a call under way told to one more; who asked it first is told anyway."""
        memory = self._memory_of(call)
        if memory is not None and memory.asked_by is not asked_by:
            memory.waiting = {**(memory.waiting or {}), asked_by: tell}

    def finish(self, call: Call, answer: Frame) -> None:
        """Remember an answer, until younger ones need its place."""
        memory = self._memory_of(call)
        if memory is None:
            return
        memory.answer = answer
        self._bytes += len(answer.body)
        memory.tell(answer)

    def give_up(self, call: Call) -> None:
        """Forget a call that was broken off without an answer: sent again, it is executed again."""
        memory = self._memory_of(call)
        if memory is not None and memory.answer is None:
            self._drop(call.id)
            memory.tell(None)

    def is_over(self, now: float) -> bool:
        """Tell whether nothing is remembered any more that a caller could ask for again."""
        self._forget(now)
        return not self._memories

    def _memory_of(self, call: Call) -> _Memory | None:
        # Only the last call of an id can be repeated, by the same text: a simple script that always sends
        # id 1 does not mean to repeat itself, not even when it sets a value back to what it was.
        memory = self._memories.get(call.id)
        return memory if memory is not None and memory.said == call.said else None

    def _forget(self, now: float) -> None:
        for _ in range(len(self._memories)):
            call_id, memory = next(iter(self._memories.items()))
            if now - memory.since <= REMEMBERED_S and self._bytes <= self._max_bytes:
                return
            if memory.answer is None:
                # Under way for longer than that: an installation. It counts from its answer on.
                memory.since = now
                self._memories.move_to_end(call_id)
            else:
                self._drop(call_id)

    def _drop(self, call_id: Scalar) -> None:
        answer = self._memories.pop(call_id).answer
        self._bytes -= MEMORY_BYTES + (len(answer.body) if answer else 0)


class RepeatsOfCallers:
    """What every caller has asked for lately, whichever connection it came by."""

    def __init__(self, begun: Callable[[], None] | None = None) -> None:
        """`begun` is called when a caller has something to be remembered: `forget` is to be called later."""
        self._begun = begun
        self._known: WeakValueDictionary[object, Repeats] = WeakValueDictionary()
        """Of all who are connected, or have asked for something lately."""
        self._held: dict[object, Repeats] = {}
        """Holds the memory of those who may come back for an answer."""

    def of(self, caller: object, now: float) -> Repeats:
        """Return the memory of a caller; that of others is let go when nothing in it counts any more."""
        self._let_go(now)
        repeats = self._known.get(caller)
        if repeats is None:
            repeats = self._known[caller] = Repeats(MAX_BYTES, self._begun)
        self._held[caller] = repeats
        return repeats

    def forget(self, now: float) -> bool:
        """Let go what is too old; tell whether something is left, so that this is to be called again."""
        over = [repeats.is_over(now) for repeats in list(self._known.values())]
        self._let_go(now)
        return not all(over)

    def _let_go(self, now: float) -> None:
        for other in [one for one, repeats in self._held.items() if repeats.is_over(now)]:
            del self._held[other]

    def __len__(self) -> int:
        """Return how many callers are remembered."""
        return len(self._known)


def is_unique(call_id: Scalar) -> bool:
    """Tell whether an id is made to be unique, whoever sends it."""
    return isinstance(call_id, str) and len(call_id) >= UNIQUE_LENGTH


def mark_of(caller: Caller, call: Call) -> str:
    """Return what a journal knows this call by: who sent it, its id, its text. Empty without a unique id."""
    if not is_unique(call.id):
        return ""
    said = f"{caller.by}\0{caller.session}\0{call.id}\0{call.said}"
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
