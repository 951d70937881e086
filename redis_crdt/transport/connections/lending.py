"""Lending a connection for one exchange, whichever way that is waited for."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol

from redis.exceptions import ResponseError

from redis_crdt.operations.operation import LostReply, is_lost, told


class Lender(Protocol):
    """Who has connections."""

    def give_back(self, connection: Any) -> None:
        """Take one back, for the next call."""

    def discard(self, connection: Any) -> None:
        """Take one back that is of no use any more."""


class Lending:
    """Takes a connection back at the end of a block, for others only if its reply was read whole.

    Interrupted, as by a signal or where a task is cancelled, it has a reply that is for nobody
    else. What is sent ``once`` and gets no answer is a :class:`LostReply`.
    """

    __slots__ = ("_connection", "_lender", "_once")

    def __init__(self, lender: Lender, connection: Any, *, once: bool = False) -> None:
        self._lender, self._connection, self._once = lender, connection, once

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, ResponseError):
            self._lender.give_back(self._connection)
            return
        self._lender.discard(self._connection)
        if self._once and is_lost(error):
            raise LostReply(told(error)) from error
