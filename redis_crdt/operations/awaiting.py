"""Carrying out procedures by those who await."""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import TypeVar

from redis_crdt.errors import CRDTError
from redis_crdt.operations.operation import Procedure
from redis_crdt.operations.replica import ReplicaOperations

R = TypeVar("R")


async def drive(procedure: Procedure[R]) -> R:
    """Carry out a procedure, awaiting where its executors have to be awaited."""
    try:
        executor, operation = next(procedure)
        while True:
            try:
                if isinstance(executor, ReplicaOperations) and executor.blocking:
                    reply = await asyncio.to_thread(executor.execute, operation)
                else:
                    reply = executor.execute(operation)
                    if isawaitable(reply):
                        reply = await reply
            except CRDTError as error:
                executor, operation = procedure.throw(error)
            else:
                executor, operation = procedure.send(reply)
    except StopIteration as stop:
        result: R = stop.value
        return result
