"""What blocking and in-memory replicas have in common, for programs that take either.

``def run(replica: Backend) -> None`` accepts :class:`redis_crdt.Replica` on any server and
:class:`redis_crdt.memory.Replica`. What the methods mean and cost is said there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from redis_crdt.sync.report import SyncReport
from redis_crdt.types.protocol import Types

if TYPE_CHECKING:
    from redis_crdt.replica.blocking import Replica
    from redis_crdt.replica.memory import Replica as MemoryReplica
    from redis_crdt.sync.files import File
    from redis_crdt.types.budget.blocking import Budget
    from redis_crdt.types.budget.memory import Budget as MemoryBudget
    from redis_crdt.types.work_queue.blocking import Claim
    from redis_crdt.types.work_queue.memory import Claim as MemoryClaim


class Backend(Types, Protocol):
    """A replica whose calls need no ``await``."""

    namespace: str

    def batch(self) -> Any:
        """Begin a batch."""

    def pull(self, source: Any) -> SyncReport:
        """Bring here what another replica has."""

    def sync(self, peer: Any) -> SyncReport:
        """Pull both ways."""

    def dump(self, file: File) -> int:
        """Write everything to a file."""

    def load(self, file: File, *, from_namespace: str | None = None) -> int:
        """Join what a file holds."""

    def close(self) -> None:
        """Close what this replica opened."""


AnyReplica: TypeAlias = "Replica | MemoryReplica"
"""A replica whose calls need no ``await``, with all that its collections can."""

AnyBudget: TypeAlias = "Budget | MemoryBudget"
"""A budget of one."""

AnyClaim: TypeAlias = "Claim[Any] | MemoryClaim[Any]"
"""A task that was claimed of a queue of one."""
