"""One run: regions at work, struck by faults, healed, and judged."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from redis_crdt.core.clock import parse_clock
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys
from redis_crdt.errors import CRDTError
from redis_crdt.servers import find_binary
from tests.faults.checker import check, seen_by_readers
from tests.faults.history import COLLECTIONS, Entries, History, parse, read_journals
from tests.faults.nemesis import (
    FAULTS,
    Scene,
    find_libfaketime,
    plan,
    possible,
    unleash,
    with_clock,
)
from tests.faults.regions import Region, Regions, persistences, until
from tests.proxy import Distance

SERVERS = ("valkey", "redis", "valkey")
"""Those of the regions eu, us and ap where nothing else is said."""

NO_COLLECTION = 1e6
"""A grace period in which nothing is ever collected."""

GRACE = 0.5
"""A grace period that is shorter than many faults."""


@dataclass(frozen=True)
class Settings:
    """What a run is made of; the same settings make the same plan and the same operations."""

    seed: str
    seconds: float = 60.0
    operations: int = 1_000_000
    """How many operations each client does at most."""
    clients: int = 2
    """How many there are in each region."""
    servers: tuple[str, ...] = SERVERS
    """A flavour for each region, with ``-cluster`` at its end for a Cluster of such servers."""
    faults: tuple[str, ...] = possible(SERVERS)

    collect: bool = False
    """Whether tombstones are collected though some servers forget."""
    distance: float = 0.0
    """For how many seconds what regions tell each other is on its way, and half of that longer at
    random. To a Cluster there is no network that could be far."""

    @property
    def collects(self) -> bool:
        """Whether tombstones are collected: where no server forgets, or it is asked for."""
        return self.collect or not any(FAULTS[fault].forgets for fault in self.faults)


@dataclass(frozen=True)
class Verdict:
    """What came of a run."""

    settings: Settings
    violations: list[str]
    strikes: Counter[str]
    outcomes: Counter[str]
    refusals: Counter[str]
    entries: int
    forgot: int
    forgotten: int
    """How many writes were acknowledged by a server that may have forgotten them."""
    seconds: float
    """How long all of it took."""
    healing: float
    """How long it took the regions to become equal once the faults had stopped."""

    @property
    def page(self) -> str:
        """All of it, for people."""
        s = self.settings
        faults = ", ".join(f"{n} {name}" for name, n in sorted(self.strikes.items()))
        outcomes = ", ".join(f"{n} {name}" for name, n in sorted(self.outcomes.items()))
        refusals = ", ".join(f"{n} {name}" for name, n in self.refusals.most_common(8))
        lines = [
            f"seed        {s.seed}",
            f"servers     {', '.join(s.servers)}; {s.clients} clients each"
            + f"; {s.distance:g} s apart" * bool(s.distance),
            f"faults      {faults}",
            f"operations  {outcomes}",
            f"errors      {refusals or 'none'}",
            f"servers that forgot: {self.forgot}, and up to {self.forgotten} writes with that; "
            f"entries in the end: {self.entries}",
            f"equal {self.healing:.1f} s after the last fault; {self.seconds:.1f} s in all",
            "",
            *(f"VIOLATION   {violation}" for violation in self.violations),
            "verdict     " + ("NOT SOUND" if self.violations else "sound"),
        ]
        if self.violations:
            lines.append(f"again       {self.replay}")
        return "\n".join(lines)

    @property
    def replay(self) -> str:
        """The command that does the same again."""
        s = self.settings
        return (
            f"python -m tests.faults --seed {s.seed} --seconds {s.seconds:g} "
            f"--operations {s.operations} --clients {s.clients} "
            f"--faults {','.join(s.faults)} --servers {','.join(s.servers)}"
            + f" --distance {s.distance:g}" * bool(s.distance)
            + " --collect" * s.collect
        )


def choose(seed: str, faults: Sequence[str]) -> tuple[str, ...]:
    """Return those of the faults that this seed takes: servers that forget, or collection."""
    if random.Random(f"choice {seed}").random() < 0.5:
        return tuple(faults)
    return tuple(f for f in faults if not FAULTS[f].forgets) or tuple(faults)


def run(settings: Settings) -> Verdict:
    """Carry it out."""
    began = monotonic()
    with TemporaryDirectory() as directory:
        flavours, kept = zip(*persistences(settings.servers), strict=True)
        binaries = [find_binary(flavour) for flavour in flavours]
        if "clock" in settings.faults:
            library = find_libfaketime()
            assert library is not None, "libfaketime is not installed"
            binaries = [
                with_clock(b, library, Path(directory)) if b.flavour == "valkey" else b
                for b in binaries
            ]
        with Regions(
            binaries,
            kept,
            Path(directory),
            seed=settings.seed,
            operations=settings.operations,
            clients=settings.clients,
            grace=GRACE if settings.collects else NO_COLLECTION,
            distance=Distance(settings.distance, settings.distance / 2),
        ) as regions:
            return _run(settings, regions, began)


def _run(settings: Settings, regions: Regions, began: float) -> Verdict:
    scene = Scene(regions, settings.seed)
    strikes = plan(settings.seed, settings.seconds, settings.faults, regions.regions)
    regions.start_clients()
    finals: dict[str, Entries] = {}
    healed = monotonic()
    try:
        unleash(scene, strikes, settings.seconds)
        regions.stop_clients()
        healed = monotonic()
        if scene.drift > 60:
            _allow_drift(regions)
        # Tombstones of a clock that is ahead are not old before the others have caught up.
        collects = settings.collects and scene.drift < 1
        if collects:
            scene.violations += _collected_too_early(regions)
        finals = _settle(regions, not settings.collects, collects)
        if collects:
            scene.violations += _kept_for_ever(regions)
    except Exception:
        scene.violations.append(f"the run broke off: {traceback.format_exc()}")
    healing = monotonic() - healed
    operations = read_journals(sorted(regions.directory.glob("*.journal")))
    history = History(operations, scene.forgot, collected=settings.collects)
    violations = scene.violations + (check(history, finals) if finals else [])
    return Verdict(
        settings=settings,
        violations=violations,
        strikes=Counter(strike.fault for strike in strikes),
        outcomes=Counter(operation.outcome for operation in operations),
        refusals=Counter(op.error.partition("(")[0] for op in operations if op.error),
        entries=len(next(iter(finals.values()), ())),
        forgot=len(scene.forgot),
        forgotten=sum(map(history.is_forgotten, operations)),
        seconds=monotonic() - began,
        healing=healing,
    )


def _allow_drift(regions: Regions) -> None:
    """Do as the error says that regions refuse each other with whose clocks were hours apart."""
    for region in regions.regions:
        region.kill_syncer()
        region.max_drift = 1e6
        regions.start_syncer(region)


def _settle(regions: Regions, byte_for_byte: bool, collects: bool) -> dict[str, Entries]:
    """Wait until the regions are equal and have collected what may go; return what they have."""
    finals: dict[str, Entries] = {}

    def is_settled() -> bool:
        finals.update({region.name: region.entries() for region in regions.regions})
        seen = [e if byte_for_byte else seen_by_readers(e) for e in finals.values()]
        is_done = not collects or not any(map(_tombstones, finals.values()))
        return is_done and seen.count(seen[0]) == len(seen)

    with suppress(AssertionError):  # the checker says better what is not equal
        until(is_settled, "equal regions")
    return finals


def _tombstones(entries: Entries) -> int:
    """Return how many there are of those that are collected."""
    removable = {
        name
        for name, kind in COLLECTIONS.items()
        if KINDS[kind].is_packed and not KINDS[kind].is_inverted
    }
    return sum(
        parse(*at, entry).is_tombstone for at, entry in entries.items() if at[0] in removable
    )


def _collected_too_early(regions: Regions) -> list[str]:
    """Return where tombstones have gone that were not as old as the grace period."""
    found = []
    for region in regions.regions:
        with region.replica() as replica, region.client() as client:
            shard = replica.status().shards[0]
            seconds, micros = client.time()
            age = int(seconds) + int(micros) / 1e6 - parse_clock(shard.collected.encode()).ms / 1000
            if age < GRACE:
                found.append(f"{region.name} has collected what was {age:.3f} s old")
    return found


def _kept_for_ever(regions: Regions) -> list[str]:
    """Return what ought to have been collected."""
    found = []
    for region in regions.regions:
        with suppress(CRDTError):
            found += _kept_by(region)
    return found


def _kept_by(region: Region) -> list[str]:
    prefix = Keys("default").prefix
    found = []
    left = _tombstones(region.entries())
    if left:
        found.append(f"{region.name}: {left} tombstones are left")
    with region.client() as client:
        peers = len(region.peer_urls)
        for what, most in (("known", 64), ("peers", peers), ("scans", 0), ("links", peers)):
            size = client.hlen(prefix + what.encode())
            if size > most:
                found.append(f"{region.name}: {size} {what} are kept, more than {most}")
    with region.replica() as replica:
        shard = replica.status().shards[0]
        if shard.feed_references > 1000:
            found.append(f"{region.name}: {shard.feed_references} references are in the feed")
    return found
