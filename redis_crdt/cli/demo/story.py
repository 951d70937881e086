"""What happens in the demo, step by step, and whether it ended well."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from redis_crdt.cli.demo.links import Link
from redis_crdt.cli.demo.regions import Region
from redis_crdt.cli.demo.work import CONTESTED, GRANTED, Acknowledged, Agent, Model, Shared
from redis_crdt.sync.report import SyncReport

AGENTS = 2
"""How many agents work in each region."""
STEPS = 150
"""How many steps an agent takes in each phase."""


@dataclass(frozen=True)
class Check:
    """One thing that must be so in the end."""

    says: str
    holds: bool


class Story:
    """The regions, their agents, and what is done with them."""

    def __init__(self, regions: Sequence[Region], links: Sequence[Link]) -> None:
        self.shared = [Shared(region) for region in regions]
        self.lonely = self.shared[-1]
        self._links = links
        self._agents = [
            Agent(f"{shared.region.name}-{number}", shared, seed=10 * i + number)
            for i, shared in enumerate(self.shared)
            for number in range(1, AGENTS + 1)
        ]
        self._by_hand = Acknowledged()

    @property
    def agents(self) -> int:
        """How many agents there are."""
        return len(self._agents)

    @property
    def steps(self) -> int:
        """How many steps all agents together take in a phase."""
        return len(self._agents) * STEPS

    def begin(self) -> None:
        """Write the first state in the first region, and bring all links up."""
        first = self.shared[0]
        first.manager.add_task(CONTESTED)
        first.manager.claim_task("you", CONTESTED)
        self._by_hand.added.add(CONTESTED)
        first.model.set(Model(name="small"))
        first.owner.set(f"{first.region.name}-1")
        self._round(self._links)
        first.credit.grant(GRANTED)
        for other in self.shared[1:]:
            first.credit.move(GRANTED // len(self.shared), other.replica.replica_id)
        for link in self._links:
            link.up()

    def work(self, tick: Callable[[], None]) -> None:
        """Let all agents work at once; ``tick`` is called at every step of any."""
        stop = Event()

        def told() -> bool:
            tick()
            return not stop.is_set()

        with ThreadPoolExecutor(len(self._agents)) as pool:
            running = [pool.submit(agent.work, STEPS, told) for agent in self._agents]
            try:
                for agent in running:
                    agent.result()
            finally:
                stop.set()

    def cut(self) -> None:
        """Cut the last region off, once it has what all have."""
        for link in self._links:
            link.cut()
        self._round(self._links)
        for link in self._links:
            if not link.joins(self.lonely.region):
                link.up()

    def disagree(self) -> None:
        """Write on both sides of the cut what cannot both be so."""
        first, lonely = self.shared[0], self.lonely
        if first.manager.complete_task(CONTESTED):
            self._by_hand.completions.append(CONTESTED)
        lonely.manager.add_task(CONTESTED)
        for shared, model in ((first, "large"), (lonely, "fast")):
            shared.model.set(Model(name=model))
            shared.owner.set(f"{shared.region.name}-2")

    def settle(self) -> None:
        """Let the regions that are still linked come to the same state."""
        linked = [link for link in self._links if not link.joins(self.lonely.region)]
        for link in linked:
            link.cut()
        self._round(linked)

    def heal(self) -> list[tuple[str, str, SyncReport]]:
        """Sync every two regions once; returns target, source and report of each pull."""
        return self._round(self._links)

    def _round(self, links: Sequence[Link]) -> list[tuple[str, str, SyncReport]]:
        reports = []
        for link in links:
            one, other = link.regions
            for target, source in ((one, other), (other, one)):
                report = target.replica.pull(source.replica)
                reports.append((target.name, source.name, report))
        return reports

    def digests(self) -> list[str]:
        """Return the SHA-256 of each region's whole state, causal metadata included."""
        texts = (json.dumps(shared.entries(), sort_keys=True) for shared in self.shared)
        return [hashlib.sha256(text.encode()).hexdigest() for text in texts]

    def checks(self, digests: Sequence[str]) -> list[Check]:
        """Return what must be so once all regions are in step, given their :meth:`digests`."""
        total = Acknowledged.total([self._by_hand, *(agent.acknowledged for agent in self._agents)])
        here = self.shared[0]
        pending = here.manager.get_pending_tasks()
        completed, balance = here.manager.get_completed_count(), here.balance.value()
        spent = GRANTED - here.credit.remaining()
        owners = sorted(here.owner.get())
        claims, tasks = len(total.claims), len(set(total.completions))
        return [
            Check("all regions hold the same bytes", len(set(digests)) == 1),
            Check(
                f"{len(total.added)} tasks added, {tasks} of them completed: {len(pending)} open",
                pending == total.pending | {CONTESTED},
            ),
            Check(
                f"{claims} tasks claimed, and none of them twice", claims == len(set(total.claims))
            ),
            Check(
                f"{completed} completions counted, each task once",
                completed == len(total.completions) == tasks,
            ),
            Check(f"balance is {balance}, the sum of all changes", balance == total.balance),
            Check(
                f"{spent} of a credit of {GRANTED} are spent, and never more: "
                f"{total.refused} times a region had too little left",
                spent == total.spent <= GRANTED,
            ),
            Check(f"{CONTESTED!r} is open: its removal had not seen the add", CONTESTED in pending),
            Check(
                f"owner kept both concurrent values: {', '.join(owners)}",
                owners == sorted(f"{shared.region.name}-2" for shared in (here, self.lonely)),
            ),
        ]
