"""The memory of a group of agents: what they found out, what they said, and what they agree on."""

from __future__ import annotations

from pydantic import BaseModel

from redis_crdt import Backend


class Fact(BaseModel, frozen=True):
    topic: str
    text: str
    found_by: str


class Memory:
    """What one agent has of it. Keep ``cursor``, and go on from there after a restart."""

    def __init__(self, replica: Backend, agent: str, cursor: str | None = None) -> None:
        self.agent = agent
        self.cursor = cursor
        self._facts = replica.or_set("facts", Fact)
        self._said = replica.log("said", tuple[str, str], max_len=1000)
        self._plan = replica.mv_register("plan", str)

    def remember(self, topic: str, text: str) -> None:
        self._facts.add(Fact(topic=topic, text=text, found_by=self.agent))

    def recall(self, topic: str) -> list[str]:
        return sorted(fact.text for fact in self._facts.get_elements() if fact.topic == topic)

    def retract(self, topic: str, text: str) -> None:
        """Forget what is not so; who found it out as well at the same time is not unheard."""
        for fact in self._facts.get_elements():
            if (fact.topic, fact.text) == (topic, text):
                self._facts.discard(fact)

    def say(self, text: str) -> None:
        self._said.append((self.agent, text))

    def hear(self) -> list[tuple[str, str]]:
        """Return what was said since the last time, also what was long on its way."""
        heard = self._said.read(self.cursor)
        self.cursor = heard.cursor
        return [entry.value for entry in heard.entries if entry.value[0] != self.agent]

    def propose(self, plan: str) -> None:
        """Replace the plans that are known of here."""
        self._plan.set(plan)

    def plans(self) -> list[str]:
        """Return the plan; several, where they were proposed at the same time: agree on one."""
        return self._plan.get()
