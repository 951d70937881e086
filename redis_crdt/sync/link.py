"""What a syncer knows of one of its peers, and tells to whoever asks."""

from __future__ import annotations

from math import inf
from time import monotonic, time
from typing import Literal

from pydantic import BaseModel, Field, PrivateAttr, computed_field

from redis_crdt.errors import CRDTError, NamespaceMissing
from redis_crdt.sync.joining import Progress
from redis_crdt.sync.report import SyncReport

COUNTED_FOR = 1.0
"""For how many seconds at least what comes is counted before that is a rate."""

REPEATED_AFTER = 600.0
"""After how many seconds a failure that goes on is logged again."""


class Failures:
    """Tells which failures are news: the first of each kind since all was well, now and then."""

    def __init__(self) -> None:
        self._logged: dict[str, float] = {}

    def is_news(self, error: CRDTError) -> bool:
        """Note a failure; returns whether it is to be logged."""
        kind, now = type(error).__name__, monotonic()
        if now - self._logged.get(kind, -inf) < REPEATED_AFTER:
            return False
        self._logged[kind] = now
        return True

    def forget(self) -> None:
        """Note that all is well."""
        self._logged.clear()


LinkState = Literal["starting", "waiting", "scanning", "following", "failing"]


class Link(BaseModel):
    """One peer of a syncer. Times are seconds since 1970."""

    peer: str
    """The peer's replica id; its address, as long as that is not known."""
    address: str = ""
    """Where its server is: this names the link for as long as it is there."""
    state: LinkState = "starting"
    """``starting``: nothing was heard yet, or the replica's own server fails; ``waiting``: the peer
    has not that namespace yet; ``scanning``: all of it is compared; ``following``: all that it had
    was read, and news come; ``failing``: see ``last_error``."""
    told: float = 0.0
    """When this was written down."""
    every: float = 30.0
    """After how many seconds it is written down again at the latest."""
    since: float = Field(default_factory=time)
    """Since when it is in this state."""
    last_contact: float | None = None
    """When it answered last."""
    last_pull: float | None = None
    """When all that it had was read last."""
    last_error: str | None = None
    """What went wrong last; None since all is well again."""
    own_error: str | None = None
    """What is the matter with the replica's own server, where that keeps it from being read."""
    failures: int = 0
    """How often in a row it failed."""
    pulls: int = 0
    entries: int = 0
    changed: int = 0
    bytes: int = 0
    """What came from it since the syncer started."""
    refused: list[str] = []
    """What was refused of it in the last pull: collection, field and reason; ten at most."""
    scanned: int = 0
    to_scan: int = 0
    """How far reconciling has come, and how many entries the peer has about."""
    drift: float | None = None
    """How many seconds its clock is ahead of this replica's."""
    round_trip: float | None = None
    """How many seconds a request to it and its reply take."""
    window: int = 0
    """How many requests may be on their way to it at once."""
    entries_per_second: float = 0.0
    bytes_per_second: float = 0.0
    """What came from it, in the seconds before this was written down."""
    behind_entries: int = 0
    """About how many references of its feed were not read yet; 0 where it is followed."""
    unread_since: float | None = None
    """When the oldest of its writes that was not read yet was made; None where all was read."""
    one_way: bool = False
    """Whether neither it nor any that it reads has ever read this replica."""

    _began: float = PrivateAttr(default_factory=time)
    _counted: tuple[float, int, int] = PrivateAttr(default_factory=lambda: (monotonic(), 0, 0))
    _failures: Failures = PrivateAttr(default_factory=Failures)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def behind_seconds(self) -> float:
        """How old the oldest of its writes is that was not read yet; 0 where all was read."""
        return 0.0 if self.unread_since is None else max(0.0, time() - self.unread_since)

    @property
    def lag_seconds(self) -> float:
        """For how long not all that it has was read; 0 where it is followed."""
        following = self.state == "following"
        return 0.0 if following else max(0.0, time() - (self.last_pull or self._began))

    @property
    def is_silent(self) -> bool:
        """Whether the syncer seems to be gone."""
        return time() - self.told > 3 * self.every + 10

    def _enter(self, state: LinkState) -> bool:
        if state == self.state:
            return False
        self.state, self.since = state, time()
        return True

    def heard(self) -> None:
        """Note that the peer has answered."""
        self.last_contact = time()

    def in_step(self) -> None:
        """Note that all that the peer had was read."""
        self.last_contact = self.last_pull = time()
        self.unread_since = None

    def pulled(self, report: SyncReport) -> bool:
        """Note a pull that ended well; returns whether that is news."""
        self.heard()
        self.last_error, self.own_error, self.failures = None, None, 0
        self._failures.forget()
        self.pulls += 1
        self.entries += report.entries
        self.changed += report.changed
        self.bytes += report.bytes
        refused = [f"{r.collection} {r.field}: {r.reason}" for r in report.refused[:10]]
        is_news = bool(refused) and refused != self.refused
        self.refused = refused or (self.refused if report.batches == 0 else [])
        return self._enter("following") or is_news

    def failed(self, error: CRDTError) -> bool:
        """Note a pull that failed; returns whether that is news, or has not been so for long."""
        self._enter("waiting" if isinstance(error, NamespaceMissing) else "failing")
        self.last_error, self.own_error = f"{type(error).__name__}: {error}", None
        self.failures += 1
        return self._failures.is_news(error)

    def interrupted(self, error: CRDTError) -> None:
        """Note that it is not read for now, for no fault of its own."""
        self._enter("starting")
        self.own_error = f"{type(error).__name__}: {error}"

    def progressed(self, progress: Progress) -> bool:
        """Note how far pulling is; returns whether reconciling has only begun."""
        self.scanned, self.to_scan = progress.scanned, progress.to_scan
        self.behind_entries, self.window = progress.behind_entries, progress.window
        since, entries, size = self._counted
        if (passed := monotonic() - since) >= COUNTED_FOR:
            self.entries_per_second = (progress.entries - entries) / passed
            self.bytes_per_second = (progress.bytes - size) / passed
            self._counted = monotonic(), progress.entries, progress.bytes
        return progress.to_scan > 0 and self._enter("scanning")
