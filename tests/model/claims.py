"""A model of the work queue's rules: who may claim a task, under which fence, and after a restart.

    python -m tests.model.claims --seed 1 --runs 20000 [--variant NAME] [--without RULE ...]

Random schedules over 2 to 4 regions in a mesh, chain or star: tasks are put, claimed, extended,
done, released and handed over, leases run out by clocks that differ; transfers are partial, late,
repeated and lost; servers come back with older data, under a new name. Then all is healed and
worked off. How entries travel and removals are kept is the other model's, tests/model/knowledge.py:
here an entry has the versions that live and the names of all that were seen.

What must hold at every moment, and is found wrong by these words:
twice    a fence is given to two claims: so of all claims of a task one has the highest
both     a task is claimed while another claim's lease runs. Not where what was forgotten is late
older    a claim is given, or done, with a fence below the highest. Only if nobody forgets (`calm`)
lost     a task that some server kept is neither done nor there to be claimed in the end

Variants: calm, nobody forgets; prompt, servers forget, and what they had sent and forgot does not
arrive after that; late, it may; gone, regions never return, and others take their tasks over;
late-gone, both; wrong, such a one does return; discarded, anybody removes tasks, whoever owns or
works on them.
(Two regions never take a task in the same millisecond here. On servers they may: then two fences
may be equal, until the regions meet.)

RULE, left out on purpose to see that it is needed:
owner        only the owner claims, hands over
incarnation  who was found on older data goes on under a new name
epoch        whoever takes a task up, over, or hands it over, raises its epoch
jump         ... to the time that it is, for epochs may have been raised that were forgotten
heard        tasks of a past incarnation are taken up once all others were read since
known        ... those that the peers know, too, not only the peers
asked        ... by what was asked for since, not what was asked for before
drift        ... and of a clock that was passed on, what is later by more than clocks may differ
grace        ... and no earlier than the longest lease is over that may have been given
fence        what is done under a fence that is not the highest known here is refused
lease        a claimed task is not handed over
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
from collections import Counter
from dataclasses import dataclass, replace

DRIFT = 6  # clocks differ by less
LEASES = (4, 12, 40)


@dataclass(frozen=True)
class Options:
    """What a schedule may do, and which rules are left out."""

    without: frozenset[str] = frozenset()
    forgets: bool = True
    late: bool = False
    leaves: bool = False
    returns: bool = False
    discards: bool = False


VARIANTS = {
    "calm": Options(forgets=False),
    "prompt": Options(),
    "late": Options(late=True),
    "gone": Options(forgets=False, leaves=True),
    "late-gone": Options(late=True, leaves=True),
    "wrong": Options(late=True, leaves=True, returns=True),
    "discarded": Options(discards=True),
}

Fence = tuple[int, int]


@dataclass(frozen=True, order=True)
class Version:
    """What one write made of a task."""

    epoch: int
    n: int
    name: int  # of the write, as a dot is
    owner: str  # a writer: a region's incarnation
    claimed: bool = False

    @property
    def fence(self) -> Fence:
        return self.epoch, self.n


@dataclass(frozen=True)
class Entry:
    live: frozenset[Version] = frozenset()
    seen: frozenset[int] = frozenset()

    def join(self, other: Entry) -> Entry:
        live = {v for v in self.live if v in other.live or v.name not in other.seen}
        live |= {v for v in other.live if v.name not in self.seen}
        return Entry(frozenset(live), self.seen | other.seen)

    def written(self, *versions: Version) -> Entry:
        """Replaced by a version that has seen all of this; or removed."""
        return Entry(frozenset(versions), self.seen | {v.name for v in versions})

    @property
    def head(self) -> Version | None:
        return max(self.live, default=None)


NOTHING = Entry()


@dataclass
class Claim:
    task: int
    fence: Fence
    region: Region
    deadline: int  # by the region's clock
    over: bool = False

    def runs(self) -> bool:
        return not self.over and self.region.clock() < self.deadline


@dataclass(frozen=True)
class Message:
    """What one region sends to another, which may arrive whenever."""

    source: Region
    writer: str
    clock: int
    known: dict[str, int]
    entries: dict[int, Entry]
    whole: bool
    asked_by: str


class Wrong(Exception):
    """An invariant is broken."""


class World:
    """Time, and all that was ever done."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.time = 0
        self.names = 0
        self.claims: list[Claim] = []
        self.fences: dict[int, set[Fence]] = {}
        self.tasks: set[int] = set()
        self.done: Counter[int] = Counter()
        self.discarded: set[int] = set()
        self.given_up: set[str] = set()  # regions of which operators say that they will not return

    def on(self, rule: str) -> bool:
        return rule not in self.options.without

    def new_name(self) -> int:
        self.names += 1
        return self.names

    def claimed(self, claim: Claim) -> None:
        """Hold a claim against all that were ever given."""
        given = self.fences.setdefault(claim.task, set())
        if claim.fence in given:
            raise Wrong(f"twice: {claim.fence} of {claim.task}")
        if not self.options.late and any(c.task == claim.task and c.runs() for c in self.claims):
            raise Wrong(f"both: {claim.task} is claimed while it is leased")
        self._check_highest(claim)
        given.add(claim.fence)
        self.claims.append(claim)

    def finished(self, claim: Claim) -> None:
        self._check_highest(claim)
        self.done[claim.task] += 1

    def _check_highest(self, claim: Claim) -> None:
        given = self.fences[claim.task]
        if not (self.options.forgets or self.options.leaves) and claim.fence < max(
            given, default=claim.fence
        ):
            raise Wrong(f"older: {claim.fence} of {claim.task}, after {max(given)}")


