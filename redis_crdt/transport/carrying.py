"""How any operation is carried out, and what is made of what comes, or goes wrong."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, TypeVar

from redis_crdt.errors import CRDTError
from redis_crdt.operations.operation import (
    TROUBLE,
    Command,
    Each,
    Everywhere,
    Executor,
    Operation,
    Script,
    Wait,
    is_set_apart,
)
from redis_crdt.operations.refusals import explain
from redis_crdt.transport.cluster import All, Read, Router, Run, Steps
from redis_crdt.transport.native_replies import read_native
from redis_crdt.transport.witness import Witness

R = TypeVar("R")

FAILURES: tuple[type[Exception], ...] = (CRDTError, *TROUBLE)
"""What a step may raise for those who take it."""


class Carrying(Executor):
    """Carries out operations, by steps that block or are awaited."""

    _router: Router | None
    _witness: Witness

    @property
    @abstractmethod
    def address(self) -> str:
        """Where the server is, without any password."""

    @abstractmethod
    def reading(self, command: Command[Any] | Everywhere[Any]) -> Steps[Any]:
        """Carry out what only reads, on a Cluster."""

    @abstractmethod
    def waiting(self, wait: Wait) -> Steps[Any]:
        """Wait for something new in feeds."""

    def carrying_out(self, operation: Operation[R], failure: Exception | None = None) -> Steps[R]:
        """Carry out an operation; raises exceptions of ours only.

        ``failure`` is what has become of it already, if it was sent.
        """
        try:
            reply = yield from self._replying(operation, failure)
        except CRDTError as error:
            error.at(self.address)
            raise
        except TROUBLE as error:
            if is_set_apart(error) and isinstance(operation, (Command, Script)):
                other = operation.apart and operation.apart(operation)
                if other is not None:
                    read: R = yield from self.carrying_out(other)
                    return read
                if failure is not None:  # what went together with it may be what was refused
                    again: R = yield from self.carrying_out(operation)
                    return again
            raise explain(error, operation).at(self.address) from error
        result: R = self._read_reply(operation, reply)
        return result

    def _replying(self, operation: Operation[Any], failure: Exception | None) -> Steps[Any]:
        if isinstance(operation, Script):
            return (yield Run(operation, failure))
        if isinstance(operation, Each):
            return (yield All(operation.operations))
        if isinstance(operation, Wait):
            return (yield from self.waiting(operation))
        if self._router is not None:
            return (yield from self.reading(operation))
        reply = read_native(operation.args[0], (yield Read(operation.args, failure)))
        return reply if isinstance(operation, Command) else [reply]

    def _read_reply(self, operation: Any, reply: Any, is_native: bool = False) -> Any:
        """Return what a reply says; a native one is yet to be made what it is in each protocol."""
        try:
            if is_native:
                reply = read_native(operation.args[0], reply)
            elif isinstance(operation, Script):
                reply = self._witness.told(operation, reply)
            return operation.read(reply)
        except CRDTError as error:
            error.at(self.address)
            raise
