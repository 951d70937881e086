"""Hostile input: whatever comes in, only exceptions of ours come out, and then nothing changed.

``python -m tests.faults.fuzz --inputs 1000000`` tries so many inputs, drawn by a seed. Each target
takes a source of chance, so the suite has Hypothesis give one, which then shrinks what fails.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any

import redis
from pydantic import BaseModel
from redis.asyncio.retry import Retry as AwaitedRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from redis_crdt import Replica, State, memory
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.core.clock import Time
from redis_crdt.core.joins import join_last, join_max, join_resettable
from redis_crdt.core.kinds import DROPPED, KINDS, PARTITIONS
from redis_crdt.core.names import check_name, check_namespace, check_replica_id
from redis_crdt.errors import CRDTError
from redis_crdt.operations import replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import SEPARATOR, Group
from redis_crdt.operations.operation import as_is
from redis_crdt.servers import Server, find_binary
from redis_crdt.sync.pull import pull
from redis_crdt.transport.awaiting import drive
from redis_crdt.transport.tails import Position
from redis_crdt.values.codec import Codec
from tests.faults.impostor import Honest, Impostor, Last, Raw, encode, request_of
from tests.faults.wire import careless_body, is_readable, is_text

HANGS_AFTER = 60.0
"""For how many seconds one input may take."""

MAX_BUSY = 50_000
"""For how many microseconds one script may keep the target's server busy, if nobody else is."""

ANEW_EVERY = 500
"""After so many inputs the replicas that batches are joined into begin anew."""

Chance = random.Random


# Making inputs ------------------------------------------------------------------------------

CODES = (
    *("DRIFT", "SHARDS", "EFFORT", "KIND", "CLOSED", "CONFLICT", "INFO", "REPLICA", "FORMAT"),
    *("OVERFLOW", "SIZE", "ABORTED", "UNNAMED", "MALFORMED", "NEW"),
    *("EXCEEDED", "LAPSED", "REFUND", "UNHEARD"),
)
"""The first words of our scripts' refusals, and one that is none."""

PIECES = (
    *(b"", b"|", b" ", b"@", b"#", b"-0", b"0", b"\n", b"\r", b"\x00", b"\x7f", b"\xff", b"\xc3"),
    *(
        b"a#1",
        b"1@a#1",
        b"g:a#1",
        b"m:a#1>b#1",
        b"9" * 15,
        b"9" * 16,
        b"-1",
        b"1e3",
        b"nil",
        b'"',
        b"\\",
        b"{",
        b"}",
    ),
    *(
        "é".encode(),
        "\u2028".encode(),
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"[" * 300,
        b"A" * 200,
    ),
)


def mutate(chance: Chance, text: bytes) -> bytes:
    """Replace, remove or repeat some bytes, mostly."""
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        i, j = (chance.randint(0, len(text)) for _ in range(2))
        i, j = min(i, j), min(max(i, j), min(i, j) + 8)
        piece = chance.choice(PIECES) if chance.random() < 0.8 else text[i:j] * 2
        text = text[:i] + piece + text[j:]
    return text


def a_dot(chance: Chance) -> str:
    time, seq = chance.randint(0, 4), chance.choice(("", "", "-1", "-2"))
    return f"{time}{seq}@{chance.choice(('a#1', 'a#2', 'b-x#0z', 'C.d_e#zz'))}"


RANKS = (
    *(b"n0", b"n150005", b"n1500015", b"n-50004~", b"n-500049~", b"n199999", b"n100001"),
    *(b"s", b"sa", b"s 0", "sé".encode(), b"t063845000000000000", b"t999999999999999999"),
)

TAKEN_AWAY = {
    "pn_counter": (b"2|1", b"5 1=2|3 1=2", b"2|3", b"9223372036854775807|1", b"1|"),
    "counter_map": (b"a#1+2", b"a#1+2/1-3/3 b-x#0z-4", b"a#1+1/1", b"a#1-9223372036854775807", b""),
}
"""Totals of which something was taken away, well-formed and not."""


