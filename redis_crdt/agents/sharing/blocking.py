# Made from awaited.py: change that, and run `python -m tests.faces`.
"""Tools for what agents know together: configuration, notes, counters."""

from __future__ import annotations

from typing import Any

from redis_crdt.agents.arguments import After, Key, Limit, Prefix, Text
from redis_crdt.agents.manager.blocking import DistributedStateManager
from redis_crdt.agents.replies import Counters, Keys
from redis_crdt.agents.tools import tool


class Sharing:
    """An agent, as far as it writes and reads what all know."""

    manager: DistributedStateManager[Any]

    # Configuration and notes ----------------------------------------------------------------

    @tool("changes")
    def update_config(self, key: Key, value: Any) -> None:
        """Set a key of the configuration that all agents share, to any JSON.

        One round trip.
        """
        self.manager.update_config(key, value)

    @tool("reads", resource="config/{key}")
    def get_config(self, key: Key) -> Any:
        """Return the value of a key of the configuration; null if it is not set.

        One round trip.
        """
        return self.manager.get_config(key)

    @tool("reads", resource="config")
    def list_config(
        self,
        prefix: Prefix = "",
        after: After = None,
        limit: Limit = 100,
    ) -> Keys:
        """List the keys of the configuration, in order.

        One round trip per 500 keys that there are, which brings their values as well.
        """
        return Keys.page(self.manager.config.keys(), prefix, after, limit)

    @tool("changes")
    def write_note(self, key: Key, text: Text) -> None:
        """Write a note that all agents can read, in place of the one of that key.

        One round trip.
        """
        self.manager.notes.set(key, text)

    @tool("reads", resource="notes/{key}")
    def read_note(self, key: Key) -> str | None:
        """Return the text of a note; null if there is none of that key.

        One round trip.
        """
        return self.manager.notes.get(key)

    @tool("reads", resource="notes")
    def list_notes(
        self,
        prefix: Prefix = "",
        after: After = None,
        limit: Limit = 100,
    ) -> Keys:
        """List the keys of the notes, in order.

        One round trip per 500 notes that there are, which brings their texts as well.
        """
        return Keys.page(self.manager.notes.keys(), prefix, after, limit)

    @tool("changes")
    def delete_note(self, key: Key) -> bool:
        """Delete a note. False if there is none of that key.

        One round trip.
        """
        return self.manager.notes.delete(key)

    # Counters -------------------------------------------------------------------------------

    @tool("adds")
    def increment_counter(self, counter: Key, amount: int = 1) -> None:
        """Count up, or down by a negative amount. What is counted in all regions adds up.

        One round trip.
        """
        if amount < 0:
            self.manager.counters.decrement(counter, -amount)
        else:
            self.manager.counters.increment(counter, amount)

    @tool("reads", resource="counters/{counter}")
    def get_counter(self, counter: Key) -> int:
        """Return what a counter stands at; 0 if nobody has counted by that name.

        One round trip.
        """
        return self.manager.counters.value(counter)

    @tool("reads", resource="counters")
    def list_counters(self, limit: Limit = 50) -> Counters:
        """List the counters, the highest first.

        One or two round trips.
        """
        top = self.manager.counters.top(limit + 1)
        return Counters(counters=dict(top[:limit]), more=len(top) > limit)
