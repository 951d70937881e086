"""What a hostile peer may have on its server: entries that no replica of ours would write."""

from __future__ import annotations

import re
from time import time

import redis

from redis_crdt import Replica
from redis_crdt.core.entries import MAX_ENTRY, MAX_FIELD
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys

DOT = "1000@mallory#1"

Entry = tuple[str, str, bytes | str, bytes | str]
"""Kind, name, field and entry."""


AN_HOUR = 3600


def _in_an_hour() -> str:
    return f"{int((time() + AN_HOUR) * 1000)}@mallory#1"


PAYLOADS: dict[str, Entry] = {
    "no dot": ("or_set", "tasks", '"x"', "nonsense"),
    "nothing": ("or_set", "tasks", '"x"', ""),
    "a dot twice": ("or_set", "tasks", '"x"', f"{DOT} {DOT}"),
    "a dot in other form": ("or_set", "tasks", '"x"', f"0{DOT}"),
    "a time in an hour": ("or_set", "tasks", '"x"', _in_an_hour()),
    "a time of the end of time": ("lww_register", "config", "value", "9" * 15 + "@mallory#1\n1"),
    "a removal in an hour": ("or_set", "tasks", '"x"', f"|{_in_an_hour()}"),
    "no UTF-8": ("lww_map", "status", b"\xff", f"{DOT}\n1"),
    "a value that is no UTF-8": ("lww_map", "status", "k", DOT.encode() + b'\n"\xff"'),
    "two lines": ("lww_register", "config", "value", f"{DOT}\n1\n2"),
    "a field that is too long": ("lww_map", "status", "k" * (MAX_FIELD + 1), f"{DOT}\n1"),
    "an entry that is too long": (
        *("lww_register", "config", "value"),
        f"{DOT}\n" + "1" * MAX_ENTRY,
    ),
    "a total below zero": ("g_counter", "done", "mallory#1", "-1"),
    "a total that is too large": ("g_counter", "done", "mallory#1", str(2**63)),
    "a total of nobody": ("pn_counter", "pool", "mallory", "1"),
    "values without dots": ("mv_register", "owner", "value", f"{DOT}\n1\n2"),
    "another field": ("lww_register", "config", "other", f"{DOT}\n1"),
    "a key without a value": ("lww_map", "status", "k", DOT),
    "an unknown kind": ("queue", "tasks", "x", f"{DOT}\n1"),
    "partitions of no number": ("partitions", "tasks", "value", f"{DOT}\n[]"),
    "partitions of what has none": (
        *("partitions", "tasks", "value"),
        f'{DOT}\n{{"kind": "g_counter", "partitions": 4}}',
    ),
    "more partitions than there may be": (
        *("partitions", "tasks", "value"),
        f'{DOT}\n{{"kind": "or_set", "partitions": 1025}}',
    ),
    "partitions without their number": ("partitions", "tasks", "value", DOT),
    "a name with a line break": ("or_set", "a\nb", '"x"', DOT),
    "a name that is too long": ("or_set", "n" * 256, '"x"', DOT),
}


# A dot in its canonical form; what is none is planted as it is.
_DOT = re.compile(rb"(?<!\d)([1-9]\d*)@mallory#1")


def _packed(dot: re.Match[bytes]) -> bytes:
    """Pack a dot as the server's scripts do; see ``lua/lib/packed_entries.lua``."""
    time, digits = int(dot[1]), b""
    for _ in range(8):
        time, digit = divmod(time, 78)
        digits = bytes([ord(".") + digit]) + digits
    return digits + b"m"


def plant(client: redis.Redis, mallory: Replica, payload: str, beside: str = "fine") -> None:
    """Put it on mallory's server, beside something that is as it should be in another set."""
    kind, name, field, entry = PAYLOADS[payload]
    if beside:
        mallory.or_set(beside, str).add("of mallory")
    keys = Keys(mallory.namespace)
    stored = entry.encode() if isinstance(entry, str) else entry
    if kind in ("or_set", "lww_map"):
        head, line_end, value = stored.partition(b"\n")
        stored = _DOT.sub(_packed, head) + line_end + value
        client.hset(keys.base[0], "#m", "mallory#1")
    client.hset(keys.live(kind, name.encode()), field, stored)
    client.hset(keys.base[2], name, kind)
    letter = KINDS[kind].letter if kind in KINDS else "Q"
    client.xadd(keys.base[1], {letter + name: field})
