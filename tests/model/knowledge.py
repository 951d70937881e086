"""A model of the sync rules: what a replica knows of a writer covers that writer's dots.

    python -m tests.model.knowledge --seed 1 --runs 20000 [--without RULE ...]

Random schedules over 2 to 4 replicas in a mesh, chain or star: adds, removals, pulls that run
side by side, request by request, and are left anywhere; late and repeated deliveries, trimmed
feeds, collection without any grace, servers that come back with older data (new incarnation) or
empty (new life). Then all is healed by pulls alone, and compared: all replicas are equal
(always), and hold exactly what the surviving events say: with --no-amnesia or --whole-pulls.
(Where a server forgets in the midst of a pull, a part of an event's effect may survive it; those
runs are only held to be equal.)

--silent-rollbacks: servers go on with older data, and only ids that others have seen show it. All
are equal; what the server forgot is lost in some schedules (with --whole-pulls: "missing").
--keep N: of each replica's incarnations only the newest N are known. All are equal, nothing is
missing, and what was removed may come back ("returned").
--objects: objects in memory are merged, in batches, late and by halves, and old dumps are loaded.
--drops: a collection is dropped: its generation is raised.
--folds: servers restart often, and each has one clock stand for its past incarnations once it has
heard of everybody since. All are equal, nothing is missing, and nothing returns.
--readings: a pull goes on with the reading of the one before. After its first request target and
source say only what they have come to know since. Requests are under way while others are; what is
under way as a pull ends is carried out, and nobody hears of it. (With --silent-rollbacks 2 of
60,000 from seed 200000 on differ still; what they lack was not found out.)
--expiry: what is written may have a deadline, by clocks that differ by up to MARGIN. Each reader
finds what by its clock is not dead; in the end time passes over all deadlines, and then nothing is
left of what had one ("left"), and nobody has sent anything because of it ("told").

RULE, left out on purpose to see that it is needed:
cover         what the own and the sending replica know is context of a join
absence       a target asks for what the source did not show
shown-dots    what was shown is told by dots: of a field that was shown, one may have arrived since
pending       what a source knows that was read whole counts against what arrives, before its end
untagged      where `pending` alone refused something, the feed says so as a change of its own
barrier       `silent` of the source sets `collected`
late-silent   the `silent` at the end of the pages counts, not that of the beginning
cut-silent    ... but no more of it than the knowledge that is taken over
together      knowledge is taken over with the cursor of a reconciling
covered-gc    only what is known is collected
incarnation   a new name after a roll-back
generation    entries of an older generation are dead
object-end    what an object in memory knows is noted once all of it was merged
by-birth      the incarnations that began last are kept, whatever their clocks say
anyone        of `silent`, a time stands for those writers that did not fit
echo          what was refused of a sender is told back to it: logged, without a tag
echo-same     ... also if nothing changed here, where the sender claims to know of our last change
seen-by-asker, seen-by-reader, seen-by-source, seen-by-program, seen-in-dots, seen-by-pull
              who may show that this feed was rolled back. A reader has heard of more than its
              target knows: part of what a delta brings is later than its cursor.
echo-kept     the same for a dot that we keep and a sender lacks that claims to know our last change
ask-aware     ... and a field is asked for that a source lacks which claims to know its last change
forgot        who gives up what it knew of an incarnation sets `collected`
pull-id       a pull tells its target the last id that it has seen there
asked-known   what was asked for with more knowledge than the target has now is not applied
numbered      a reply that is not the next one ends the reading, for what was told meanwhile is lost
token         each reading has a name of its own
anew          where the target has forgotten something a reading begins, for the source remembers
whole         what the source has told in the reading is put together: only all of it is context
same-writer   another incarnation of a source does not go on with a reading
gone          of whom the source knows nothing any more, that is told, too. (No schedule was found
              that needs these two: by them, what is put together is what the source knows.)
alarm         a roll-back that is noticed late makes everybody reconcile, once
fresh-ids     an id is never given out twice, whatever was forgotten
heard         an incarnation is folded once all have been heard of since it ended
until         an entry keeps the latest deadline of what it replaced, and is there so long: as a
              tombstone, if need be
until-travels ... and of two entries that are joined the later one
margin        the dead are kept for as long as clocks may differ
dead-on-arrival  what comes and is past its horizon is not taken
let-die       what comes changes nothing where nothing of it can be seen any more
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
from collections.abc import Callable, Iterator

from tests.model.entries import FOREVER, NOTHING, Vector, horizon
from tests.model.replica import MARK, Bare, Body, Options, Replica, World


def run(seed: int, options: Options) -> str | None:
    """One schedule; what is wrong at its end, if anything."""
    rnd, world = random.Random(seed), World(options)
    n = rnd.choice([2, 3, 3, 4])
    replicas = [Replica(world, f"r{i}", rnd.choice([0, 0, 0, 3, 9])) for i in range(n)]
    shape = rnd.choice(["mesh", "mesh", "chain", "star"])
    links = [
        (i, j)
        for i in range(n)
        for j in range(n)
        if i != j and {"mesh": True, "chain": abs(i - j) == 1, "star": 0 in (i, j)}[shape]
    ]
    fields = [f"f{i}" for i in range(rnd.choice([2, 4, 7]))]
    wild = rnd.random() if options.amnesia else 1
    pace = rnd.choice([2, 4])  # how many requests are carried out between two acts
    tidy = rnd.sample(replicas, rnd.choice([0, 1, 1, 2]))  # who often forget what is gone
    snapshots: dict[str, list[object]] = {}
    late: list[Callable[[], object]] = []
    running: list[Iterator[None]] = []
    objects = [Bare(world, f"o{i}") for i in range(2)]
    states: list[tuple[Body, Vector]] = []
    dumps: list[tuple[Body, int | None]] = []
    steps = rnd.choice([30, 60, 120])
    still = steps * rnd.choice([0.3, 0.7, 1])  # from here on nothing is written
    for step in range(steps):
        r, k = rnd.choice(replicas), rnd.random()
        if step >= still and k < 0.63:
            k = rnd.choice([0.5, 0.9, 0.9, 0.9])
        if k < 0.44 and options.silent and rnd.random() < 0.5:
            r.passes()
        if options.expiry:
            world.time += rnd.choice([0, 0, 1, 3])
            if rnd.random() < 0.2:
                r.sweep()
        if k < 0.28:
            r.add(rnd.choice(fields), *lives(rnd, options))
        elif k < 0.44:
            r.remove(rnd.choice(fields))
        elif k < 0.52:
            r.collect()
        elif k < 0.57:
            r.trim(rnd.choice([0, 1, 3]))
        elif k < 0.61:
            snapshots[r.name] = r.snapshot()
        elif k < 0.64 and wild < 0.6 and r.name in snapshots:
            r.roll_back(snapshots.pop(r.name), options.silent)
        elif k < 0.655 and wild < 0.4:
            r.begin_life()
            snapshots.pop(r.name, None)
        elif k < 0.70 and late:
            call = late.pop(rnd.randrange(len(late)))
            call()
            if rnd.random() < 0.3:
                late.append(call)
        else:
            i, j = rnd.choice(links)
            pull = replicas[i].pull(replicas[j], rnd, late, rnd.choice([1, 2, 4]))
            if options.whole:
                list(pull)
            else:
                running.append(pull)
        if options.drops and rnd.random() < 0.03:
            r.drop()
        if options.folds and rnd.random() < 0.3:
            rnd.choice([r.restart, r.fold, r.fold])()
        if options.objects and rnd.random() < 0.4:
            o, k = rnd.choice(objects), rnd.random()
            if k < 0.4 and step < still:
                o.change(rnd.choice(fields), rnd.random() < 0.6, *lives(rnd, options))
            elif k < 0.5:
                o.merge(*rnd.choice([*states, rnd.choice(objects).state()]))
            elif k < 0.55 and len(objects) < 5:
                objects.append(o.fork())
            elif k < 0.65:
                states.append(copy.deepcopy(o.state()))
            elif k < 0.7:
                whole = copy.deepcopy(r.page(list(r.entries)))
                dumps.append((whole.body, whole.generation))
            elif k < 0.75 and dumps:
                r.absorb(*rnd.choice(dumps))
            else:
                merge = r.merge(*rnd.choice([*states, copy.deepcopy(o.state())]), rnd)
                if options.whole:
                    list(merge)
                else:
                    running.append(merge)
        for _ in range(rnd.randrange(pace)):
            if rnd.random() < 0.1 and tidy:
                rnd.choice(tidy).collect()
                rnd.choice(tidy).trim(0)
            if running:
                pull = rnd.choice(running)
                burst = rnd.choice([1, 1, 4, 20])
                if rnd.random() < 0.03 or any(next(pull, 0) == 0 for _ in range(burst)):
                    running.remove(pull)
    quiet = 0
    for _ in range(40):
        before = [(r.last, dict(r.known)) for r in replicas]
        for i, j in links:
            list(replicas[i].pull(replicas[j], rnd))
        if rnd.random() < 0.3:
            rnd.choice(replicas).collect()
        if options.folds and rnd.random() < 0.3:
            rnd.choice(replicas).fold()
        quiet = quiet + 1 if [(r.last, r.known) for r in replicas] == before else 0
        if quiet > 2:
            break
    else:
        return f"seed {seed}: pulls never come to rest"
    wrong = differing(replicas, options) or unlike_events(replicas, fields, options)
    if not wrong and options.expiry:
        wrong = outliving(replicas, links, rnd) or unlike_events(replicas, fields, options)
    return f"seed {seed}, {shape}: {wrong}" if wrong else None


def lives(rnd: random.Random, options: Options) -> list[int]:
    """For how long something may be written: at most one number."""
    return [rnd.choice([3, 20, 60, 200, FOREVER])] if options.expiry else []


def differing(replicas: list[Replica], options: Options) -> str | None:
    """What replicas do not agree on: between two clocks a dot may be dead for one of them."""
    latest = max(r.clock() for r in replicas)
    views = [r.view(latest) for r in replicas]
    if any(view != views[0] for view in views):
        return f"they differ: {views}"
    if any(r.generation != replicas[0].generation for r in replicas):
        return "generations differ"
    return None


def unlike_events(replicas: list[Replica], fields: list[str], options: Options) -> str | None:
    """Where replicas do not hold what the surviving events say, each by its own clock."""
    world, generation = replicas[0].world, replicas[0].generation
    latest = max(r.clock() for r in replicas)
    for name in fields if options.whole or not options.amnesia else ():
        numbers = set().union(*(r.events.get(name, set()) for r in replicas))
        events = [world.events[number] for number in numbers]
        wanted = {e.dot for e in events if e.dot and e.generation == generation}
        wanted -= set().union(*(e.observed for e in events))
        for r in replicas:
            found = r.view(r.clock()).get(name, frozenset())
            if missing := {dot for dot in wanted if dot.deadline > r.clock()} - found:
                return f"missing: {name} lacks {missing} in {r.name}"
            if returned := {dot for dot in found if dot.deadline > latest} - wanted:
                return f"returned: {name} has {returned} in {r.name}"
    return None


def outliving(
    replicas: list[Replica], links: list[tuple[int, int]], rnd: random.Random
) -> str | None:
    """Let time pass over all deadlines, with sweeps, deltas, and newcomers who are reconciled.

    Nobody has anything to tell, and nothing is left of what had a deadline.
    """
    world = replicas[0].world
    for step in (*(rnd.choice([1, 5, 30]) for _ in range(20)), 1000):
        world.time += step
        for r in replicas:
            if rnd.random() < 0.5 or step == 1000:
                r.sweep()
        i, j = rnd.choice(links)
        target, source = replicas[i], replicas[j]
        if rnd.random() < 0.5:
            newcomer = Replica(world, f"n{world.now()}", rnd.choice([0, 9]))
            list(newcomer.pull(source, rnd))
            source = newcomer
        last, clock = target.last, target.clock()
        list(target.pull(source, rnd))
        names = {name for id, name, _ in target.feed if id > last and name != MARK}
        told = [target.entries.get(name, NOTHING) for name in names]
        if told := [entry for entry in told if horizon(entry) <= clock]:
            return f"told: {target.name} tells others of {told}"
    for r in replicas:
        if left := [e for e in r.entries.values() if horizon(e) < FOREVER]:
            return f"left: {left} in {r.name}"
    return None


def main() -> int:
    """Run the schedules that the command line asks for; 1 if any of them went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--no-amnesia", action="store_true")
    parser.add_argument("--whole-pulls", action="store_true")
    parser.add_argument("--silent-rollbacks", action="store_true")
    parser.add_argument("--keep", type=int, default=0)
    parser.add_argument("--objects", action="store_true")
    parser.add_argument("--drops", action="store_true")
    parser.add_argument("--folds", action="store_true")
    parser.add_argument("--expiry", action="store_true")
    parser.add_argument("--readings", action="store_true")
    given = parser.parse_args()
    options = Options(
        frozenset(given.without),
        not given.no_amnesia,
        given.whole_pulls,
        given.silent_rollbacks,
        given.keep,
        given.objects,
        given.drops,
        given.folds,
        given.expiry,
        given.readings,
    )
    seeds = range(given.seed, given.seed + given.runs)
    bad = [found for seed in seeds if (found := run(seed, options))]
    for found in bad[:3]:
        print(found[:300])
    for sign in ("rest", "differ", "missing", "returned", "told", "left"):
        if count := sum(sign in found for found in bad):
            print(f"{sign}: {count}")
    without = f", without {sorted(options.without)}" if options.without else ""
    print(f"{given.runs - len(bad)} of {given.runs} schedules are right{without}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