def an_entry(chance: Chance, kind: str) -> bytes:
    """An entry of this kind, which need not be well-formed."""
    if kind in TAKEN_AWAY and chance.random() < 0.7:
        return chance.choice(TAKEN_AWAY[kind])
    value = chance.choice(("1", '"a"', "[]", '"é"', "1.5", "true", "false"))
    if kind in ("max_register", "min_register"):
        return chance.choice(RANKS)
    if KINDS[kind].join in (join_max, join_resettable):
        return str(chance.choice((0, 1, 2, 2**53, 2**63 - 1, 2**63))).encode()
    if KINDS[kind].join is join_last:
        return (a_dot(chance) + (f"\n{value}" if chance.random() < 0.8 else "")).encode()
    if kind == "cardinality":
        return b"0" * chance.choice((63, 63, 63, 64, 0)) + chance.choice((b"1", b"c", b"d", b"00"))
    if kind == "log":
        return chance.choice((value.encode(), b"0000000000003-a1"))
    live = sorted({a_dot(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 3)))}, key=_by_writer)
    seen = sorted({a_dot(chance) for _ in range(chance.choice((0, 0, 0, 1, 2)))}, key=_by_writer)
    text = " ".join(live) + ("|" + " ".join(seen) if seen else "")
    if kind not in ("or_set", "rw_set"):
        text += "".join(f"\n{value}" for _ in live)
    return text.encode()


def _by_writer(dot: str) -> tuple[str, list[int]]:
    time, _, writer = dot.partition("@")
    return writer, [int(part) for part in time.split("-")]


OPENED = tuple(kind for kind in KINDS if kind not in (PARTITIONS, DROPPED))
"""The kinds that replicas hand out."""

FIELDS = (
    *(b'"x"', b"value", b'"y"', b"1", b"", b"a#1", b"a#2", b"+a#1", b"-b-x#0z", b"k"),
    *(b"0000000000003-a0@a#1", b"0000000000003-a1@a#1", b"0000000000004-b10@a#1", b"^a#1"),
    *(b"255", b"256", b"00", b"g:a#1", b"s:a#1", b"m:a#1>a#2", b"m:a#1>a#1"),
)


def _may_have(kind: str, field: bytes) -> bool:
    try:
        KINDS[kind].check(field)
    except CRDTError:
        return False
    return True


USUAL = {kind: next((f for f in FIELDS if _may_have(kind, f)), b"") for kind in KINDS}
"""A field of each kind."""


def a_group(chance: Chance) -> tuple[bytes, str, list[tuple[bytes, bytes]]]:
    """A collection's part of a batch: its name, kind and entries."""
    kind = chance.choice(tuple(KINDS))
    name = kind.encode() if chance.random() < 0.9 else mutate(chance, b"name")
    entries = []
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        field = USUAL[kind] if chance.random() < 0.6 else chance.choice(FIELDS)
        entry = an_entry(chance, kind)
        if chance.random() < 0.4:
            field, entry = mutate(chance, field), mutate(chance, entry)
        entries.append((field, entry))
    return name, kind, entries


def a_context(chance: Chance) -> bytes:
    """What is known of a collection alone, as readers of batches let it through."""
    known = dict.fromkeys(a_dot(chance) for _ in range(chance.choice((0, 0, 0, 1, 2))))
    pairs = [dot.partition("@")[::2] for dot in known]
    text = mutate(chance, " ".join(f"{writer} {time}" for time, writer in pairs).encode())
    try:
        replies.read_context(text)
    except ValueError:
        return b""
    return text


