"""What blocking and in-memory replicas have in common, for programs that take either.

``def run(replica: Backend) -> None`` accepts :class:`redis_crdt.Replica` on any server and
:class:`redis_crdt.memory.Replica`. What the methods mean and cost is said there.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeVar

from redis_crdt.replica.blocking import Replica
from redis_crdt.replica.memory import Replica as MemoryReplica
from redis_crdt.sync.files import File
from redis_crdt.sync.report import SyncReport

T = TypeVar("T")


class SetLike(Protocol[T]):
    """An OR-Set."""

    def add(self, element: T) -> None:
        """Add an element."""

    def update(self, *elements: Iterable[T]) -> None:
        """Add many elements."""

    def remove(self, element: T) -> bool:
        """Remove an element, and tell whether it was there."""

    def discard(self, element: T) -> None:
        """Remove an element if it is there."""

    def get_elements(self) -> AbstractSet[T]:
        """Return all elements."""

    def __contains__(self, element: object) -> bool: ...

    def __len__(self) -> int: ...


class GrowingCounter(Protocol):
    """A G-Counter."""

    def increment(self, n: int = 1) -> None:
        """Count up."""

    def value(self) -> int:
        """Return the total over all replicas."""

    def by_replica(self) -> dict[str, int]:
        """Return the total of each replica."""


class Counter(GrowingCounter, Protocol):
    """A PN-Counter."""

    def decrement(self, n: int = 1) -> None:
        """Count down."""


class LastWriteRegister(Protocol[T]):
    """An LWW-Register."""

    def set(self, value: T) -> None:
        """Write the value."""

    def get(self) -> T | None:
        """Return the value; None when unset."""


class MultiValueRegister(Protocol[T]):
    """An MV-Register."""

    def set(self, value: T) -> None:
        """Replace all values that this replica has."""

    def get(self) -> list[T]:
        """Return the concurrent values."""


class Backend(Protocol):
    """A replica whose calls need no ``await``."""

    namespace: str

    def or_set(self, name: str, type_: Any = Any, *, partitions: int = 1) -> SetLike[Any]:
        """Open an OR-Set."""

    def g_counter(self, name: str) -> GrowingCounter:
        """Open a G-Counter."""

    def pn_counter(self, name: str) -> Counter:
        """Open a PN-Counter."""

    def lww_register(self, name: str, type_: Any = Any) -> LastWriteRegister[Any]:
        """Open an LWW-Register."""

    def mv_register(self, name: str, type_: Any = Any) -> MultiValueRegister[Any]:
        """Open an MV-Register."""

    def lww_map(
        self, name: str, type_: Any = Any, *, partitions: int = 1
    ) -> MutableMapping[str, Any]:
        """Open an LWW-Map."""

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


AnyReplica = Replica | MemoryReplica
"""A replica whose calls need no ``await``, with all that its collections can."""
