# Made from awaited.py: change that, and run `python -m tests.faces`.
"""What a group of agents shares.

Everything here is written with the public types alone, so it shows how to build on them. The
classes are there twice: for replicas that block or are in memory, and, in ``asyncio``, awaited.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress
from time import monotonic
from typing import Any, Generic

from typing_extensions import TypeVar

from redis_crdt.agents.claims import CLAIMED_FOR, HELD_BACK, LOOKS, TaskClaim, worker_of
from redis_crdt.agents.replies import Message
from redis_crdt.errors import BatchAborted, Fenced
from redis_crdt.replica.backend.blocking import AnyBudget, AnyClaim, AnyReplica
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

    ``tasks`` is the set of what is to be done. Beside it stands a ``queue``, which says whose right
    it is to work on a task: that of the region in which it was added, until that hands it over.
    So of all agents of all regions one has it claimed, also while regions are cut apart, unless it
    was added in two of them before they heard of each other; where a server forgets what it
    acknowledged a task may be claimed again, by the rules of :class:`WorkQueue`. What a program
    puts into ``tasks`` itself can be completed, and be claimed once :meth:`add_task` has added it::

        while (task := manager.claim_task("ann")) is not None:
            work_on(task)
            manager.complete_task(task)
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
        self.queue = replica.work_queue(self.name_of("queue"), task_type)
        self.queued = replica.lww_map(self.name_of("queued"), str)
        self.again = replica.lww_map(self.name_of("again"), str)
        self.claims = replica.lww_map(self.name_of("claims"), TaskClaim)
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

    def add_task(self, task: T) -> None:
        """Add a task to those that are to be done. One that is there already stays as it is.

        Two round trips. Where it is added twice at the same moment it is still one task. Where
        another region completes it at that moment, the addition wins, and it is to be done again.
        """
        key = self.key_of(task)
        is_queued = self.queued.get(key) is not None
        with self.replica.batch() as batch:
            batch.on(self.tasks).add(task)
            if is_queued:
                batch.on(self.again).set(key, self.replica.replica_id)
            else:
                self._enqueue(batch, key, task)

    def _enqueue(self, batch: Any, key: str, task: T) -> None:
        task_id = self.queue.new_id()
        batch.on(self.queued).set(key, task_id)
        batch.on(self.queue).put(task, task_id=task_id)

    def _enqueue_again(self) -> bool:
        """Queue what was added again here while another region completed it; whether there is any.

        Only here, so that no two regions do it. It is not added anew, for all that another region
        has to say of it may not have come yet.
        """
        found = False
        for key, region in dict(self.again.items()).items():
            if region == self.replica.replica_id and self.queued.get(key) is None:
                task: T = self._codec.decode(key.encode())
                if self.tasks.contains(task):
                    with self.replica.batch() as batch:
                        self._enqueue(batch, key, task)
                    found = True
        return found

    def claim_task(
        self,
        agent_id: str,
        task: T | None = None,
        *,
        seconds: float = CLAIMED_FOR,
        wait: float = 0,
    ) -> T | None:
        """Claim a task for an agent, this one or that which has waited longest; return it, or None.

        None where the task is not on the list, another agent has it, or it is another region's;
        where any would do, where none waits in this region. For that it may ``wait`` for so many
        seconds: other regions are asked to hand some over, as their syncers do. The claim ends with
        the task, by :meth:`release_task`, and after ``seconds``: then others may claim it. Who
        claims his task again has it for that much longer, in a process that was restarted, too.
        Four round trips; six for a certain task, or five where it is his; two where there is none.
        """
        worker = worker_of(agent_id)
        if task is not None:
            is_his = self._claim_this(agent_id, worker, task, seconds)
            return task if is_his else None
        deadline, put_by = monotonic() + wait, set[str]()
        while True:
            left = max(0.0, deadline - monotonic())
            claim = self.queue.claim(worker, seconds)
            if claim is None and self._enqueue_again():
                continue
            if claim is None and left:
                claim = self.queue.claim(worker, seconds, left)
            if claim is None:
                return None
            if self._take(agent_id, claim):
                found: T = claim.value
                return found
            if claim.id in put_by and not left:
                return None
            put_by.add(claim.id)

    def _claim_this(self, agent_id: str, worker: str, task: T, seconds: float) -> bool:
        key = self.key_of(task)
        known = self.claims.get(key)
        if known and known.agent == agent_id and self.tasks.contains(task):
            with suppress(Fenced):
                his = self.queue.resume(known.id, known.fence)
                his.extend(seconds)
                self.claims.set(key, known, ttl=seconds)
                return True
        task_id = self.queued.get(key)
        if task_id is None and self._enqueue_again():
            task_id = self.queued.get(key)
        if task_id is None:
            return False
        claim = self.queue.claim(worker, seconds, task_id=task_id)
        return claim is not None and self._take(agent_id, claim)

    def _take(self, agent_id: str, claim: AnyClaim) -> bool:
        """Write down that the agent has a task, unless nobody is to work on it now.

        Of a task there may be another one in the queue, of an earlier addition or of a concurrent
        one in another region. That counts which was added last; it waits where who has claimed the
        other one is at work.
        """
        key = self.key_of(claim.value)
        is_queued = self.queued.get(key) == claim.id
        if not self.tasks.contains(claim.value):
            if claim.attempts < LOOKS:
                self._put_by(claim)
            else:
                with self.replica.batch() as batch:
                    batch.on(self.queue).discard(claim.id)
                    if is_queued:
                        batch.on(self.queued).delete(key)
            return False
        if is_queued:
            his = TaskClaim(agent=agent_id, id=claim.id, fence=claim.fence)
            known = self.claims.setdefault(key, his, ttl=claim.lease)
            if known == his:
                return True
            if known.id == claim.id or not self._is_held(known):
                self.claims.set(key, his, ttl=claim.lease)
                return True
        self._put_by(claim)
        return False

    def _is_held(self, known: TaskClaim) -> bool:
        try:
            self.queue.resume(known.id, known.fence)
        except Fenced:
            return False
        return True

    def _put_by(self, claim: AnyClaim) -> None:
        with suppress(Fenced):  # then it is another's, who finds the same
            claim.release(HELD_BACK)

    def release_task(self, agent_id: str, task: T) -> bool:
        """Give up an agent's claim, so that others may have the task; False if it has none.

        False, too, where it was claimed in another region. Four round trips.
        """
        key = self.key_of(task)
        known = self.claims.get(key)
        if known is None or known.agent != agent_id:
            return False
        try:
            claim = self.queue.resume(known.id, known.fence)
            self.claims.delete(key)
            claim.release()
        except Fenced:
            return False
        return True

    def complete_task(self, task: T) -> bool:
        """Take a task off the list and count it, as one write; False if it is not on the list.

        Whoever completes it first does, whether or not an agent has claimed it: that agent is told
        False. Across regions each removal counts where it took effect: a task that was completed
        in two regions before they synchronised counts twice, which does not happen where agents
        claim what they work on. Two round trips, and up to three more if it is not on the list.
        """
        key = self.key_of(task)
        task_id = self.queued.get(key)
        try:
            with self.replica.batch() as batch:
                batch.on(self.tasks).remove(task, required=True)
                batch.on(self.queued).delete(key)
                batch.on(self.again).delete(key)
                if task_id is not None:
                    batch.on(self.queue).discard(task_id)
                batch.on(self.claims).delete(key)
                batch.on(self.completed).increment()
        except BatchAborted:
            self._forget_claim(key)
            return False
        return True

    def _forget_claim(self, key: str) -> None:
        """Let go of a claim of what was completed elsewhere, unless the task was added again."""
        known = self.claims.get(key)
        if known is not None and known.id != self.queued.get(key):
            with self.replica.batch() as batch:
                batch.on(self.claims).delete(key)
                batch.on(self.queue).discard(known.id)

    def get_pending_tasks(self) -> AbstractSet[T]:
        """Return the tasks that are to be done. One round trip per 500."""
        pending: AbstractSet[T] = self.tasks.get_elements()
        return pending

    def get_completed_count(self) -> int:
        """Return how many completions were counted, over all regions. One round trip."""
        return self.completed.value()

    def set_status(self, agent_id: str, status: str, *, seconds: float | None = None) -> None:
        """Say what an agent is doing, for so long if ``seconds`` are given. One round trip."""
        self.status.set(agent_id, status, ttl=seconds)

    def get_status(self, agent_id: str) -> str | None:
        """Return what an agent is doing; None if it never said. One round trip."""
        return self.status.get(agent_id)

    def agents(self) -> dict[str, str]:
        """Return all agents with their status. One round trip per 500."""
        return dict(self.status.items())

    def update_config(self, key: str, value: Any) -> None:
        """Set one key of the configuration that all agents share. One round trip."""
        self.config.set(key, value)

    def get_config(self, key: str, default: Any = None) -> Any:
        """Return one key of the configuration. One round trip."""
        return self.config.get(key, default)

    def synchronize(self, other: DistributedStateManager[Any]) -> SyncReport:
        """Bring this replica and that of ``other`` in step, both ways."""
        return self.replica.sync(other.replica)
