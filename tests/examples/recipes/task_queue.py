"""A task queue: each task is done once, in one region, also while regions are cut apart.

A worker has a task for as long as its lease. One that takes longer loses it to the next who asks,
and may not know: so what it writes goes under the *fence* of its claim, a number that only grows,
and what it is written to takes nothing under a lower one. Here that is a table of SQLite; any
database can compare two numbers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from redis_crdt import Backend
from redis_crdt.errors import Fenced


class Summaries:
    """What workers write: of each task what came of it, under the highest fence."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        with database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS summaries (task PRIMARY KEY, fence INTEGER, text)"
            )

    def write(self, task: str, fence: int, text: str) -> bool:
        """Write what came of a task; False if that was written under a higher fence."""
        with self._database:
            written = self._database.execute(
                "INSERT INTO summaries VALUES (?, ?, ?) ON CONFLICT (task) DO UPDATE "
                "SET fence = excluded.fence, text = excluded.text WHERE fence <= excluded.fence",
                (task, fence, text),
            )
        return written.rowcount == 1

    def texts(self) -> list[str]:
        return [text for (text,) in self._database.execute("SELECT text FROM summaries")]


class Worker:
    def __init__(
        self, replica: Backend, name: str, summaries: Summaries, lease: float = 30.0
    ) -> None:
        self._pages = replica.work_queue("pages", str, max_attempts=3)
        self._name = name
        self._summaries = summaries
        self._lease = lease

    def put(self, page: str, *, urgent: bool = False) -> None:
        self._pages.put(page, priority=1 if urgent else 0)

    def work(self, summarize: Callable[[str], str]) -> bool:
        """Do the task that comes next; False where this region has none."""
        task = self._pages.claim(self._name, self._lease)
        if task is None:
            return False
        try:
            text = summarize(task.value)
        except Exception:
            with suppress(Fenced):
                task.release(delay=0.1 * task.attempts)  # which others may do better, a bit later
            return True
        with suppress(Fenced):  # then another worker has it, and writes what counts
            self._summaries.write(task.id, task.fence, text)
            task.done()
        return True

    def given_up(self) -> list[str]:
        """Return the pages that were tried three times, and never done, for people to look at."""
        return [dead.value for dead in self._pages.dead()]