class Region:
    """A region: what its server keeps, and its name; each method is atomic, as a script is."""

    STATE = ("writer", "birth", "last", "entries", "leases", "known", "heard")

    def __init__(self, world: World, number: int, skew: int) -> None:
        self.world, self.number, self.skew = world, number, skew
        self.name = f"r{number}"
        self.peers: list[Region] = []
        self.is_gone = False
        self.entries: dict[int, Entry] = {}
        self.leases: dict[int, int] = {}
        self.longest = 0  # not forgotten: most workers of a queue ask for one and the same
        self.known: dict[str, int] = {}
        self.heard: set[str] = set()  # those who were read by the present incarnation
        self.begin()

    def clock(self) -> int:
        return self.world.time + self.skew

    def begin(self) -> None:
        """Go on under a new name."""
        self.writer = f"{self.name}#{self.world.new_name()}"
        self.birth = self.last = self.clock()
        self.heard = set()

    def snapshot(self) -> dict[str, object]:
        return {part: copy.copy(getattr(self, part)) for part in self.STATE}

    def roll_back(self, state: dict[str, object]) -> None:
        for part, value in state.items():
            setattr(self, part, copy.copy(value))
        if self.world.on("incarnation"):
            self.begin()

    def _write(self, task: int, *versions: Version) -> None:
        self.last = self.clock()
        self.entries[task] = self.entries.get(task, NOTHING).written(*versions)

    def _is_own(self, version: Version) -> bool:
        return version.owner == self.writer or not self.world.on("owner")

    def _raised(self, epoch: int) -> int:
        """The epoch under a new owner; distinct milliseconds of the regions."""
        if not self.world.on("epoch"):
            return epoch
        now = self.clock() * 10 + self.number if self.world.on("jump") else 0
        return max(epoch + 1, now)

    def may_take_up(self) -> bool:
        """Whether what its past incarnations had can be told from what it remembers."""
        on = self.world.on
        if on("grace") and self.clock() < self.birth + self.longest:
            return False
        others = {peer.name for peer in self.peers} | (set(self.known) if on("known") else set())
        others -= self.world.given_up
        margin = DRIFT if on("drift") else 0
        since = {name for name, clock in self.known.items() if clock > self.birth + margin}
        return not on("heard") or others - {self.name} <= self.heard | since

    def put(self) -> None:
        task = self.world.new_name()
        self.world.tasks.add(task)
        self._write(task, Version(0, 0, self.world.new_name(), self.writer))

    def claim(self, rnd: random.Random, lease: int) -> bool:
        """Claim a task that waits, or whose lease is over; whether there was one."""
        tasks = list(self.entries)
        rnd.shuffle(tasks)
        for task in tasks:
            head = self.entries[task].head
            if head is None or (head.claimed and self.leases.get(task, 0) > self.clock()):
                continue
            epoch = head.epoch
            if not self._is_own(head):
                if not head.owner.startswith(f"{self.name}#") or not self.may_take_up():
                    continue
                epoch = self._raised(epoch)
            n = head.n + 1 if epoch == head.epoch else 0
            version = Version(epoch, n, self.world.new_name(), self.writer, claimed=True)
            self._write(task, version)
            self.leases[task] = self.clock() + lease
            self.longest = max(self.longest, lease)
            self.world.claimed(Claim(task, version.fence, self, self.leases[task]))
            return True
        return False

    def _holds(self, claim: Claim) -> bool:
        head = self.entries.get(claim.task, NOTHING).head
        if not self.world.on("fence"):
            return head is not None
        return head is not None and head.claimed and head.fence == claim.fence

    def finish(self, claim: Claim) -> None:
        claim.over = True
        if self._holds(claim):
            self._write(claim.task)
            self.world.finished(claim)

    def extend(self, claim: Claim, lease: int) -> None:
        if self._holds(claim):
            self.leases[claim.task] = claim.deadline = self.clock() + lease
            self.longest = max(self.longest, lease)

    def release(self, claim: Claim) -> None:
        claim.over = True
        head = self.entries.get(claim.task, NOTHING).head
        if self._holds(claim) and head and head.owner == self.writer:
            self._write(
                claim.task,
                replace(head, n=head.n + 1, name=self.world.new_name(), claimed=False),
            )

    def discard(self, task: int) -> None:
        """Remove what is known of a task here: it need not be this region's."""
        self._write(task)
        self.world.discarded.add(task)

    def hand_over(self, task: int, writer: str) -> None:
        """Make another region's writer, as it is known here, the owner."""
        head = self.entries.get(task, NOTHING).head
        if head is None or not self._is_own(head):
            return
        if self.world.on("lease") and head.claimed and self.leases.get(task, 0) > self.clock():
            return
        epoch = self._raised(head.epoch)
        self._write(task, Version(epoch, head.n + 1, self.world.new_name(), writer))

    def take_over(self, name: str) -> None:
        """On an operator's word: that region will never return."""
        for task, entry in list(self.entries.items()):
            head = entry.head
            if head is not None and head.owner.startswith(f"{name}#"):
                epoch = self._raised(head.epoch)
                self._write(task, Version(epoch, 0, self.world.new_name(), self.writer))

    def send(self, to: Region, part: list[int] | None) -> Message:
        entries = {t: e for t, e in self.entries.items() if part is None or t in part}
        known = {**self.known, self.name: self.last}
        return Message(self, self.writer, self.last, known, entries, part is None, to.writer)

    def receive(self, message: Message) -> None:
        for task, entry in message.entries.items():
            mine = self.entries.get(task, NOTHING)
            joined = mine.join(entry)
            if joined != mine:
                self.entries[task] = joined
                self.last = self.clock()
        if message.whole and (message.asked_by == self.writer or not self.world.on("asked")):
            self.heard.add(message.source.name)
            for name, clock in message.known.items():
                if name != self.name:
                    self.known[name] = max(self.known.get(name, -1), clock)


