"""Who wants to know all that a syncer does, such as its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from redis_crdt.errors import CRDTError
from redis_crdt.sync.report import SyncReport

if TYPE_CHECKING:
    from redis_crdt.sync.link import Link
    from redis_crdt.sync.status import Status


class Observer(Protocol):
    """One who wants to know all that a syncer does."""

    def began(self, link: Link) -> None:
        """A peer is followed from now on."""

    def ended(self, link: Link) -> None:
        """A peer is followed no more."""

    def pulled(self, link: Link, report: SyncReport) -> None:
        """A pull ended well."""

    def failed(self, link: Link, error: CRDTError) -> None:
        """A pull failed, by a fault of the peer or of the way to it."""

    def replica_failed(self, error: CRDTError) -> None:
        """The replica's own server failed."""

    def replica_recovered(self) -> None:
        """The replica's own server is well again."""

    def collected(self, tombstones: int) -> None:
        """So many tombstones were collected."""

    def surveyed(self, status: Status) -> None:
        """The replica was looked over, as it is once per interval."""
