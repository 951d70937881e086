"""A client of one region, as a process of its own: writes at random, and journals each write."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

from redis.backoff import NoBackoff
from redis.retry import Retry

from redis_crdt import Replica
from redis_crdt.core.fields import VALUE
from redis_crdt.core.state import State
from redis_crdt.errors import CRDTError, Unacknowledged
from tests.faults.history import COLLECTIONS, RECENT, Effect, Field, Journal, field_of

TIMEOUT = 0.4
"""For how many seconds a client waits for an answer."""

PACE = 0.002
"""For how many seconds a client thinks before it writes, on average."""

AFTER_FAILURE = 0.03
"""For how many seconds a client waits when it was refused."""

SWITCHES = ("enable", "disable")


@dataclass(frozen=True)
class Task:
    """What one client is to do; a part of what another process is given as it starts."""

    url: str
    region: str
    client: str
    clients: tuple[str, ...]
    """The first clients of all regions, whose elements one may try to remove."""
    seed: str
    journal: Path
    over: Path
    """The file that says, by being there, that it is over."""
    operations: int


def run(task: Task) -> None:
    """Work until it is over, or so many operations are done."""
    Client(task).run()


class Client:
    def __init__(self, task: Task) -> None:
        self.task = task
        self.chance = random.Random(f"{task.seed} {task.client}")
        self.number = 0
        self.journal = Journal(task.journal, task.region)

    def run(self) -> None:
        actions = (
            *[self.add] * 4,
            *[self.remove] * 3,
            self.update,
            *[self.contend] * 3,
            *[self.increment] * 3,
            *[self.count] * 2,
            self.grant,
            *[self.spend] * 3,
            *[self.hand_over] * 2,
            self.configure,
            *[self.tell] * 2,
            *[self.own] * 2,
            *[self.batch] * 2,
            self.reset,
            self.see,
            *[self.ban] * 2,
            self.switch,
            self.reach,
            *[self.score] * 2,
            *[self.rank] * 2,
            *[self.say] * 2,
            self.visit,
            *[self.put] * 2,
            *[self.work] * 2,
        )
        self._open()
        while not self.task.over.exists() and self.number < self.task.operations:
            sleep(self.chance.expovariate(1 / PACE))
            self.chance.choice(actions)()
            self.number += 1

    def _open(self) -> None:
        while not self.task.over.exists():
            try:
                self.replica = Replica.from_url(
                    self.task.url,
                    replica_id=self.task.region,
                    socket_timeout=TIMEOUT,
                    socket_connect_timeout=TIMEOUT,
                    retry=Retry(NoBackoff(), 0),
                )
                self.on = {
                    name: getattr(self.replica, kind)(name) for name, kind in COLLECTIONS.items()
                }
                self.on["recent"] = self.replica.log("recent", max_len=RECENT)
            except CRDTError:
                sleep(AFTER_FAILURE)
            else:
                return

    # The operations -------------------------------------------------------------------------

    def add(self) -> None:
        element = self._new()
        self._do([("add", "tasks", element)], partial(self.on["tasks"].add, element))

    def update(self) -> None:
        elements = [f"{self._new()}-{i}" for i in range(self.chance.choice([2, 10, 60]))]
        effects: list[Effect] = [("add", "tasks", element) for element in elements]
        self._do(effects, partial(self.on["tasks"].update, elements))

    def remove(self) -> None:
        """Remove something that some client may have added, if it is here."""
        whose = self.chance.choice(self.task.clients)
        element = f"{whose}-{self.chance.randrange(self.number + 1)}"
        self._do([("remove", "tasks", element)], partial(self.on["tasks"].remove, element))

    def contend(self) -> None:
        element, contested = self.chance.choice("abcdef"), self.on["contested"]
        verb = self.chance.choice(["add", "remove"])
        self._do([(verb, "contested", element)], partial(getattr(contested, verb), element))

    def increment(self) -> None:
        amount = self.chance.choice([1, 2, 2**40])
        self._do([("add", "done", amount)], partial(self.on["done"].increment, amount))

    def count(self) -> None:
        amount = self.chance.randrange(1, 100)
        if self.chance.random() < 0.5:
            self._do([("add", "pool", amount)], partial(self.on["pool"].increment, amount))
        else:
            self._do([("remove", "pool", amount)], partial(self.on["pool"].decrement, amount))

    def grant(self) -> None:
        amount = self.chance.choice([1, 20])
        self._do([("grant", "money", amount)], partial(self.on["money"].grant, amount))

    def spend(self) -> None:
        """Spend what is there; of two clients at most one will."""
        try:
            amount = self.on["money"].available() or 1
        except CRDTError:
            return
        amount = self.chance.choice([1, amount, amount])
        self._do([("spend", "money", amount)], partial(self.on["money"].spend, amount))

    def hand_over(self) -> None:
        amount, to = self.chance.choice([1, 5]), self.chance.choice(self.task.clients)
        move = partial(self.on["money"].move, amount, to.rstrip("0123456789"))
        self._do([("move", "money", amount)], move)

    def configure(self) -> None:
        value = self._new()
        self._do([("set", "config", ["value", value])], partial(self.on["config"].set, value))

    def reset(self) -> None:
        self._do([("reset", "pool", None)], self.on["pool"].reset)

    def tell(self) -> None:
        self._set_or_delete("status", self._new())

    def rank(self) -> None:
        self._set_or_delete("ranks", self.chance.random())

    def _set_or_delete(self, name: str, value: str | float) -> None:
        key, on = self.chance.choice("abc"), self.on[name]
        if self.chance.random() < 0.7:
            self._do([("set", name, [key, value])], partial(on.set, key, value))
        else:
            self._do([("remove", name, key)], partial(on.delete, key))

    def see(self) -> None:
        element = self._new()
        self._do([("add", "seen", element)], partial(self.on["seen"].add, element))

    def ban(self) -> None:
        """Add or remove what all regions contend for, or what is this region's own."""
        element = self.chance.choice(["a", "b", *(f"{self.task.region}-{i}" for i in range(3))])
        verb = self.chance.choice(["add", "remove"])
        self._do([(verb, "banned", element)], partial(getattr(self.on["banned"], verb), element))

    def switch(self) -> None:
        name, verb = self.chance.choice(["stopped", "allowed"]), self.chance.choice(SWITCHES)
        effect: Effect = ("set", name, [VALUE.decode(), verb == "enable"])
        self._do([effect], getattr(self.on[name], verb))

    def reach(self) -> None:
        name, value = self.chance.choice(["high", "low"]), self.chance.randrange(-(10**6), 10**6)
        self._do([("set", name, ["value", value])], partial(self.on[name].set, value))

    def score(self) -> None:
        key, on, amount = (
            self.chance.choice("abc"),
            self.on["scores"],
            self.chance.choice([1, 2**40]),
        )
        match self.chance.randrange(5):
            case 0:
                self._do([("reset", "scores", key)], partial(on.remove, key))
            case 1 | 2:
                self._do([("remove", "scores", [key, amount])], partial(on.decrement, key, amount))
            case _:
                self._do([("add", "scores", [key, amount])], partial(on.increment, key, amount))

    def say(self) -> None:
        name, value = self.chance.choice(["said", "recent"]), self._new()
        self._do([("append", name, value)], partial(self.on[name].append, value))

    def visit(self) -> None:
        visitors = [f"{self._new()}-{i}" for i in range(self.chance.choice([1, 3]))]
        self._do([("add", "visitors", visitors)], partial(self.on["visitors"].add, *visitors))

    def put(self) -> None:
        job, priority = self._new(), self.chance.randrange(3)
        self._do([("put", "jobs", job)], partial(self.on["jobs"].put, job, priority))

    def work(self) -> None:
        """Claim a task, and end it in time, or late, or not at all."""
        try:
            claim = self.on["jobs"].claim("w", lease=self.chance.choice([0.02, 0.3, 2]))
        except CRDTError:
            return
        if claim is None:
            return
        told = [claim.id, claim.fence, claim.value]
        self._do([("claim", "jobs", told)], lambda: None)
        sleep(self.chance.choice([0, 0, 0.03]))
        if self.chance.random() < 0.9:
            self._do([("done", "jobs", told)], claim.done)

    def own(self) -> None:
        """Write in place of the values that were read."""
        value = self._new()
        try:
            reading = self.on["owner"].get_with_context()
        except CRDTError:
            return
        effect: Effect = ("set", "owner", [value, reading.values])
        self._do([effect], partial(self.on["owner"].set, value, reading.context))

    def batch(self) -> None:
        element = self._new()

        def write() -> None:
            with self.replica.batch() as batch:
                batch.on(self.on["batched"]).add(element)
                batch.on(self.on["batches"]).increment()

        self._do([("add", "batched", element), ("add", "batches", 1)], write)

    def _new(self) -> str:
        return f"{self.task.client}-{self.number}"

    # Carrying them out ----------------------------------------------------------------------

    def _do(self, effects: list[Effect], call: Callable[[], Any]) -> None:
        self.journal.begin(effects)
        try:
            result = call()
        except Unacknowledged as error:
            self.journal.end("unknown", error=repr(error))
        except CRDTError as error:
            self.journal.end("refused", error=repr(error))
        else:
            self.journal.end("acknowledged", result)
            self._observe(effects)
            return
        sleep(AFTER_FAILURE)

    def _observe(self, effects: list[Effect]) -> None:
        """Note the entries that the writes have left, or what others have made of them since."""
        fields = {field for effect in effects[:3] if (field := _field_of(effect))}
        try:
            entries = {at: entry for at in sorted(fields) if (entry := self._entry(at))}
        except CRDTError:
            return
        self.journal.observe(entries)

    def _entry(self, at: Field) -> str | None:
        name, field = at
        state: State = self.on[name].dump()
        return state.entries.get(field)


def _field_of(effect: Effect) -> Field | None:
    _, name, argument = effect
    match COLLECTIONS[name]:
        case "or_set" | "rw_set" | "g_set":
            return name, field_of(argument)
        case "lww_map" | "sorted_map" | "counter_map":
            return name, argument if isinstance(argument, str) else argument[0]
        case "g_counter" | "pn_counter" | "log" | "cardinality" | "work_queue":
            return None
        case _:
            return name, VALUE.decode()