def run(seed: int, options: Options) -> str | None:
    """One schedule; what is wrong with it, if anything."""
    rnd, world = random.Random(seed), World(options)
    try:
        _run(rnd, world)
    except Wrong as wrong:
        return f"seed {seed}: {wrong}"
    return None


def _run(rnd: random.Random, world: World) -> None:
    options = world.options
    n = rnd.choice([2, 3, 3, 4])
    regions = [Region(world, i, rnd.choice([0, 0, 2, 5])) for i in range(n)]
    shape = rnd.choice(["mesh", "mesh", "chain", "star"])
    for i, region in enumerate(regions):
        region.peers = [
            other
            for j, other in enumerate(regions)
            if i != j and {"mesh": True, "chain": abs(i - j) == 1, "star": 0 in (i, j)}[shape]
        ]
    on_the_way: list[tuple[Region, Message]] = []
    snapshots: dict[str, dict[str, object]] = {}
    forgetful = rnd.random() < 0.8
    for _ in range(rnd.choice([30, 60, 120])):
        world.time += rnd.choice([0, 0, 1, 1, 3, 8])
        r, k = rnd.choice(regions), rnd.random()
        running = [c for c in world.claims if not c.over and not c.region.is_gone]
        if r.is_gone:
            if options.returns and rnd.random() < 0.1:
                r.is_gone = False
            continue
        if options.discards and r.entries and rnd.random() < 0.05:
            r.discard(rnd.choice(list(r.entries)))
        elif k < 0.12:
            r.put()
        elif k < 0.32:
            r.claim(rnd, rnd.choice(LEASES))
        elif k < 0.42 and running:
            claim = rnd.choice(running)
            claim.region.finish(claim)
        elif k < 0.47 and running:
            claim = rnd.choice(running)
            if rnd.random() < 0.5:
                claim.region.extend(claim, rnd.choice(LEASES))
            else:
                claim.region.release(claim)
        elif k < 0.57 and r.entries and r.peers:
            peer = rnd.choice(r.peers)
            r.hand_over(rnd.choice(list(r.entries)), peer.writer)
        elif k < 0.62:
            snapshots[r.name] = r.snapshot()
        elif k < 0.66 and options.forgets and forgetful and r.name in snapshots:
            _forget(world, r, snapshots.pop(r.name), on_the_way)
        elif k < 0.67 and options.leaves and sum(not o.is_gone for o in regions) > 1:
            _leave(rnd, world, r, regions, on_the_way)
        elif k < 0.84 and r.peers:
            source = rnd.choice(r.peers)
            if not source.is_gone:
                part = None
                if rnd.random() < 0.3:
                    part = [t for t in source.entries if rnd.random() < 0.5]
                on_the_way.append((r, source.send(r, part)))
        elif on_the_way:
            place = rnd.randrange(len(on_the_way))
            target, message = on_the_way[place]
            if rnd.random() < 0.8:
                del on_the_way[place]
            if rnd.random() < 0.9 and not target.is_gone:
                target.receive(message)
    _work_off(rnd, world, regions)


