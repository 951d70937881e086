"""What it costs that regions are far apart, beside the same where they are not.

Both go through a proxy in a process of its own, which lets bytes wait or not. Syncers, writers and
readers are processes, too. Where a figure is one of the network, the note tells whether that or
this machine was the limit: without distance and without limit it shows how fast the machine is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import NamedTuple

from redis_crdt import Replica
from redis_crdt.cli.bench.deltas import element
from redis_crdt.cli.bench.figures import Figure, Spread, amount
from redis_crdt.servers import Server
from tests.benchmarks.catching_up import SPAWN, catch_up, reading
from tests.benchmarks.propagation import sync
from tests.benchmarks.run import Run
from tests.proxy import NEAR, Distance, ProxyProcess

RTT = 0.1
"""The round trip, in seconds, where nothing else is said."""

AWAY = f"RTT {RTT * 1000:g} ms"

FAR = Distance(delay=RTT / 2)

MBIT = 1e6 / 8
"""Bytes per second."""

CHANGES = 10_000
"""In a delta."""

RATE = 20_000
"""Changes per second, of what is written all the while."""

AT_ONCE = 100
"""How many elements are written at a time."""

MARKED = 0.1
"""Every so many seconds a marker is written among them."""

WRITES = 50
"""Of how many it is looked in one round when they can be read on the other side."""

LOOK = 0.0005
"""For how many seconds one who waits for a value sleeps before it looks again."""

ROUND_TRIPS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3)
"""Those of the plot, in seconds."""


def path_of(server: Server) -> str:
    return str(server.directory / "redis.sock")


# Catching up -----------------------------------------------------------------------------------


class Catch(NamedTuple):
    """What it took a new region to catch up."""

    seconds: float
    wire: int
    """How many bytes crossed to it."""
    payload: int
    """How many of them were entries, as the syncer counts them."""
    megabytes: float
    """The memory of its syncer."""


@dataclass
class Catches:
    """Rounds of it."""

    found: list[Catch] = field(default_factory=list)
    at_source: list[float] = field(default_factory=list)
    """The p99 of another client's reads, in milliseconds."""
    at_target: list[float] = field(default_factory=list)

    def add(self, run: Run, source: Server, distance: Distance, entries: int) -> None:
        """Let another new region catch up."""
        with (
            Server(run.binary) as target,
            ProxyProcess(path_of(source), distance) as network,
            reading(source.url, self.at_source),
            reading(target.url, self.at_target),
        ):
            result, sender = SPAWN.Pipe()
            args = target.url, network.url, sender
            syncer = SPAWN.Process(target=catch_up, args=args, daemon=True)
            syncer.start()
            seconds, megabytes, payload = result.recv()
            wire = network.carried().replies
            syncer.kill()
            syncer.join()
            with Replica.from_url(target.url) as us:
                assert len(us.or_set("set", str)) == entries
            self.found.append(Catch(seconds, wire, payload, megabytes))

    @property
    def rates(self) -> list[float]:
        """Bytes per second on the wire, of each round."""
        return [catch.wire / catch.seconds for catch in self.found]


@contextmanager
def filled(run: Run, entries: int) -> Iterator[Server]:
    """A source whose feed does not tell of all its entries."""
    with Server(run.binary) as source:
        with Replica.from_url(source.url, replica_id="eu", feed_limit=1000) as eu:
            eu.or_set("set", str).update(map(element, range(entries)))
        yield source


