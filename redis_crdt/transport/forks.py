"""Forks: the event loop of a process goes on there, and in none that was forked from it."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Entered(Protocol):
    """What is used by an event loop."""

    _thread: int
    """The thread in which that runs; 0 for none."""


_entered: WeakSet[Entered] = WeakSet()


def leave_at_fork(entered: Entered) -> None:
    """Have it be in use by no event loop in processes that are forked from this one."""
    _entered.add(entered)


def _leave() -> None:
    for entered in _entered:
        entered._thread = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave)