def _forget(
    world: World,
    region: Region,
    state: dict[str, object],
    on_the_way: list[tuple[Region, Message]],
) -> None:
    region.roll_back(state)
    if not world.options.late:
        on_the_way[:] = [(to, m) for to, m in on_the_way if m.source is not region]


def _leave(
    rnd: random.Random,
    world: World,
    region: Region,
    regions: list[Region],
    on_the_way: list[tuple[Region, Message]],
) -> None:
    """A region is gone; what only it had is gone with it, and its workers, if it never returns."""
    region.is_gone = True
    if not world.options.returns:
        for claim in world.claims:
            claim.over = claim.over or claim.region is region
        on_the_way[:] = [(to, m) for to, m in on_the_way if m.source is not region]
    left = [r for r in regions if not r.is_gone]
    for a in left:
        a.peers = [b for b in regions if b is not a and (b in left or world.options.returns)]
    if not world.options.returns:
        world.given_up.add(region.name)
        for a in left:
            for b in a.peers:
                a.receive(b.send(a, None))
    rnd.choice(left).take_over(region.name)


def _work_off(rnd: random.Random, world: World, regions: list[Region]) -> None:
    """Everybody meets and works until nothing is left."""
    if world.options.returns:
        for region in regions:
            region.is_gone, region.peers = False, [b for b in regions if b is not region]
    left = [r for r in regions if not r.is_gone]
    world.tasks &= set().union(*(r.entries for r in left))  # nobody keeps what no server has
    for _ in range(60):
        world.time += 2 * max(LEASES)
        for region in left:
            region.last = region.clock()  # everybody writes now and then
            for peer in region.peers:
                if peer in left:
                    region.receive(peer.send(region, None))
        for gone in {r.name for r in regions} - {r.name for r in left}:
            left[0].take_over(gone)  # what was handed over to it, and came to light since
        worked = False
        for region in left:
            while region.claim(rnd, max(LEASES)):
                claim = world.claims[-1]
                region.finish(claim)
                worked = True
        if not worked and not any(e.live for r in left for e in r.entries.values()):
            break
    if lost := {task for task in world.tasks - world.discarded if not world.done[task]}:
        raise Wrong(f"lost: {lost}")
    if stuck := [v for r in left for e in r.entries.values() for v in e.live]:
        raise Wrong(f"lost: nobody may claim {stuck}")


def main() -> int:
    """Run the schedules that the command line asks for; 1 if any of them went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--variant", choices=VARIANTS)
    parser.add_argument("--without", nargs="*", default=[])
    given = parser.parse_args()
    failed = False
    for name, options in VARIANTS.items():
        if given.variant not in (None, name):
            continue
        options = replace(options, without=frozenset(given.without))
        seeds = range(given.seed, given.seed + given.runs)
        bad = [found for seed in seeds if (found := run(seed, options))]
        failed |= bool(bad)
        signs = Counter(found.split(": ")[1] for found in bad)
        print(f"{name}: {given.runs - len(bad)} of {given.runs} schedules are right", dict(signs))
        for found in bad[:3]:
            print("   ", found[:200])
    return failed


if __name__ == "__main__":
    sys.exit(main())
