"""A model of rights: what may never be exceeded, in all regions at once, also while they are cut.

    python -m tests.model.rights --seed 1 --runs 20000 [--without RULE ...]

Random schedules over 2 to 4 replicas of one budget: grants, spends, refunds, holds that are
settled, released or lapse, moves, and messages that tell others some of what one holds, late, in
part, doubled. Servers go back to an older state and begin anew; regions never return. At every
moment what was spent and what is held, in truth, is no more than what was granted, in
truth. In the end those that are left have heard all: they agree on what remains, and are right
where nothing was forgotten; and all that is not frozen can be spent.

All state is totals of writers that only grow, joined as `max`, each in a field of its own:
granted, spent, refunded, held, and let go by a writer; moved from a writer to another. The rights
of a writer are what was granted by it, refunded, let go and moved to it, less the rest.

--durable: servers forget nothing, and who begins anew takes over the rights of its past writers,
and what they held.
--words: an operator gives his word that a server, or a region that is gone, forgot nothing; in
these schedules that is so.
--marks: a server that stops has left a mark that it forgot nothing. That is not enough: the same
state may be started from twice, and what the first start spent is then not known to the second.

RULE, left out on purpose to see that it is needed:
check         who spends, holds or moves looks whether it has the rights
freeze        a new incarnation does not have the rights of those before it
writer        what is moved is moved to a writer, not to whichever comes after it
holder        nobody moves the rights of another one who is there
incarnation   who is found on older data goes on under a new name
reserve       what is held is no longer there to be spent
own-holds     a hold comes back to the writer that gave it, not to one that comes after it
refund-bound  no more is refunded than was spent by that replica
noted         what is taken over of a past writer is moved, so that nobody has it twice
word          ... and only where that writer's server forgot nothing
heard         ... of a region that is gone: where all that it ever did was heard
once          ... and by one region
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

Totals = Counter[str]  # field -> total; SIGN WRITER, or FROM>TO


@dataclass(frozen=True)
class Options:
    """What a schedule may do, and which rules are left out."""

    without: frozenset[str] = frozenset()
    durable: bool = False
    words: bool = False
    marks: bool = False


class Hold(NamedTuple):
    """What a program was given for a while."""

    number: int
    writer: str
    amount: int
    deadline: int


@dataclass
class World:
    """Time, and what programs were told: what was granted, what they have spent, what they hold."""

    options: Options
    time: int = 0
    granted: int = 0
    spent: int = 0
    of_frozen_holds: int = 0
    """What of that was held by writers that are past, who hold it for ever."""
    numbers: int = 0
    holds: dict[int, Hold] = field(default_factory=dict)

    def on(self, rule: str) -> bool:
        return rule not in self.options.without

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def exceeded(self) -> bool:
        held = sum(hold.amount for hold in self.holds.values() if hold.deadline > self.time)
        return self.spent + held > self.granted


def of(writer: str) -> str:
    return writer.split("#")[0]


def rights(totals: Totals, writer: str) -> int:
    """What a writer may still spend, as far as these totals tell."""
    left = sum(totals[sign + writer] for sign in "gru") - sum(totals[s + writer] for s in "sh")
    for name, total in totals.items():
        giver, arrow, taker = name.partition(">")
        if arrow:
            left += total * ((taker == writer) - (giver == writer))
    return left


def remaining(totals: Totals) -> int:
    """What is neither spent nor held, in all regions."""
    signs = {"g": 1, "r": 1, "u": 1, "s": -1, "h": -1}
    return sum(total * signs[name[0]] for name, total in totals.items() if ">" not in name)


class Replica:
    """A server: what it has stored, and the name under which it writes."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.totals: Totals = Counter()
        self.holds: dict[int, Hold] = {}
        self.past: list[str] = []
        self.writer = f"{name}#{world.number()}"
        self.newest = {name: self.writer}
        """Of each replica the writer that began last, as far as is known here."""
        self.mark = ""
        """Up to which writer nothing was forgotten."""
        self.gone = self.forgot = False

    # What programs ask ----------------------------------------------------------------------

    def available(self) -> int:
        left = rights(self.totals, self.writer)
        if not self.world.on("freeze"):
            left += sum(rights(self.totals, writer) for writer in self.past)
        if not self.world.on("writer"):
            left += sum(t for f, t in self.totals.items() if f.endswith(f">{self.name}#"))
            mine = [n for n in self.totals if n[0] == "s" and of(n[1:]) == self.name]
            left -= sum(self.totals[n] for n in mine if n[1:] != self.writer)
        return left

    def may(self, n: int) -> bool:
        self.thaw()
        if self.available() < n:
            self.sweep()
        return n <= self.available() or not self.world.on("check")

    def grant(self, n: int) -> None:
        self.totals["g" + self.writer] += n
        self.world.granted += n

    def spend(self, n: int) -> bool:
        if not self.may(n):
            return False
        self.totals["s" + self.writer] += n
        self.world.spent += n
        return True

    def refund(self, n: int) -> None:
        """Give back what was spent here, by whichever incarnation."""
        mine = [f for f in self.totals if f[0] in "sr" and of(f[1:]) == self.name]
        left = sum(self.totals[f] * (1 if f[0] == "s" else -1) for f in mine)
        if n <= left:
            self.world.spent -= n
        if n <= left or not self.world.on("refund-bound"):
            self.totals["r" + self.writer] += n

    def hold(self, n: int, seconds: int) -> None:
        if self.may(n):
            hold = Hold(self.world.number(), self.writer, n, self.world.time + seconds)
            self.holds[hold.number] = self.world.holds[hold.number] = hold
            if self.world.on("reserve"):
                self.totals["h" + self.writer] += n

    def goes_on(self, writer: str) -> bool:
        """Whether it does so for that writer, as if it were the same."""
        durable = self.world.options.durable or not self.world.on("word")
        return writer == self.writer or (durable and writer in self.past)

    def settle(self, hold: Hold, actual: int) -> None:
        """The program has spent `actual` of what it held, and says so, or cannot any more."""
        within = hold.deadline > self.world.time
        del self.world.holds[hold.number]
        if hold.number in self.holds and self.goes_on(hold.writer):
            if self.world.on("reserve"):
                self.totals["u" + hold.writer] += hold.amount
                self.thaw()
            self.totals["s" + self.writer] += actual
            self.world.spent += actual
            del self.holds[hold.number]
        elif within:  # it is held for ever, so nobody else has it
            self.world.spent += actual
            self.world.of_frozen_holds += actual

    def sweep(self) -> None:
        """Take back what was held and not settled in time."""
        for number, hold in list(self.holds.items()):
            if hold.deadline <= self.world.time:
                del self.holds[number]
                if not self.world.on("own-holds"):
                    self.totals["u" + self.writer] += hold.amount
                elif self.goes_on(hold.writer):
                    self.totals["u" + hold.writer] += hold.amount

    def move(self, n: int, to: str) -> None:
        if to in self.newest and self.may(n) and to != self.name:
            taker = self.newest[to] if self.world.on("writer") else f"{to}#"
            self.totals[f"{self.writer}>{taker}"] += n

    def take(self, giver: str) -> None:
        """Without a rule: move what another one seems to have, to oneself."""
        left = rights(self.totals, giver)
        if left > 0:
            self.totals[f"{giver}>{self.writer}"] += left

    # Past writers ---------------------------------------------------------------------------

    def thaw(self) -> None:
        """Take over what past writers have left, where nothing can have been lost."""
        if self.world.options.durable or not self.world.on("word"):
            self.reclaim(self.past)
        elif self.mark in self.past:
            self.reclaim(self.past[: self.past.index(self.mark) + 1])

    def reclaim(self, writers: list[str]) -> None:
        for writer in writers:
            left = rights(self.totals, writer)
            if left > 0 and writer != self.writer:
                if self.world.on("noted"):
                    self.totals[f"{writer}>{self.writer}"] += left
                else:
                    self.totals["g" + self.writer] += left

    # Servers and messages -------------------------------------------------------------------

    STATE = ("totals", "holds", "past", "writer", "newest", "mark")

    def snapshot(self) -> list[object]:
        return [copy.deepcopy(getattr(self, name)) for name in self.STATE]

    def restart(self, older: list[object] | None = None) -> None:
        """Begin a new incarnation, on an older state if there is one."""
        for name, value in zip(self.STATE, older or (), strict=older is not None):
            setattr(self, name, copy.deepcopy(value))
        self.forgot |= older is not None
        if self.world.on("incarnation"):
            self.past.append(self.writer)
            self.writer = f"{self.name}#{self.world.number()}"
            self.newest[self.name] = self.writer

    def message(self, rnd: random.Random) -> tuple[Totals, dict[str, str]]:
        """Some of what is stored, as it is now."""
        part = rnd.choice([0.3, 0.7, 1])
        return (
            Counter({f: total for f, total in self.totals.items() if rnd.random() < part}),
            dict(self.newest),
        )

    def hear(self, message: tuple[Totals, dict[str, str]]) -> None:
        totals, newest = message
        self.totals |= totals
        for name, writer in newest.items():
            mine = self.newest.get(name, "#0")
            if name != self.name and int(writer.split("#")[1]) > int(mine.split("#")[1]):
                self.newest[name] = writer


