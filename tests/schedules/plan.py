"""What a schedule does, made from its seed alone: a list of steps, each a name and numbers.

A step says which region, link or kept thing it is about by any number, taken modulo how many there
are: so a plan stays one when steps are taken out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from redis_crdt.core.kinds import KINDS
from tests.schedules.world import Place

Step = tuple[str, tuple[int, ...]]

PLACES = (
    Place("tags", "or_set"),
    Place("status", "lww_map"),
    Place("owner", "mv_register"),
    Place("done", "g_counter"),
    Place("pool", "pn_counter"),
    Place("config", "lww_register"),
    Place("others", "or_set"),
    Place("stopped", "ew_flag"),
    Place("allowed", "dw_flag"),
    Place("high", "max_register"),
    Place("low", "min_register"),
    Place("banned", "rw_set"),
    Place("scores", "counter_map"),
    Place("ranks", "sorted_map"),
    Place("seen", "g_set"),
    Place("visitors", "cardinality"),
    Place("said", "log"),
)

GROWING = [place for place in PLACES if not KINDS[place.kind].has_dots]
"""Those of which nothing is removed but by what grows itself: some plans have little else."""

SHAPES = ("pair", "chain", "star", "ring", "mesh")

# How often each step comes, and how many numbers it takes.
STEPS: dict[str, tuple[float, int]] = {
    "write": (34, 4),
    "write_many": (3, 5),
    "read": (2, 1),
    "pull": (12, 2),
    "pull_again": (5, 1),
    "pull_partly": (6, 3),
    "begin": (6, 1),
    "begin_again": (2, 1),
    "advance": (16, 3),
    "abandon": (3, 2),
    "deliver": (5, 2),
    "save": (4, 2),
    "forget_peer": (2, 2),
    "collect": (3, 1),
    "collect_at_once": (5, 1),
    "remove_and_collect": (3, 3),
    "trim": (1, 1),
    "hear_fast": (1.5, 4),
    "bare_write": (3, 4),
    "bare_take": (1, 2),
    "merge": (3, 2),
    "keep_dump": (2, 2),
    "load_dump": (2, 2),
    "keep_file": (0.5, 1),
    "load_file": (0.5, 2),
    "drop": (0.8, 2),
}
FORGETTING = {"restore": (3.0, 2), "empty": (1.5, 1), "reset": (1.0, 1)}
DENSE: dict[str, tuple[float, int]] = {
    "pull": (5, 2),
    "begin": (14, 1),
    "advance": (45, 3),
    "collect_at_once": (8, 1),
    "remove_and_collect": (10, 3),
}
RARE = (
    "hear_fast",
    "bare_write",
    "bare_take",
    "merge",
    "load_dump",
    "load_file",
    "drop",
    "collect",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule."""

    regions: int
    shape: str
    feed_limits: tuple[int, ...]
    batch: int
    places: tuple[Place, ...]
    fields: int
    steps: tuple[Step, ...]
    seed: int = 0
    ahead: tuple[int, ...] = (0, 0, 0, 0)
    """How far the clocks of regions in memory are ahead, in milliseconds."""
    really: bool = False
    """Whether servers are killed and started with an RDB file, rather than made to look so."""
    silently: bool = False
    """Whether servers are put back without being started anew. Then all must be equal in the end,
    but what is written before that is noticed may hide what was forgotten."""
    heal_again: bool = False
    """Whether healing goes on with the pulls that were under way, or begins new ones."""
    collects_healing: bool = False

    @property
    def links(self) -> list[tuple[int, int]]:
        """The pairs of regions that pull from each other, both ways: target and source."""
        n = self.regions
        joined: dict[str, Callable[[int, int], bool]] = {
            "pair": lambda i, j: True,
            "chain": lambda i, j: abs(i - j) == 1,
            "star": lambda i, j: 0 in (i, j),
            "ring": lambda i, j: (i - j) % n in (1, n - 1),
            "mesh": lambda i, j: True,
        }
        are = joined[self.shape]
        return [(i, j) for i in range(n) for j in range(n) if i != j and are(i, j)]

    @property
    def forgets(self) -> bool:
        """Whether anything is forgotten in it."""
        return any(name in FORGETTING for name, _ in self.steps)


def make(seed: int, really: float = 0.0, silently: float = 0.0) -> Plan:
    """Make the plan of a seed; ``really`` and ``silently`` are how often one is so."""
    rnd = Random(seed)
    shape = rnd.choice(SHAPES)
    regions = 2 if shape == "pair" else rnd.choice((2, 3, 3, 4))
    weights = dict(STEPS)
    if rnd.random() < 0.7:
        much = rnd.choice((0.5, 1, 2))
        weights |= {name: (rate * much, takes) for name, (rate, takes) in FORGETTING.items()}
    for name in RARE:
        if rnd.random() < 0.6:
            del weights[name]
    if rnd.random() < 0.3:
        weights = {n: w for n, w in weights.items() if n not in ("begin", "begin_again", "deliver")}
    if rnd.random() < 0.2:
        del weights["collect_at_once"]
    dotted = [place for place in PLACES if KINDS[place.kind].has_dots]
    places = [rnd.choice(dotted), *rnd.sample(PLACES, rnd.choice((0, 0, 1, 2, len(PLACES))))]
    growing = Random(f"growing {seed}")
    if growing.random() < 0.3:
        places = [growing.choice(GROWING), *places[:1]]
    elif Random(f"dense {seed}").random() < 0.2:
        # Several pulls side by side, and what is collected in the midst of them.
        weights |= DENSE
        places, regions, shape = places[:1], max(regions, 3), "mesh"
    names = list(weights)
    steps = rnd.choices(names, [weights[name][0] for name in names], k=rnd.choice((30, 60, 120)))
    return Plan(
        seed=seed,
        regions=regions,
        shape=shape,
        feed_limits=tuple(rnd.choice((1, 10, 10, 100_000)) for _ in range(regions)),
        batch=rnd.choice((2, 2, 3, 5, 500)),
        ahead=tuple(rnd.choice((0, 0, 0, 0, 0, 5, 300, 20_000)) for _ in range(regions)),
        places=tuple(dict.fromkeys(places)),
        fields=rnd.choice((2, 4, 7)),
        really=rnd.random() < really,
        silently=Random(f"silently {seed}").random() < silently,
        heal_again=rnd.random() < 0.5,
        collects_healing=rnd.random() < 0.3,
        steps=tuple(
            (name, tuple(rnd.randrange(1 << 20) for _ in range(weights[name][1]))) for name in steps
        ),
    )
