"""Flights of a blocking replica."""

from __future__ import annotations

from typing import Any

from redis_crdt.operations.operation import TROUBLE, Close, Landing
from redis_crdt.transport.bounds import bound
from redis_crdt.transport.flight.flight import LATER, Flight, Request


class BlockingFlight(Flight):
    """A flight that blocks."""

    def execute(self, operation: Any, /) -> Any:
        """Send a request, or wait for the next reply."""
        if isinstance(operation, Landing):
            return self._land(operation.seconds)
        if isinstance(operation, Close):
            return self._close()
        return self._send(operation)

    def _send(self, request: Request) -> None:
        packed = self._packed(request)
        try:
            if self._connection is None:
                self._connection = self._connections.borrow(counts=False)
                bound(self._connection, True)
            if packed:
                self._connection.send_packed_command([packed])
        except TROUBLE as error:
            raise self._unsent(error, request) from error
        self.under_way.append(request)

    def _land(self, seconds: float | None) -> Any:
        connection = self._connection
        try:
            if seconds is not None and not connection.can_read(seconds):
                return LATER
            reply = connection.read_response(disable_decoding=True)
        except TROUBLE as error:
            return self._failed(error)
        return self._landed(reply)

    def _close(self) -> None:
        if self.under_way:
            self.abandon()
        elif self._connection is not None:
            connection, self._connection = self._connection, None
            self._connections.give_back(connection)

    def abandon(self) -> None:
        """Give up what is under way, and the connection with it, at once."""
        self.under_way.clear()
        self._held = b""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._connections.discard(connection)
