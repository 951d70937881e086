"""A pull of which one command after the other is carried out, so that others come between them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from redis_crdt.errors import ServerUnreachable, Unacknowledged
from redis_crdt.operations.operation import Operation, Script
from redis_crdt.sync.pull import Pull
from redis_crdt.transport.flight import flight
from tests.schedules.hosts import Host
from tests.schedules.world import Events, Violation

WRITING = ("replica/apply", "replica/reconcile_joined", "replica/reconcile_finish")
"""Requests of a pull that may be delivered late, and again."""


class Sent(NamedTuple):
    """What a pull has sent to its target, with the events that may be in it."""

    target: Host
    operation: Operation[Any]
    possible: Events


class Flight:
    """A pull under way, of which one command after the other is carried out."""

    def __init__(self, sent: list[Sent], target: Host, source: Host, pull: Pull) -> None:
        self.target, self.source, self.pull = target, source, pull
        self.has_ended = False
        self._sent = sent
        self._procedure = pull.run()
        self._replies: list[Any] = []
        self._left: list[tuple[Any, Any]] = []
        self._possible: Events = 0

    def advance(self, commands: int | None = None) -> None:
        """Carry out so many commands, or all; what is not carried out was never sent."""
        while not self.has_ended and (commands is None or commands > 0):
            if not self._left:
                self._hear()
                continue
            party, operation = self._left.pop(0)
            try:
                self._replies.append(self._carry_out(party, operation))
            except (ServerUnreachable, Unacknowledged):
                if not isinstance(party, flight.Flight):
                    raise
                # What was on its way to a server is lost with it.
                self.abandon(by_error=False)
                return
            commands = None if commands is None else commands - 1

    def abandon(self, by_error: bool) -> None:
        """Break off where it is: the reply that has not been heard is lost."""
        if not self.has_ended:
            self.has_ended = True
            if by_error and self._replies:
                with suppress(ServerUnreachable):
                    self._procedure.throw(ServerUnreachable("broken off"))
            self._procedure.close()
        self.pull.begin_anew()

    def _hear(self) -> None:
        reply: Any = None
        if self._replies:
            reply = self._replies[0]
        self._replies = []
        try:
            executor, operation = self._procedure.send(reply)
        except StopIteration as stop:
            self.has_ended = True
            if stop.value.refused:
                raise Violation(f"a pull refused {stop.value.refused}") from None
            return
        self._left = [(executor, operation)]

    def _carry_out(self, party: Any, operation: Any) -> Any:
        if isinstance(operation, Script) and operation.name in WRITING:
            self._sent.append(Sent(self.target, operation, self._possible))
            self.target.possible |= self._possible
        elif party is self.source or isinstance(party, flight.Flight):
            self._possible |= self.source.possible
        return party.execute(operation)
