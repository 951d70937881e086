"""What a group of agents shares.

Everything here is written with the public types alone, so it shows how to build on them. The
classes are there twice: for replicas that block or are in memory, and, in ``asyncio``, awaited.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Generic

from typing_extensions import TypeVar

from redis_crdt.agents.replies import Message
from redis_crdt.errors import BatchAborted
from redis_crdt.replica.backend.awaited import AnyBudget, AnyReplica
from redis_crdt.sync.report import SyncReport
from redis_crdt.values.codec import codec_for

T = TypeVar("T", default=str)


class DistributedStateManager(Generic[T]):
    """The tasks, counts, configuration and agents' status that a group of agents shares.

    ``replica`` is one on a server or, where calls need no ``await``, one in memory; ``task_type``
    is what a task is, anything that pydantic validates; ``name`` sets several managers of one
    replica apart. Of the messages the latest ``max_messages`` are kept. Notes, counters and
    messages have no methods here, for those of ``notes``, an ``LWWMap`` of text, ``counters``, a
    ``CounterMap``, and ``messages``, a ``Log``, are all that it takes.

    Of the agents of one region one claims a task. Those of another region may do the same until
    the regions have synchronised, so work on a task must bear being done twice::

        while (task := await manager.claim_task("ann")) is not None:
            await work_on(task)
            await manager.complete_task(task)
    """

    def __init__(
        self,
        replica: AnyReplica,
        task_type: type[T] | Any = str,
        *,
        name: str = "state",
        max_messages: int = 10_000,
    ) -> None:
        self.replica = replica
        self.name = name
        self.task_type = task_type
        self._codec = codec_for(task_type)
        self.tasks: Any = replica.or_set(self.name_of("tasks"), task_type)
        self.claims = replica.lww_map(self.name_of("claims"), str)
        self.completed = replica.g_counter(self.name_of("completed"))
        self.status = replica.lww_map(self.name_of("status"), str)
        self.config = replica.lww_map(self.name_of("config"))
        self.notes = replica.lww_map(self.name_of("notes"), str)
        self.counters = replica.counter_map(self.name_of("counters"))
        self.messages = replica.log(self.name_of("messages"), Message, max_len=max_messages)

    def name_of(self, part: str) -> str:
        """All are in one shard, so that one batch may write to several."""
        return f"{{{self.name}}}:{part}"

    def budget(self, name: str) -> AnyBudget:
        """Take up a budget by its name: ``grant`` what agents may spend of it."""
        return self.replica.budget(self.name_of(f"budgets:{name}"))

    def key_of(self, task: T) -> str:
        """Return a task's key in ``claims``, its JSON. InvalidValue if it is of another type."""
        return self._codec.encode(task).decode()

    async def add_task(self, task: T) -> None:
        """Add a task to those that are to be done. One round trip."""
        await self.tasks.add(task)

    async def claim_task(
        self, agent_id: str, task: T | None = None, *, seconds: float | None = None
    ) -> T | None:
        """Claim a task for an agent, this one or any that nobody works on; return it, or None.

        None where the task is not on the list, or another agent has claimed it. The claim ends
        with the task, by :meth:`release_task`, and after ``seconds`` if they are given: then others
        may claim a task whose agent was lost. Who claims his task again has it for that much
        longer. Three round trips; to find a task one more, and one per 500 claims and 500 tasks
        that are looked at.
        """
        if task is not None:
            return task if await self._claim(agent_id, task, seconds) else None
        taken = set(await self.claims.keys())
        async for each in self.tasks:
            if self.key_of(each) not in taken and await self._claim(agent_id, each, seconds):
                found: T = each
                return found
        return None

    async def _claim(self, agent_id: str, task: T, seconds: float | None) -> bool:
        key = self.key_of(task)
        if not await self.tasks.contains(task):
            return False
        if await self.claims.setdefault(key, agent_id, ttl=seconds) != agent_id:
            return False
        if seconds is not None:
            await self.claims.expire(key, seconds)  # of one that was his before
        return True

    async def release_task(self, agent_id: str, task: T) -> bool:
        """Give up an agent's claim, so that others may have the task; False if it has none.

        Two round trips.
        """
        key = self.key_of(task)
        if await self.claims.get(key) != agent_id:
            return False
        return await self.claims.delete(key)

    async def complete_task(self, task: T) -> bool:
        """Take a task off the list and count it, as one write; False if it is not on the list.

        Of several agents of one region that complete a task at once, one does, and it counts
        once. Across regions each removal counts where it took effect: a task that was completed
        in two regions before they synchronised counts twice, for the work was done twice. One
        round trip, and one more if it is not on the list.
        """
        key = self.key_of(task)
        try:
            async with self.replica.batch() as batch:
                batch.on(self.tasks).remove(task, required=True)
                batch.on(self.claims).delete(key)
                batch.on(self.completed).increment()
        except BatchAborted:
            await self.claims.delete(key)  # of one that was completed elsewhere
            return False
        return True

    async def get_pending_tasks(self) -> AbstractSet[T]:
        """Return the tasks that are to be done. One round trip per 500."""
        pending: AbstractSet[T] = await self.tasks.get_elements()
        return pending

    async def get_completed_count(self) -> int:
        """Return how many completions were counted, over all regions. One round trip."""
        return await self.completed.value()

    async def set_status(self, agent_id: str, status: str, *, seconds: float | None = None) -> None:
        """Say what an agent is doing, for so long if ``seconds`` are given. One round trip."""
        await self.status.set(agent_id, status, ttl=seconds)

    async def get_status(self, agent_id: str) -> str | None:
        """Return what an agent is doing; None if it never said. One round trip."""
        return await self.status.get(agent_id)

    async def agents(self) -> dict[str, str]:
        """Return all agents with their status. One round trip per 500."""
        return dict(await self.status.items())

    async def update_config(self, key: str, value: Any) -> None:
        """Set one key of the configuration that all agents share. One round trip."""
        await self.config.set(key, value)

    async def get_config(self, key: str, default: Any = None) -> Any:
        """Return one key of the configuration. One round trip."""
        return await self.config.get(key, default)

    async def synchronize(self, other: DistributedStateManager[Any]) -> SyncReport:
        """Bring this replica and that of ``other`` in step, both ways."""
        return await self.replica.sync(other.replica)
