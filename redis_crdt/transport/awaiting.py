"""Carrying out procedures by those who await."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from inspect import isawaitable
from os import getpid
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from redis_crdt.errors import CRDTError
from redis_crdt.operations.operation import Executor, Procedure, SideBySide, Sleep
from redis_crdt.transport.flight.flight import Flight

R = TypeVar("R")

AT_A_TIME = 16
"""How many procedures are carried out side by side at most: each may keep a connection busy."""

_threads: WeakKeyDictionary[Executor, tuple[int, ThreadPoolExecutor]]
_threads = WeakKeyDictionary()
"""Of each blocking replica, with the process that began them."""


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
    finally:
        procedure.close()  # at once, where this was cancelled or interrupted


async def _carry_out(executor: Executor, operation: Any) -> Any:
    # By type, for to ask whether it is an instance of a protocol takes longer than to send it.
    if type(executor) is SideBySide:
        return await _side_by_side(executor.procedures)
    if type(executor) is Sleep:
        return await asyncio.sleep(executor.seconds)
    if getattr(executor, "blocking", False):
        work = partial(copy_context().run, executor.execute, operation)
        return await asyncio.get_running_loop().run_in_executor(_threads_of(executor), work)
    reply = executor.execute(operation)
    return await reply if isawaitable(reply) else reply


def _threads_of(executor: Executor) -> ThreadPoolExecutor:
    """Return the threads in which a blocking replica is waited for.

    Each has some of its own: those of one that does not answer are of no use to others.
    """
    replica: Any = executor._replica if isinstance(executor, Flight) else executor
    pid, threads = _threads.get(replica, (0, None))
    if threads is None or pid != getpid():  # a fork leaves them behind
        threads = ThreadPoolExecutor(2 * AT_A_TIME, "redis_crdt")
        _threads[replica] = getpid(), threads
    return threads


async def _side_by_side(procedures: list[Procedure[Any]]) -> list[Any]:
    free = asyncio.Semaphore(AT_A_TIME)

    async def one(procedure: Procedure[Any]) -> Any:
        async with free:
            return await drive(procedure)

    return await all_of([asyncio.create_task(one(procedure)) for procedure in procedures])


async def all_of(tasks: list[asyncio.Task[R]]) -> list[R]:
    """Wait for all of the tasks; where one fails or the wait is cancelled, cancel the others."""
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


@contextmanager
def heeding_cancellation() -> Iterator[None]:
    """Stop a task that is cancelled meanwhile, also where what it awaits swallows that.

    Until Python 3.12 ``asyncio.wait_for``, by which redis-py sends its commands, may do so where
    the cancellation comes as they are sent.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    yield
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
