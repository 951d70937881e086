"""The operations of a work queue on a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from redis_crdt.core.dots import Dots
from redis_crdt.core.names import check_replica_id
from redis_crdt.operations.operation import Command, Procedure, Script, reading
from redis_crdt.operations.requests import BATCH
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.types.work_queue import claims
from redis_crdt.types.work_queue.batch import Recordable
from redis_crdt.types.work_queue.claims import Claimed, DeadTask, Found
from redis_crdt.types.work_queue.tasks import DEAD, Task, is_asking, task_in
from redis_crdt.values.encoding import encode_value

T = TypeVar("T")

WAITING: Final = (b"-inf", b"(10000000000000")
LEASED: Final = (b"10000000000000", b"(30000000000000")
DEAD_ONES: Final = (b"30000000000000", b"30000000000000")
ELSEWHERE: Final = (b"40000000000000", b"(60000000000000")
"""Where in the order of a queue tasks are: those of ``lua/lib/tasks.lua``."""


@reading
def _read_found(reply: Any) -> Found:
    id_, rest = reply
    if id_:
        return Found(id_, Task.parse(rest), None)
    return Found(b"", None, int(rest) / 1000 if rest else None)


@reading
def _read_page(reply: Any) -> tuple[bytes, int]:
    cursor, count = reply
    return cursor, int(count)


def _task_in(entry: bytes) -> Task | None:
    """Return the task of a stored entry: of concurrent ones that of the highest fence."""
    tasks = [task for line in entry.split(b"\n")[1:] if (task := Task.parse(line))]
    return max(tasks, key=lambda task: (task.fence, bytes(task)), default=None)


class WorkQueueOperations(Recordable[T], CollectionOperations[T]):
    """The operations of a work queue: an entry per task, and an order of what is to be done."""

    kind = "work_queue"

    def __init__(
        self, replica: ReplicaOperations, name: str, type_: Any, max_attempts: int | None
    ) -> None:
        super().__init__(replica, name, type_)
        self._order: Final = self._keys.order(self.kind, self._field)
        self._attempts: Final = claims.check_attempts(max_attempts) or ""

    @property
    def _place(self) -> tuple[ReplicaOperations, int, bytes]:
        return self._replica, self._shard, self._collection

    def _put(
        self, value: T, priority: int = 0, delay: float = 0, task_id: str | None = None
    ) -> Script[str]:
        encoded = encode_value(self._codec, value)
        field = b"" if task_id is None else claims.check_task_id(task_id)
        args = (claims.check_priority(priority), claims.check_delay(delay), field, encoded)
        return self._script("work_queue/put", *args, read=bytes.decode)

    def _look(self, worker: str, lease: float, task_id: str | None) -> Procedure[Found]:
        given = (claims.check_worker(worker), claims.check_lease(lease), self._attempts)
        script = self._script("work_queue/claim", *given, task_id or "", read=_read_found)
        found: Found
        found = yield self._replica, script
        return found

    def _claim(
        self, worker: str, lease: float, timeout: float | None, task_id: str | None
    ) -> Procedure[tuple[Found, T] | None]:
        found = yield from claims.claim(self, self._place, worker, lease, timeout, task_id)
        if found is None or found.task is None:
            return None
        return found, self._codec.decode(found.task.value)

    def _resume(self, task_id: str, fence: int, lease: float) -> Procedure[tuple[Found, T]]:
        field = claims.check_task_id(task_id)
        claims.check_lease(lease)
        entry = yield self._replica, self._command("HGET", self._live, field)
        task = claims.held(self, None if entry is None else _task_in(entry), fence)
        return Found(field, task, None), self._codec.decode(task.value)

    def _discard(self, task_id: str) -> Script[bool]:
        return self._script("work_queue/discard", claims.check_task_id(task_id), read=bool)

    def _retry(self, task_id: str) -> Script[bool]:
        return self._script("work_queue/retry", claims.check_task_id(task_id), read=bool)

    def _done(self, claim: Claimed[T]) -> Script[Any]:
        return self._script("work_queue/done", *claim._held)

    def _extend(self, claim: Claimed[T], lease: float) -> Script[Any]:
        return self._script("work_queue/extend", *claim._held, claims.check_lease(lease))

    def _release(self, claim: Claimed[T], delay: float) -> Script[Any]:
        return self._script("work_queue/release", *claim._held, claims.check_delay(delay))

    def _share(self) -> Script[int]:
        return self._script("work_queue/share", read=int)

    def _take_over(self, replica_id: str) -> Procedure[int]:
        name, cursor = check_replica_id(replica_id), b"0"
        count: int = 0
        while True:
            page = self._script("work_queue/takeover", name, cursor, read=_read_page)
            cursor, taken = yield self._replica, page
            count += taken
            if cursor == b"0":
                return count

    def _count(self, span: tuple[bytes, bytes]) -> Command[int]:
        return self._command("ZCOUNT", self._order, *span)

    def _dead(self) -> Procedure[list[DeadTask[T]]]:
        limits = ("LIMIT", 0, BATCH)
        ids = yield (
            self._replica,
            self._command("ZRANGEBYSCORE", self._order, *DEAD_ONES, *limits),
        )
        entries = yield from self._entries_of(ids)
        found = {id_: _task_in(entry) for id_, entry in entries.items()}
        return [
            DeadTask(id_.decode(), self._codec.decode(task.value), task.attempts)
            for id_, task in found.items()
            if task is not None and task.state == DEAD
        ]

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        for field in sorted(entries):
            task = None if is_asking(field) or not entries[field].live else task_in(entries[field])
            if task is not None:
                args = (task.priority, 0, b"", task.value)
                yield self._replica, self._script("work_queue/put", *args)