def caught_up_from_afar(run: Run) -> Iterator[Figure]:
    near, far, narrow = Catches(), Catches(), Catches()
    wide = Distance(FAR.delay, bandwidth=100 * MBIT)
    with filled(run, run.entries) as source:
        for _ in range(run.few_rounds):
            near.add(run, source, NEAR, run.entries)
            far.add(run, source, FAR, run.entries)
            narrow.add(run, source, wide, run.entries)
    work = f"catching up {run.entries:,} entries at {AWAY}"
    rounds = list(zip(near.found, far.found, strict=True))
    ratio = Spread.of(a.seconds / b.seconds for a, b in rounds)
    note = " against ".join(_per_second(run.entries, c.found) for c in (far, near))
    yield Figure(work, "at RTT 0, by speed", ratio, 0.5, at_least=True, note=note)
    for where, p99s in (("source", far.at_source), ("target", far.at_target)):
        name = f"{work}: another client's `GET` at the {where}, p99"
        near_by = near.at_source if where == "source" else near.at_target
        note = f"{median(near_by):.2f} ms at RTT 0"
        yield Figure(name, "", Spread.of(p99s), 10, unit="ms", note=note)
    yield Figure(f"{work}: memory of the syncer", "", _memory(far.found), 100, unit="MB")
    yield _share(f"{work}, 100 Mbit/s", narrow, near, wide, run.entries)
    wire = Spread.of(catch.wire / run.entries for catch in far.found)
    of_entries = median(catch.payload / run.entries for catch in far.found)
    note = f"{amount(of_entries, 'B')} of them are fields and entries, as `SyncReport` counts"
    work = "bytes that cross per element of 20, in a full scan"
    yield Figure(work, "", wire, 36, unit="B", note=note)


def on_a_narrow_network(run: Run) -> Iterator[Figure]:
    """The same where the network is narrower than what this machine can do."""
    near, narrow = Catches(), Catches()
    distance = Distance(FAR.delay, bandwidth=10 * MBIT)
    with filled(run, run.many) as source:
        for _ in range(run.few_rounds):
            near.add(run, source, NEAR, run.many)
            narrow.add(run, source, distance, run.many)
    work = f"catching up {run.many:,} entries at {AWAY}, 10 Mbit/s"
    yield _share(work, narrow, near, distance, run.many)


def _share(
    work: str, narrow: Catches, unlimited: Catches, distance: Distance, entries: int
) -> Figure:
    """Tell how much of what a network can carry is entries."""
    width = distance.bandwidth or 0.0
    share = Spread.of(catch.payload / catch.seconds / width for catch in narrow.found)
    full, possible = median(narrow.rates) / width, median(unlimited.rates) / width
    note = f"{_per_second(entries, narrow.found)}; with all that is beside entries {full:.2f}x"
    note += f"; this machine could fill it {possible:.2g} times at RTT 0"
    if possible < 1.1:
        note += ": the CPU is the limit, not the network"
    return Figure(
        f"{work}: share of it that carries entries", "", share, 0.8, at_least=True, note=note
    )


def _per_second(entries: int, found: list[Catch]) -> str:
    return f"{median(entries / catch.seconds for catch in found):,.0f} entries/s"


def _memory(found: list[Catch]) -> Spread:
    return Spread.of(catch.megabytes for catch in found)


# Two regions that are apart ---------------------------------------------------------------------


class Apart(NamedTuple):
    """Two regions, and the network by which the second one reaches the first."""

    source: Server
    target: Server
    network: ProxyProcess
    eu: Replica
    us: Replica


@contextmanager
def apart(run: Run, distance: Distance) -> Iterator[Apart]:
    with (
        Server(run.binary) as source,
        Server(run.binary) as target,
        ProxyProcess(path_of(source), distance) as network,
        Replica.from_url(source.url, replica_id="eu") as eu,
        Replica.from_url(target.url, replica_id="us") as us,
    ):
        yield Apart(source, target, network, eu, us)


@contextmanager
def synced(run: Run, distance: Distance) -> Iterator[Apart]:
    """The same in step, with a syncer each; the other one is as far from what it pulls."""
    with (
        apart(run, distance) as regions,
        ProxyProcess(path_of(regions.target), distance) as back,
    ):
        pairs = (regions.target.url, regions.network.url), (regions.source.url, back.url)
        syncers = [SPAWN.Process(target=sync, args=pair, daemon=True) for pair in pairs]
        for syncer in syncers:
            syncer.start()
        try:
            here, there = regions.eu.g_counter("ready"), regions.us.g_counter("ready")
            here.increment()
            while there.value() < 1:
                sleep(0.01)
            there.increment()
            while here.value() < 2:
                sleep(0.01)
            yield regions
        finally:
            for syncer in syncers:
                syncer.terminate()
                syncer.join()