WIRE = (
    *(SEPARATOR, SEPARATOR * 2, b"\x1e", b"\n", b" ", b"  ", b"|", b"||", b"0", b"1", b"00", b"a"),
    *(b"-", b"-0", b"-1", b"-01", b"-" + b"9" * 15, b"-" + b"9" * 16, b"a#1", b"1@a#1", b"x"),
    *(b"........0", b"{{{{{{{{0", b"|........0", b".......0", b"-.......0", b"........", b"0 z#1"),
)
"""What is put into the writers and the texts of bodies."""


def garble_text(chance: Chance, text: bytes) -> bytes:
    """A text of a body with something put in, taken out, or repeated."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        i = chance.randint(0, len(text))
        j = min(len(text), i + chance.choice((0, 0, 1, 1, 2, 9, 99)))
        text = (
            text[:i] + (chance.choice(WIRE) if chance.random() < 0.8 else text[i:j] * 2) + text[j:]
        )
    return text


def a_body(chance: Chance) -> list[bytes]:
    """The body of a batch, which need not be well-formed."""
    groups = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        name, kind, entries = a_group(chance)
        entries = [item for item in entries if is_text(item[1])]
        generation = chance.choice((b"", b"", b"", b"0", b"1", b"x", b"9" * 16))
        groups.append(Group(name, kind, generation, a_context(chance), entries))
    body = careless_body(groups)
    if chance.random() < 0.1:
        body[0] = garble_text(chance, body[0])
    for at in range(5, len(body), 5):
        if chance.random() < 0.15:
            text = garble_text(chance, body[at])
            body[at] = text if is_readable(text) else body[at]
        if chance.random() < 0.03:
            body[at - 3] = chance.choice((b"queue", b"", b"or_set\n", b"lww_map", b"mv_register"))
    return body[: chance.randint(0, len(body))] if chance.random() < 0.03 else body


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def a_value(chance: Chance, depth: int = 0) -> Any:
    """Something that a program may pass."""
    simple: tuple[Any, ...] = (
        *(None, True, 0, -1, 2**63, 10**400, 1.5, 1e300, float("nan"), float("inf"), -0.0),
        *("", "a", "\ud800", "\x00", "é", "a" * 100, b"\xff", object(), datetime(2020, 1, 1)),
    )
    if depth > 3 or chance.random() < 0.6:
        return chance.choice(simple)
    parts = [a_value(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    shape = chance.randrange(4)
    if shape == 0:
        return parts
    if shape == 1:
        return tuple(parts)
    if shape == 2:
        return {f"k{i}": part for i, part in enumerate(parts)}
    return dict(enumerate(parts))


NONSENSE = (
    *(b"*4000000000\r\n", b"*500000000\r\n", b"*1000000\r\n" * 7, b"*1\r\n" * 12, b"*-7\r\n"),
    *(b"$9000000000000000000\r\n", b"$2000000000\r\nabc", b"$-7\r\n", b"$x\r\n", b"$\r\n", b"\r\n"),
    *(b"%1\r\n*0\r\n:1\r\n", b"~1\r\n*0\r\n", b"|1\r\n*0\r\n:1\r\n:1\r\n", b"%2000000000\r\n"),
    *(b">2\r\n$10\r\ninvalidate\r\n*0\r\n:1\r\n", b">3\r\n$6\r\nMOVING\r\n:1\r\n:1\r\n:1\r\n"),
    *(b">1\r\n*0\r\n", b"_\r\n", b"#t\r\n", b",nan\r\n", b"(1" + b"0" * 5000 + b"\r\n", b":\r\n"),
    *(b":99999999999999999999\r\n", b"+\xff\r\n", b"-\xff\xfe\r\n", b"- \r\n", b"-\r\n", b"+\r\n"),
    *(b"-MOVED x y\r\n", b"-MOVED 1 :0\r\n", b"-ASK\r\n", b"-NOSCRIPT x\r\n", b"-LOADING x\r\n"),
    *(
        b"-NOAUTH x\r\n",
        b"-WRONGPASS x\r\n",
        b"-OOM x\r\n",
        b"-ERR max number of clients reached\r\n",
    ),
    *(f"-CRDT{code} {detail}\r\n".encode() for code in CODES for detail in ("", "x", "9" * 5000)),
    *(b"*1\r\n-ERR max number of clients reached\r\n", b"HTTP/1.1 400 Bad\r\n\r\n", b"\x00" * 99),
    *(b"$400\r\n" + b"9" * 400 + b"\r\n", b"*2\r\n$1\r\n1\r\n$400\r\n" + b"9" * 400 + b"\r\n"),
)
"""What may come in the place of a reply."""


def garble_wire(chance: Chance, reply: Any) -> Any:
    """Mostly the same reply, with some of it garbled, or nonsense in its place."""
    choice = chance.random()
    if choice < 0.8:
        return garble(chance, reply) if choice < 0.3 else reply
    if choice < 0.9:
        return chance.choice((Raw, Last))(chance.choice(NONSENSE))
    sent = encode(reply, chance.random() < 0.5)
    if choice < 0.95:
        return Last(sent[: chance.randint(0, len(sent))])
    return Last(mutate(chance, sent))


def a_burden(chance: Chance) -> list[bytes]:
    """The body of a batch that takes long to join."""

    def dots(count: int) -> bytes:
        base = chance.choice((1000, 5000))
        return " ".join(f"{base + i}@w{i:04d}#1" for i in range(count)).encode()

    match chance.randrange(5):
        case 0:
            count = chance.choice((40, 400))
            items = [(b'"%d"' % i, dots(count)) for i in range(chance.randint(1, 8000 // count))]
            return careless_body([Group(b"set", "or_set", b"", b"", items)])
        case 1:
            items = [(b'"%d"' % i, dots(1)) for i in range(1000)]
            return careless_body([Group(b"set", "or_set", b"", b"", items)])
        case 2:
            keys = [f"{i}{'é' * 30_000}".encode() for i in range(chance.randint(1, 20))]
            group = Group(b"map", "lww_map", b"", b"", [(key, b"1@a#1\n1") for key in keys])
            return careless_body([group])
        case 3:
            value = b'"%b"' % ("é" * 500_000).encode()
            items = [(b"%d" % i, b"1@a#1\n" + value) for i in range(chance.randint(1, 9))]
            return careless_body([Group(b"map", "lww_map", b"", b"", items)])
    groups = [Group(b"%d" % i, "or_set", b"", b"", []) for i in range(2000)]
    return careless_body(groups)


# Targets ------------------------------------------------------------------------------------


class Model(BaseModel):
    name: str
    size: float | None = None
    rest: dict[str, Any] = {}


CODECS = [Codec(), Codec(str), Codec(int), Codec(list[int]), Codec(Model), Codec(dict[str, bytes])]


class Liar:
    """A replica whose replies are not always what they should be."""

    def __init__(self, honest: memory.Replica) -> None:
        self._honest = honest
        self.namespace, self.shards, self.max_drift = honest.namespace, honest.shards, 60.0
        self.replica_id, self.about, self.keys = honest.replica_id, honest.about, honest.keys
        self.chance = Chance(0)

    def flight(self, shard: int) -> None:
        """Answer each request at once."""

    def execute(self, operation: Any) -> Any:
        reply: Any = self._honest.execute(operation._replace(read=as_is))
        return operation.read(garble(self.chance, reply))


def garble(chance: Chance, reply: Any) -> Any:
    """Mostly the same reply, with some part of it changed, dropped, or of another type."""
    if isinstance(reply, list):
        parts = [garble(chance, part) for part in reply]
        if parts and chance.random() < 0.03:
            parts.pop(chance.randrange(len(parts)))
        return parts
    if chance.random() < 0.9:
        return reply
    if isinstance(reply, bytes) and chance.random() < 0.7:
        return mutate(chance, reply)
    return chance.choice((0, 7, -1, b"", b"\xff", None, [], [b"x"], b"9" * 15))


class Targets:
    """What inputs are tried on: functions that raise only exceptions of ours."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._batches = self._sockets = 0
        self._loop = asyncio.new_event_loop()
        self._impostor = Impostor(as_is).__enter__()
        self._begin_anew()
        self.all: dict[str, Callable[[Chance], None]] = {
            "deltas": self.delta,
            "peers": self.peer,
            "sockets": self.socket,
            "dumps": self.dump,
            "files": self.file,
            "names": self.name,
            "values": self.value,
            "settings": self.setting,
        }

    def close(self) -> None:
        """Close what listens, and the event loop."""
        self._impostor.__exit__()
        self._loop.close()

    def _begin_anew(self) -> None:
        self._client.flushdb()
        self.server = Replica(self._client, replica_id="z")
        self._target = Replica(self._client, replica_id="z", namespace="sockets")
        self.memory = memory.Replica(replica_id="z")

    def delta(self, chance: Chance) -> None:
        """A batch, on a server and in memory: the same verdict, and the same state."""
        self._batches += 1
        if self._batches % ANEW_EVERY == 0:
            self._begin_anew()
        body = a_body(chance)
        before = self._clocks()
        source = chance.choice((b"", b"", b"y#1"))
        verdicts = [self._verdict(replica, source, body) for replica in (self.server, self.memory)]
        assert verdicts[0] == verdicts[1], f"server {verdicts[0]}, memory {verdicts[1]}: {body!r}"
        if verdicts[0] is None or (not source and not verdicts[0][0]):
            assert self._clocks() == before, f"it changed something: {body!r}"
        if chance.random() < 0.02:
            here, there = self._states()
            assert here == there, f"server {here!r}, memory {there!r}: {body!r}"

    def _verdict(
        self, replica: Any, source: bytes, body: list[bytes]
    ) -> tuple[int, list[tuple[str, ...]]] | None:
        """Return how many entries changed and which of a source's were left out.

        None for a refusal. Of two reasons either will do.
        """
        vouched = replies.Vouched(source, b"1" if source else b"")
        try:
            request = ask.apply(replica.keys(0), vouched, b"", b"", "more", 60.0, "0", body, "fuzz")
            applied: replies.Applied = replica.execute(request)
        except CRDTError:
            return None
        return applied.changed, [refused[:3] for refused in applied.refused]

    def peer(self, chance: Chance) -> None:
        """What a peer answers whose scripts are not ours."""
        if chance.random() < 0.01 or not hasattr(self, "liar"):
            honest = memory.Replica(replica_id="y", feed_limit=chance.choice((1, 100)))
            for element in "abc":
                honest.or_set("tasks").add(element)
                honest.lww_map("status").set(element, 1)
            honest.or_set("tasks").remove("a")
            self.liar = Liar(honest)
        self.liar.chance = chance
        target = memory.Replica(replica_id="z")
        with refusing():
            target.pull(self.liar)
        self._check_sound(target)

    def socket(self, chance: Chance) -> None:
        """What a server answers that need not even be a Redis, to either kind of replica."""
        self._sockets += 1
        if self._sockets % 50 == 1:
            honest = memory.Replica(
                replica_id="y", namespace="sockets", feed_limit=chance.choice((1, 100))
            )
            for element in "abc":
                honest.or_set("tasks").add(element)
                honest.lww_map("status").set(element, 1)
            honest.or_set("tasks").remove("a")
            self._honest = Honest(honest)
        server, body = self._honest, a_burden(chance) if chance.random() < 0.001 else None
        lies = chance.random() < 0.95

        def answer(args: list[bytes]) -> Any:
            reply = server(args)
            if body is None:
                return garble_wire(chance, reply) if lies else reply
            if request_of(args) == "delta" and isinstance(reply, list):
                reply[-1] = body
            return reply

        self._impostor.answer = answer
        options: dict[str, Any] = {
            "namespace": "sockets",
            "socket_timeout": 0.25,
            "protocol": chance.choice((2, 3)),
        }
        url = self._impostor.url
        if chance.random() < 0.5:
            once = Retry(NoBackoff(), 0)
            with refusing(), Replica.from_url(url, retry=once, **options) as peer:
                self._target.pull(peer)
        else:
            self._loop.run_until_complete(self._pull(url, options))

    async def _pull(self, url: str, options: dict[str, Any]) -> None:
        once = AwaitedRetry(NoBackoff(), 0)
        with refusing():
            async with AsyncReplica.from_url(url, retry=once, **options) as peer:
                await drive(pull(self._target, peer))

    def _check_sound(self, target: memory.Replica) -> None:
        """Whatever it has joined, it must be able to dump, and to give to others."""
        file = io.BytesIO()
        target.dump(file)
        file.seek(0)
        memory.Replica(replica_id="x").load(file)
        memory.Replica(replica_id="x").pull(target)

    def _clocks(self) -> list[bytes]:
        """All writes but that of a cursor move them."""
        request = ask.position(self.server.keys(0), b"", None, "fuzz")
        return [self.server.execute(request).clock, self.memory.execute(request).clock]

    def _states(self) -> tuple[bytes, ...]:
        states = []
        for replica in (self.server, self.memory):
            file = io.BytesIO()
            replica.dump(file)
            states.append(b"\n".join(sorted(file.getvalue().splitlines())))
        return tuple(states)

    def dump(self, chance: Chance) -> None:
        """The JSON of one collection's dump, merged in memory."""
        _, kind, entries = a_group(chance)
        asked: Any = kind if kind in OPENED and chance.random() < 0.9 else chance.choice(OPENED)
        shown = {_text(field): _text(entry) for field, entry in entries}
        source: Any = {"version": 1, "kind": kind, "entries": shown}
        if chance.random() < 0.3:
            source["known"] = {chance.choice(("a#1", "a#2", "z")): chance.choice(("1", "2-1", "x"))}
        if chance.random() < 0.6:
            source = json.dumps(source, ensure_ascii=chance.random() < 0.5)
            source = mutate(chance, source.encode("utf-8", "surrogateescape"))
            source = _text(source) if chance.random() < 0.3 else source
        elif chance.random() < 0.3:
            source = a_value(chance)
        target = getattr(memory.Replica(replica_id="z"), asked)("c")
        with unchanged(lambda: target.dump().model_dump_json()):
            State.load(source, asked)
            target.merge(source)

    def file(self, chance: Chance) -> None:
        """A dump of a whole namespace."""
        lines: list[dict[str, Any]] = [
            {"format": "redis_crdt", "version": 1, "namespace": "default", "replica_id": "b"}
        ]
        for _ in range(chance.choice((0, 1, 2))):
            name, kind, entries = a_group(chance)
            for field, entry in entries:
                shown = {"field": _text(field), "entry": _text(entry)}
                generation = chance.choice((0, 0, 0, 1, -1, 10**16))
                place = {"collection": _text(name), "kind": kind, "generation": generation}
                lines.append({**place, **shown})
        lines.append({"entries": len(lines) - 1})
        text = b"".join(
            json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
            for line in lines
        )
        if chance.random() < 0.6:
            text = mutate(chance, text)
        target = memory.Replica(replica_id="z")
        target.or_set("or_set").add("x")

        def state() -> bytes:
            file = io.BytesIO()
            target.dump(file)
            return file.getvalue()

        with unchanged(state):
            target.load(io.BytesIO(text))

    def name(self, chance: Chance) -> None:
        """Names of collections, namespaces and replicas, times, and cursors."""
        given: Any = mutate(chance, chance.choice((b"tasks", b"{jobs}:x", b"1-0", b"5-1/3", b"eu")))
        given = _text(given)
        check: Any = chance.choice(
            (check_name, check_namespace, check_replica_id, Time.parse, Position.parse)
        )
        with refusing():
            check(given)
        if check is check_name:
            with refusing():
                check(a_value(chance))

    def value(self, chance: Chance) -> None:
        """Values in, which come back equal if they are taken, and stored bytes out."""
        codec: Codec[Any] = chance.choice(CODECS)
        given = a_value(chance)
        with refusing():
            stored = codec.encode(given)
            assert codec.encode(codec.decode(stored)) == stored, f"not stable: {given!r}"
        with refusing():
            codec.decode(mutate(chance, chance.choice((b'"a"', b"[1,2]", b'{"name":"a"}', b"1"))))

    def setting(self, chance: Chance) -> None:
        """Settings of replicas and amounts of counters."""
        number: Any = chance.choice(
            (0, -1, 1, 2**63, 2**64, 1.5, float("nan"), float("inf"), 1e9, True)
        )
        with refusing():
            memory.Replica(replica_id="z", max_drift=number, feed_limit=chance.choice((1, 0, -1)))
        counter = memory.PNCounter(replica_id="z")
        with unchanged(lambda: counter.dump().model_dump_json()):
            counter.increment(a_value(chance) if chance.random() < 0.5 else number)
        if chance.random() > 0.05:
            return
        with refusing():
            Replica(
                self._client,
                replica_id="z",
                max_drift=number,
                shards=chance.choice((0, 1, 2, 10**9)),
                feed_limit=chance.choice((0, -1, 100_000)),
            )


