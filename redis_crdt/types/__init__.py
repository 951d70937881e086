"""The types, a folder each; what they have in common is in :mod:`redis_crdt.types.base`.

A type is registered by its line here. ``python -m tests.faces`` then writes it into the classes
of which replicas are made, and whatever goes through all kinds finds it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from redis_crdt.core.kinds import register

TYPES: Final = (
    "budget",
    "cardinality",
    "counter_map",
    "dw_flag",
    "ew_flag",
    "g_counter",
    "g_set",
    "log",
    "lww_map",
    "lww_register",
    "max_register",
    "min_register",
    "mv_register",
    "or_set",
    "pn_counter",
    "rw_set",
    "sorted_map",
    "work_queue",
)
"""The folders of all types, which are named as the methods that open them."""

BESIDE: Final = {"budget": "Hold", "work_queue": "Claim"}
"""What else of a folder programs name, as in type hints: what a type's methods return."""

for _name in TYPES:
    register(import_module(f"{__name__}.{_name}.kind").KIND)