def act(rnd: random.Random, world: World, replicas: list[Replica]) -> None:
    """One thing that a program, an operator, or a syncer does."""
    r, k, n = rnd.choice(replicas), rnd.random(), rnd.choice([1, 1, 2, 5, 20])
    if r.gone:
        return
    if k < 0.05:
        r.grant(n)
    elif k < 0.42:
        r.spend(rnd.choice([n, max(1, r.available()), max(1, r.available())]))
    elif k < 0.48:
        r.refund(n)
    elif k < 0.6:
        r.hold(n, rnd.choice([1, 5, 20]))
    elif k < 0.75 and world.holds:
        hold = rnd.choice(list(world.holds.values()))
        if of(hold.writer) == r.name:
            r.settle(hold, rnd.choice([0, hold.amount // 2, hold.amount]))
    elif k < 0.78:
        r.sweep()
    elif k < 0.97:
        r.move(rnd.choice([n, max(1, r.available() // 2)]), rnd.choice(replicas).name)
    elif not world.on("holder"):
        r.take(rnd.choice(replicas).writer)


def run(seed: int, options: Options) -> str | None:
    """One schedule; what is wrong at any moment of it, or at its end, if anything."""
    rnd, world = random.Random(seed), World(options)
    replicas = [Replica(world, f"r{i}") for i in range(rnd.choice([2, 3, 3, 4]))]
    snapshots: dict[str, list[object]] = {}
    messages: list[tuple[Totals, dict[str, str]]] = []
    amnesia = not options.durable and not options.words and rnd.random() < 0.8
    for step in range(rnd.choice([30, 60, 120])):
        world.time += rnd.choice([0, 0, 1, 2])
        r, k = rnd.choice(replicas), rnd.random()
        if k < 0.6:
            act(rnd, world, replicas)
        elif k < 0.72:
            messages.append(r.message(rnd))
        elif k < 0.9 and messages:
            r.hear(rnd.choice(messages))
        elif r.gone:
            continue
        elif k < 0.93:
            snapshots.setdefault(r.name, r.snapshot())
        elif k < 0.96 and amnesia and r.name in snapshots:
            r.restart(snapshots[r.name])
            if rnd.random() < 0.6:  # else it may be started from the same one again
                del snapshots[r.name]
        elif k < 0.98:
            if options.marks:
                r.mark = r.writer
                snapshots[r.name] = r.snapshot()
            r.restart()
            if options.words and not r.forgot:
                r.reclaim(r.past)
        elif k < 0.985 and sum(not one.gone for one in replicas) > 1:
            r.gone = True
        if world.exceeded():
            return f"seed {seed}, step {step}: exceeded"
    wrong = at_the_end(rnd, world, replicas)
    return f"seed {seed}: {wrong}" if wrong else None


def at_the_end(rnd: random.Random, world: World, replicas: list[Replica]) -> str | None:
    """Let all that are left hear everything, and spend all that is not frozen."""
    world.time += 100
    world.holds.clear()
    left, gone = [r for r in replicas if not r.gone], [r for r in replicas if r.gone]
    for r in left:
        r.sweep()
    tell_all(left)
    if any(r.totals != left[0].totals for r in left):
        return "they differ"
    for r in left:
        r.thaw()
        if world.options.words and not r.forgot:
            r.reclaim(r.past)
    tell_all(left)
    if world.options.words:
        for r in gone:
            if world.on("heard") and any(left[0].totals[f] < t for f, t in r.totals.items()):
                continue
            for taker in left if not world.on("once") else left[:1]:
                taker.reclaim([*r.past, r.writer])
        tell_all(left)
    lost = gone or any(r.forgot for r in replicas)
    held = sum(r.totals["h" + w] - r.totals["u" + w] for r in replicas for w in r.past)
    used = world.spent - world.of_frozen_holds + held
    if not lost and remaining(left[0].totals) != world.granted - used:
        return "something else remains than there is"
    one = rnd.choice(left)
    for r in left:
        if r is not one and r.available() > 0:
            r.move(r.available(), one.name)
    tell_all(left)
    if (n := one.available()) > 0 and not one.spend(n):
        return "what is there cannot be spent"
    if world.exceeded():
        return "exceeded, in the end"
    if one.spend(1):
        return "more can be spent than is there"
    present = {r.writer for r in left}
    frozen = {w: rights(one.totals, w) for w in writers(one.totals) - present}
    if remaining(one.totals) != sum(frozen.values()):
        return "stuck: something is neither spent nor frozen"
    if not lost and (world.options.durable or world.options.words) and any(frozen.values()):
        return "frozen for ever"
    return None


def writers(totals: Totals) -> set[str]:
    names = (name.split(">") if ">" in name else [name[1:]] for name in totals)
    return {writer for pair in names for writer in pair}


def tell_all(replicas: list[Replica]) -> None:
    for _ in range(2):
        for r in replicas:
            for other in replicas:
                r.hear((Counter(other.totals), dict(other.newest)))


def main() -> int:
    """Run the schedules that the command line asks for; 1 if any of them went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--durable", action="store_true")
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--marks", action="store_true")
    given = parser.parse_args()
    options = Options(frozenset(given.without), given.durable, given.words, given.marks)
    seeds = range(given.seed, given.seed + given.runs)
    bad = [found for seed in seeds if (found := run(seed, options))]
    for found in bad[:3]:
        print(found[:300])
    for sign in ("exceeded", "differ", "remains", "spent", "stuck", "frozen"):
        if count := sum(sign in found for found in bad):
            print(f"{sign}: {count}")
    without = f", without {sorted(options.without)}" if options.without else ""
    print(f"{given.runs - len(bad)} of {given.runs} schedules are right{without}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
