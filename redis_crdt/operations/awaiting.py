"""Carrying out procedures by those who await."""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import Any, TypeVar

from redis_crdt.errors import CRDTError
from redis_crdt.operations.operation import Executor, Operation, Procedure, Together
from redis_crdt.operations.replica import ReplicaOperations

R = TypeVar("R")


async def drive(procedure: Procedure[R]) -> R:
    """Carry out a procedure, awaiting where its executors have to be awaited."""
    try:
        executor, operation = next(procedure)
        while True:
            try:
                reply = await _carry_out(executor, operation)
            except CRDTError as error:
                executor, operation = procedure.throw(error)
            else:
                executor, operation = procedure.send(reply)
    except StopIteration as stop:
        result: R = stop.value
        return result


async def _carry_out(executor: Executor, operation: Operation[Any]) -> Any:
    if isinstance(executor, Together):
        return await asyncio.gather(*(_carry_out(*part) for part in executor.parts))
    if isinstance(executor, ReplicaOperations) and executor.blocking:
        return await asyncio.to_thread(executor.execute, operation)
    reply = executor.execute(operation)
    return await reply if isawaitable(reply) else reply