class Delta:
    """Deltas that are pulled from afar."""

    def __init__(self, run: Run, distance: Distance, opened: ExitStack) -> None:
        regions = opened.enter_context(apart(run, distance))
        self.network, self.here, self.there = regions.network, regions.eu, regions.us
        self.seen = opened.enter_context(Replica.from_url(self.network.url))
        self.size = max(2 * CHANGES, run.many)
        self.here.or_set("set", str).update(map(element, range(self.size)))
        self.there.pull(self.seen)
        self.seconds: list[float] = []
        self.bytes: list[int] = []

    def pull(self, turn: int) -> None:
        """Pull what has changed."""
        first = turn * CHANGES
        changed = (element(i % self.size) for i in range(first, first + CHANGES))
        self.here.or_set("set", str).update(changed)
        before = self.network.carried()
        report = self.there.pull(self.seen)
        carried = self.network.carried() - before
        assert report.changed == CHANGES
        self.seconds.append(report.seconds)
        self.bytes.append(carried.requests + carried.replies)


def delta_from_afar(run: Run) -> Iterator[Figure]:
    with ExitStack() as opened:
        near, far = (Delta(run, distance, opened) for distance in (NEAR, FAR))
        for turn in range(max(4, run.rounds // 4)):
            for side in (near, far):
                side.pull(turn)
    work = f"delta of {CHANGES:,} changes at {AWAY}"
    spent = Spread.of(seconds / RTT for seconds in far.seconds)
    beyond = median(b - a for a, b in zip(near.seconds, far.seconds, strict=True)) / RTT
    note = f"{amount(beyond, 'RTT')} more than the {median(near.seconds) * 1000:.0f} ms at RTT 0"
    yield Figure(work, "", spent, 4, unit="RTT", note=note)
    each = Spread.of(size / CHANGES for size in far.bytes)
    work = "bytes that cross per element of 20, in a delta"
    yield Figure(work, "", each, 40, unit="B", note="requests included")


# Written all the while --------------------------------------------------------------------------


class Written(NamedTuple):
    """What a writer has done."""

    markers: list[float]
    """When each was written."""
    per_second: float


def write_on(url: str, seconds: float, elements: int, result: Connection) -> None:
    """Write at an even pace, with a marker now and then. All processes have the same clock."""
    markers: list[float] = []
    with Replica.from_url(url, replica_id="eu") as eu:
        tasks, marks = eu.or_set("set", str), eu.or_set("markers", int)
        began, written = monotonic(), 0
        while monotonic() < began + seconds:
            if not markers or monotonic() >= markers[-1] + MARKED:
                markers.append(monotonic())
                marks.add(len(markers) - 1)
            numbers = range(written, written + AT_ONCE)
            tasks.update(element(i % elements) for i in numbers)
            written += AT_ONCE
            sleep(max(0.0, began + written / RATE - monotonic()))
        result.send(Written(markers, written / (monotonic() - began)))


def follow(run: Run, distance: Distance, seconds: float) -> tuple[list[float], float]:
    """Write for so many seconds.

    Returns for how many seconds each marker could not be read on the other side, and how many
    changes per second were written. Each marker is another element, so that none overtakes what
    was written before it.
    """
    with synced(run, distance) as regions:
        result, sender = SPAWN.Pipe()
        args = regions.source.url, seconds, run.many, sender
        writer = SPAWN.Process(target=write_on, args=args, daemon=True)
        writer.start()
        marks = regions.us.or_set("markers", int)
        seen: list[float] = []
        written: Written | None = None
        while written is None or len(seen) < len(written.markers):
            if len(seen) in marks:
                seen.append(monotonic())
                continue
            if written is None and result.poll():
                written = result.recv()
            sleep(LOOK)
        writer.join()
    found = [there - here for here, there in zip(written.markers, seen, strict=True)]
    return found, written.per_second


def written_all_the_while(run: Run) -> Iterator[Figure]:
    near, _ = follow(run, NEAR, run.seconds / 6)
    far, rate = follow(run, FAR, run.seconds)
    for name, at, target in (("median", 0.5, None), ("at most", 1.0, 3)):
        yield Figure(
            f"{RATE:,} changes/s for {run.seconds:g} s at {AWAY}: how far behind, {name}",
            "",
            Spread.of([_at(far, at) / RTT]),
            target,
            unit="RTT",
            note=f"{_at(near, at) * 1000:.0f} ms at RTT 0; {rate:,.0f} changes/s were written",
        )


# One change -------------------------------------------------------------------------------------


def delays(regions: Apart, first: int, pauses: Iterator[float]) -> Iterator[float]:
    """Write now and then; yields after how many seconds each can be read on the other side."""
    here, there = (side.lww_register("r", int) for side in (regions.eu, regions.us))
    for i in range(first, first + WRITES):
        sleep(next(pauses))
        began = monotonic()
        here.set(i)
        while there.get() != i:
            sleep(LOOK)
        yield monotonic() - began


def one_change(run: Run) -> Iterator[Figure]:
    near, far = list[float](), list[float]()
    chance = random.Random("pauses")
    pauses = iter(lambda: chance.uniform(0, 3 * RTT), None)
    with synced(run, NEAR) as beside, synced(run, FAR) as away:
        for turn in range(max(2, run.rounds // 4)):
            near += delays(beside, 1 + turn * WRITES, pauses)
            far += delays(away, 1 + turn * WRITES, pauses)
    for name, at, target in (("median", 0.5, 1.1), ("p99", 0.99, 1.6)):
        a, b = _at(near, at), _at(far, at)
        yield Figure(
            f"a change's way to another region at {AWAY}, {name}",
            "beyond that at RTT 0",
            Spread.of([(b - a) / RTT]),
            target,
            unit="RTT",
            note=f"{b * 1000:.1f} ms against {a * 1000:.1f} ms, of {len(far)}",
        )


def _at(times: list[float], part: float) -> float:
    return sorted(times)[min(int(len(times) * part), len(times) - 1)]


# All of it --------------------------------------------------------------------------------------


def distance(run: Run) -> Iterator[Figure]:
    """Measure each beside the same at RTT 0."""
    yield from one_change(run)
    yield from delta_from_afar(run)
    yield from written_all_the_while(run)
    yield from on_a_narrow_network(run)
    yield from caught_up_from_afar(run)


def plot(run: Run, file: Path, title: str) -> None:
    """Draw how fast a region catches up, by the round trip. Needs ``matplotlib``."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    spreads = []
    with filled(run, run.many) as source:
        for round_trip in ROUND_TRIPS:
            catches = Catches()
            for _ in range(run.few_rounds):
                catches.add(run, source, Distance(round_trip / 2), run.many)
            spreads.append(Spread.of(run.many / catch.seconds for catch in catches.found))
    figure, axis = pyplot.subplots(figsize=(6, 4.5), layout="constrained")
    at = [1000 * round_trip for round_trip in ROUND_TRIPS]
    axis.plot(at, [spread.median for spread in spreads], marker="o")
    axis.fill_between(at, [s.low for s in spreads], [s.high for s in spreads], alpha=0.2)
    what = f"catching up {run.many:,} entries"
    axis.set(xlabel="round trip, ms", ylabel="entries per second", title=what, ylim=(0, None))
    axis.grid(visible=True, which="major", alpha=0.3)
    figure.suptitle(title)
    figure.savefig(file)
