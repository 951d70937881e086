"""Calls in line for one connection that all of them share: what is sent next, and whose a reply is.

Nothing here sends or waits: whoever has the connection asks what to send and tells what came. A
server answers in the order in which it was asked, so a reply is for whoever was sent first.

Writes to one collection that are in line at the same moment go as one, if they can be done as one.
Where the server refuses it, nothing was written, and each goes alone: nobody pays for another's
fault. Writes to several collections go apart, for a batch of them takes a server longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol, final

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt.operations.operation import LostReply, Script, told
from redis_crdt.operations.requests import BATCH, BATCH_BYTES
from redis_crdt.operations.together import Part
from redis_crdt.transport.cluster import Write

AT_ONCE: Final = 2 * BATCH
"""So many calls are under way at most; so while a server is at work on some, others are on their
way, and whoever is in line may still be cancelled, and go together with others."""


class Answer(Protocol):
    """Where a call's reply is put: an ``asyncio.Future``."""

    def done(self) -> bool:
        """Whether nobody waits any more."""

    def set_result(self, reply: Any, /) -> None:
        """Give the reply; an exception where there is none."""


class Caller:
    """Who waits for a reply."""

    __slots__ = ("answer",)

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def take(self, reply: Any) -> None:
        """Take the reply: a cancelled caller's is for nobody."""
        if not self.answer.done():
            self.answer.set_result(reply)


@final
class Call(Caller):
    """A command that only reads."""

    __slots__ = ("packed",)

    def __init__(self, answer: Answer, packed: bytes) -> None:
        self.answer = answer
        self.packed = packed

    def lose(self, error: Exception) -> None:
        """Take it that none will come: it may be asked again, unless the server talks nonsense."""
        is_broken = isinstance(error, RedisConnectionError | RedisTimeoutError)
        self.take(LostReply(told(error)) if is_broken else error)


class Writing(Caller):
    """A write."""

    __slots__ = ("command", "may_join", "script")

    def __init__(self, answer: Answer, script: Script[Any], command: str = "EVALSHA") -> None:
        self.answer = answer
        self.script = script
        self.command = command
        self.may_join = script.joins is not None and command == "EVALSHA"


class Group:
    """Writes that go as one: often only one."""

    def __init__(self, first: Writing) -> None:
        self.calls = [first]
        self._part: Part | None = None
        self._left, self._bytes_left = BATCH, BATCH_BYTES
        """How many arguments and bytes the script may still take."""

    def _make_room(self, script: Script[Any]) -> None:
        args = script.args[2:]
        self._left -= len(args)
        for arg in args:
            if type(arg) is not int:
                self._bytes_left -= len(arg)

    def admits(self, call: Writing) -> bool:
        """Take in another write, if it can be done as one with these, and that is not too long."""
        script = call.script
        if self._part is None:
            first = self.calls[0].script
            self._part = Part(first)
            self._make_room(first)
        if self._left <= 0 or self._bytes_left <= 0 or not self._part.takes(script):
            return False
        self._make_room(script)
        self.calls.append(call)
        return True

    def join(self) -> Write:
        """Make one write of them: nobody joins them any more."""
        first = self.calls[0]
        script = first.script if self._part is None else self._part.joined()
        self.write = Write(script, first.command)
        return self.write

    def take(self, reply: Any) -> None:
        """Hand out what the server replied, or why nobody knows what became of it."""
        for call in self.calls:
            call.take(reply)

    def lose(self, error: Exception) -> None:
        """Take it that no reply will come: nobody knows what became of these."""
        for call in self.calls:
            call.take(LostReply(told(error)))


class Line:
    """The calls in line for one connection."""

    def __init__(self) -> None:
        self.waiting: deque[Call | Writing] = deque()
        self.under_way: deque[Call | Group] = deque()
        """What is sent, in the order in which replies will come."""
        self._room = AT_ONCE
        """How many more calls may be under way."""

    def next(self, pack: Callable[[Group], bytes], most: int = AT_ONCE) -> list[bytes]:
        """Return what is to be sent now, of so many calls at most; ``pack`` is for writes."""
        packed: list[bytes] = []
        taken = self._take(min(most, self._room))
        for sent in taken:
            if isinstance(sent, Group):
                try:
                    packed.append(pack(sent))
                except Exception as error:
                    if len(sent.calls) == 1:
                        sent.take(error)
                    else:
                        taken += map(Group, sent.calls)
                    continue
                self._room -= len(sent.calls)
            else:
                packed.append(sent.packed)
                self._room -= 1
            self.under_way.append(sent)
        return packed

    def _take(self, room: int) -> list[Call | Group]:
        """Take calls out of the line, in the order in which they came, writes in groups."""
        taken: list[Call | Group] = []
        groups: dict[Any, Group | None] = {}
        """By collection, what its last write is in, if others may join: the order is kept."""
        waiting = self.waiting
        while room and waiting:
            call = waiting.popleft()
            if call.answer.done():  # cancelled before it was sent
                continue
            room -= 1
            if isinstance(call, Call):
                taken.append(call)
                continue
            collection = call.script.args[1]
            group = groups.get(collection) if call.may_join else None
            if group is None or not group.admits(call):
                group = Group(call)
                groups[collection] = group if call.may_join else None
                taken.append(group)
        return taken

    def answered(self, reply: Any) -> Call | Group:
        """Hand a reply to whom it is for. Returns who that was."""
        sent = self.under_way.popleft()
        if type(sent) is Call:  # as most are, so no method is called to do it
            self._room += 1
            if not sent.answer.done():
                sent.answer.set_result(reply)
            return sent
        self._room += len(sent.calls)
        if len(sent.calls) > 1 and isinstance(reply, Exception):
            # Nothing was written: each goes alone, before all others.
            for call in reversed(sent.calls):
                call.may_join = False
                self.waiting.appendleft(call)
        else:
            sent.take(reply)
        return sent

    def broke(self, error: Exception) -> None:
        """Take it that the connection broke: no more replies come. Who was not sent stays in line.

        Of a write nobody knows whether it happened; what only reads may be asked again.
        """
        lost, self.under_way, self._room = self.under_way, deque(), AT_ONCE
        for sent in lost:
            sent.lose(error)

    def give_up(self, error: Exception) -> None:
        """Take it that there is no connection to be had."""
        waiting, self.waiting = self.waiting, deque()
        for call in waiting:
            call.take(error)
