"""What a synchronisation did."""

from __future__ import annotations

from dataclasses import dataclass

from redis_crdt.operations.replies import Refused

MAX_REFUSED = 100
"""How many entries that were refused a report names."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a pull, or a sync in both directions, sent and changed."""

    entries: int = 0
    """How many entries were sent."""
    changed: int = 0
    """How many of them changed something where they arrived."""
    bytes: int = 0
    """The size of what was sent: fields and entries."""
    batches: int = 0
    """In how many batches it went."""
    seconds: float = 0.0
    """How long it took."""
    full_scan: bool = False
    """Whether all entries were compared, since the feed did not tell all that was lacking."""
    refused: tuple[Refused, ...] = ()
    """Entries that were left out, as ill-formed or too large, a hundred at most. All the rest is
    joined; but the next pull that begins anew asks again for all that came after them."""

    def __add__(self, other: SyncReport) -> SyncReport:
        return SyncReport(
            self.entries + other.entries,
            self.changed + other.changed,
            self.bytes + other.bytes,
            self.batches + other.batches,
            self.seconds + other.seconds,
            self.full_scan or other.full_scan,
            (self.refused + other.refused)[:MAX_REFUSED],
        )