@contextmanager
def refusing() -> Iterator[None]:
    """Let exceptions of ours pass."""
    try:
        yield
    except CRDTError:
        return


@contextmanager
def unchanged(state: Callable[[], Any]) -> Iterator[None]:
    """Let exceptions of ours pass, which must not have changed anything."""
    before = state()
    try:
        yield
    except CRDTError:
        assert state() == before, "it was refused, and changed something"


# The long run -------------------------------------------------------------------------------


def _hangs(*_: object) -> None:
    raise AssertionError(f"it takes more than {HANGS_AFTER:g} s")


def run(inputs: int, seed: str, client: redis.Redis) -> int:
    """Try so many inputs; print what failed first, if anything. Returns the exit status."""
    client.config_set("slowlog-log-slower-than", MAX_BUSY)
    targets = Targets(client)
    began, tried = monotonic(), Counter[str]()
    names = tuple(targets.all)
    signal.signal(signal.SIGALRM, _hangs)
    for number in range(inputs):
        name = names[number % len(names)]
        signal.setitimer(signal.ITIMER_REAL, HANGS_AFTER)
        try:
            targets.all[name](Chance(f"{seed} {number}"))
        except Exception:
            traceback.print_exc()
            print(f"FAILED      input {number} of seed {seed}, for {name}", flush=True)
            return 1
        tried[name] += 1
        if (number + 1) % 100_000 == 0:
            print(f"{number + 1} inputs, {monotonic() - began:.0f} s", flush=True)
    signal.setitimer(signal.ITIMER_REAL, 0)
    scripts = [e["duration"] / 1000 for e in client.slowlog_get(1000) if b"EVAL" in e["command"]]
    longest = max(scripts, default=0.0)
    print(f"scripts of {MAX_BUSY // 1000} ms or more: {len(scripts)}, the longest of {longest:.0f}")
    shown = ", ".join(f"{n} {name}" for name, n in tried.items())
    print(f"{inputs} inputs in {monotonic() - began:.0f} s: {shown}; nothing failed")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", default="1")
    args = parser.parse_args()
    with Server(find_binary("valkey")) as server, server.client(socket_timeout=None) as client:
        return run(args.inputs, args.seed, client)


if __name__ == "__main__":
    sys.exit(main())
