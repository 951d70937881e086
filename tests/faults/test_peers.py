"""A peer is not trusted: whatever its server answers is one error of one link, in bounded time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from threading import Event, Semaphore
from typing import Any

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import InvalidResponse

from redis_crdt import Replica, memory, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.core.entries import MAX_KNOWN
from redis_crdt.core.names import Keys
from redis_crdt.errors import CRDTError, InvalidDump, ServerError
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import Group, body_of, entries_of, split
from redis_crdt.sync import Syncer
from redis_crdt.sync import follower as following
from redis_crdt.sync import pull as pulling
from redis_crdt.sync import reconcile as reconciling
from redis_crdt.sync.joining import MAX_WEIGHT
from redis_crdt.sync.reconcile import IDLE_PAGES
from redis_crdt.transport import bounds
from redis_crdt.transport.bounds import BoundedReader
from tests.faults.impostor import Honest, Impostor, Raw, Refusal, answering, encode, request_of

NewUrl = Callable[[servers.Flavour], str]

UNHASHABLE = Raw(b"%1\r\n*0\r\n:1\r\n")

LIES: dict[str, tuple[str, Any]] = {
    "a handshake of many parts": ("HELLO", Raw(b"*4000000000\r\n")),
    "a list of information": ("INFO", [1]),
    "no information": ("INFO", None),
    "a refusal without its number": ("open", Refusal(b"CRDTSHARDS x")),
    "a drift that is no number": ("delta", Refusal(b"CRDTDRIFT x")),
    "a drift of many digits": ("delta", Refusal(b"CRDTDRIFT " + b"9" * 5000)),
    "a namespace that never opens": ("delta", Refusal(b"CRDTCLOSED x")),
    "a script that is never known": ("delta", Refusal(b"NOSCRIPT x")),
    "a move to nowhere": ("delta", Refusal(b"MOVED x y")),
    "an error that is no text": ("delta", Refusal(b"\xff\xfe")),
    "an effort that was none": ("delta", Refusal(b"CRDTEFFORT 0")),
    "a map of lists": ("delta", UNHASHABLE),
    "more parts than there is memory": ("delta", Raw(b"*4000000000\r\n")),
    "many parts": ("delta", Raw(b"*500000000\r\n")),
    "many parts in many": ("delta", Raw(b"*900000\r\n" * 7)),
    "a text of many bytes": ("delta", Raw(b"$2000000000\r\nabc")),
    "a text of too many bytes": ("delta", Raw(b"$9000000000000000000\r\n")),
    "a page of the web": ("delta", Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "a reply of nothing": ("delta", [[]] * 9),
}

SYNCER_LIES: dict[str, tuple[str, Any]] = {
    "a time that is short": ("TIME", [b"1"]),
    "a time that is huge": ("TIME", [b"1", b"9" * 400]),
    "a feed of lists": ("XREAD", UNHASHABLE),
    "a ping of the web": ("PING", Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
}


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes about by itself."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.005)


def an_honest_one(feed_limit: int = 100) -> memory.Replica:
    replica = memory.Replica(replica_id="mallory", feed_limit=feed_limit)
    replica.or_set("tasks").update("abc")
    return replica


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("lie", LIES)
async def test_a_pull_from_a_liar(lie: str, protocol: int, new_url: NewUrl) -> None:
    """One error of ours, whoever asks."""
    if protocol == 2 and LIES[lie][0] == "HELLO":
        pytest.skip("the older protocol has no handshake")
    url, options = new_url("valkey"), {"protocol": protocol, "socket_timeout": 5.0}
    eu = Replica.from_url(url, replica_id="eu")
    with Impostor(answering(Honest(an_honest_one()), *LIES[lie])) as liar:
        with pytest.raises(CRDTError), Replica.from_url(liar.url, **options) as peer:  # type: ignore[arg-type]
            eu.pull(peer)
        with pytest.raises(CRDTError):
            async with (
                AsyncReplica.from_url(url) as target,
                AsyncReplica.from_url(liar.url, **options) as source,  # type: ignore[arg-type]
            ):
                await target.pull(source)
    assert len(eu.or_set("tasks")) == 0


@pytest.mark.parametrize("handshake", [1, [1, 2]])
def test_a_handshake_of_something_else(handshake: Any) -> None:
    with (
        Impostor(answering(Honest(an_honest_one()), "HELLO", handshake)) as liar,
        pytest.raises(ServerError),
    ):
        Replica.from_url(liar.url, protocol=3)


def test_a_namespace_that_never_opens(new_url: NewUrl) -> None:
    honest, asked = Honest(an_honest_one()), Counter[str]()

    def answer(args: list[bytes]) -> Any:
        asked[request_of(args)] += 1
        return Refusal(b"CRDTCLOSED x") if request_of(args) == "delta" else honest(args)

    with (
        Impostor(answer) as liar,
        Replica.from_url(liar.url) as peer,
        Replica.from_url(new_url("valkey"), replica_id="eu") as eu,
        pytest.raises(InvalidDump),
    ):
        eu.pull(peer)
    assert asked["open"] < 20


@pytest.mark.parametrize(
    "sums", [7, [b"0"], [b"0", [b""]], [b"0", [b"", b"x", b"1"]], [b"0", [b"", b"1", b"1", b""]]]
)
def test_comparing_with_a_liar(sums: Any, new_url: NewUrl) -> None:
    with (
        Impostor(answering(Honest(an_honest_one()), "digest_page", sums)) as liar,
        Replica.from_url(liar.url) as peer,
        Replica.from_url(new_url("valkey"), replica_id="eu") as eu,
        pytest.raises(InvalidDump),
    ):
        eu.verify(peer)


@pytest.mark.parametrize("is_blocking", [True, False], ids=["blocking", "awaited"])
async def test_a_syncer_outlives_all_liars(is_blocking: bool, new_url: NewUrl) -> None:
    """Each is its own link's error, again and again; the honest peer is followed meanwhile."""
    eu_url, us_url = new_url("valkey"), new_url("valkey")
    with ExitStack() as liars, Replica.from_url(us_url, replica_id="us") as us:
        async with AsyncExitStack() as opened:
            eu = await opened.enter_async_context(AsyncReplica.from_url(eu_url, replica_id="eu"))
            us.or_set("ours").add(1)
            await eu.pull(us)
            peers: list[Any] = [us]
            # Each that is blocking keeps a thread busy, and has to be opened.
            lies = SYNCER_LIES if is_blocking else {**LIES, **SYNCER_LIES}
            for request, reply in lies.values():
                answer = answering(Honest(an_honest_one()), request, reply)
                liar = liars.enter_context(Impostor(answer))
                if is_blocking:
                    peers.append(await asyncio.to_thread(Replica.from_url, liar.url))
                    liars.callback(peers[-1].close)
                else:
                    peers.append(AsyncReplica.from_url(liar.url))
                    opened.push_async_callback(peers[-1].close)
            syncer = Syncer(eu, peers, interval=0.3)
            running = asyncio.create_task(syncer.run())
            honest, *others = syncer.links
            failed: set[str] = set()

            def have_all_failed() -> bool:
                failed.update(link.address for link in others if link.failures)
                return running.done() or len(failed) == len(others)

            await until(have_all_failed)
            us.or_set("ours").add(2)
            async for change in eu.or_set("ours").watch("0-0", timeout=60):
                if change.key == 2:
                    break
            assert not running.done(), running.exception()
            assert honest.last_error is None
            assert honest.failures == 0
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_blocking_peers_that_do_not_answer_keep_no_others_waiting(new_url: NewUrl) -> None:
    us_url, asked = new_url("valkey"), Semaphore(0)
    answers = Event()
    honest = Honest(an_honest_one())

    def answer(args: list[bytes]) -> Any:
        if request_of(args) == "delta":
            asked.release()
            answers.wait()
        return honest(args)

    with ExitStack() as silent, Replica.from_url(us_url, replica_id="us") as us:
        us.or_set("ours").add(1)
        async with AsyncReplica.from_url(new_url("valkey"), replica_id="eu") as eu:
            await eu.pull(us)
            liars = [silent.enter_context(Impostor(answer)) for _ in range(40)]
            peers = [await asyncio.to_thread(Replica.from_url, one.url) for one in liars]
            syncer = Syncer(eu, peers)
            running = asyncio.create_task(syncer.run())
            for _ in peers:
                assert await asyncio.to_thread(asked.acquire, timeout=60)
            us.or_set("ours").add(2)
            async with asyncio.timeout(60):
                later = Syncer(eu, [us])
                following = asyncio.create_task(later.run())
                await later.in_step()
            assert await eu.or_set("ours").size() == 2
            answers.set()
            for task in (running, following):
                task.cancel()
            await asyncio.gather(running, following, return_exceptions=True)
            for peer in peers:
                peer.close()


# Bounds of replies --------------------------------------------------------------------------

PARTS = st.recursive(
    st.none() | st.integers(0, 10**12) | st.sampled_from((b"", b"*99999999\r\n", b"\r\n$9\r\nab")),
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.binary(max_size=3), part, max_size=3)
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=4), st.data())
def test_bounded_replies_are_read_as_any(replies: list[Any], data: st.DataObject) -> None:
    """However they are cut as they come: what is in a text announces nothing."""
    reader = BoundedReader(hiredis.Reader(notEnoughData=...))
    sent = b"".join(encode(reply, True) for reply in replies)
    read: list[Any] = []
    while sent:
        size = data.draw(st.integers(1, min(len(sent), 9)))
        reader.feed(bytearray(b"x" + sent[:size]), 1, size)
        sent = sent[size:]
        while (reply := reader.gets(False)) is not ...:
            read.append(reply)
    assert read == replies


@pytest.mark.parametrize(
    "sent",
    [
        b"*4000000000\r\n",
        b"%600000\r\n",
        b"*2\r\n*600000\r\n" + b":1\r\n" * 600_000 + b"*600000\r\n",
        b"*1\r\n$2000000000\r\n",
        b"$x\r\n",
        b"*2\r\n+" + b"x" * 70_000,
    ],
    ids=["parts", "pairs", "parts of parts", "bytes", "no number", "a line"],
)
def test_what_passes_a_bound_is_not_read(sent: bytes) -> None:
    reader = BoundedReader(hiredis.Reader())
    with pytest.raises(InvalidResponse):
        reader.feed(sent)
    reader.is_lifted = True
    reader.feed(b"*2\r\n")


def test_replies_of_endless_parts_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_REPLY", 1_000_000)
    reader = BoundedReader(hiredis.Reader())
    reader.feed(b"*900000\r\n")
    text = b"$1000\r\n" + b"x" * 1000 + b"\r\n"
    with pytest.raises(InvalidResponse):
        any(map(reader.feed, [text] * 1000))


def test_a_reply_that_comes_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(bounds, "monotonic", lambda: now[0])
    reader = BoundedReader(hiredis.Reader())

    def one_by_one() -> Iterator[bytes]:
        for byte in b"$1000\r\n" + b"x" * 1000:
            now[0] += 1.0
            yield bytes([byte])

    with pytest.raises(InvalidResponse):
        any(map(reader.feed, one_by_one()))
    assert 60 < now[0] < 100


def test_a_program_reads_what_is_large(new_url: NewUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_PARTS", 100)
    with Replica.from_url(new_url("valkey"), replica_id="eu") as eu:
        tasks = eu.or_set("tasks", int)
        tasks.update(range(200))
        assert set(tasks) == set(range(200))


def test_what_a_server_says_is_told_in_bounds(new_url: NewUrl) -> None:
    said = Refusal(b"ERR " + b"\x1b[2Jx" * 5000)
    with (
        Impostor(answering(Honest(an_honest_one()), "delta", said)) as liar,
        Replica.from_url(liar.url) as peer,
        Replica.from_url(new_url("valkey"), replica_id="eu") as eu,
    ):
        with pytest.raises(ServerError) as refused:
            eu.pull(peer)
        text = str(refused.value)
        assert len(text) < 1000
        assert text.isprintable()


def test_what_is_pushed_is_left_alone(new_url: NewUrl, caplog: pytest.LogCaptureFixture) -> None:
    """It could have redis-py turn to another server."""
    moving = Raw(b">3\r\n$6\r\nMOVING\r\n:1\r\n:1\r\n")
    honest = Honest(an_honest_one())

    def answer(args: list[bytes]) -> Any:
        return Raw(moving + encode(honest(args), True)) if args[0] == b"EVALSHA" else honest(args)

    with (
        Impostor(answer) as server,
        Replica.from_url(server.url, protocol=3) as peer,
        Replica.from_url(new_url("valkey"), replica_id="eu") as eu,
    ):
        for _ in range(2):
            eu.pull(peer)
        assert set(eu.or_set("tasks")) == set("abc")
    assert not caplog.records  # redis-py would have taken it for a notice of its own


# What is joined at once ---------------------------------------------------------------------


class Telling:
    """A source that tells the given bodies, one after the other, and what it knows."""

    namespace, shards, max_drift, replica_id, about = "default", 1, 60.0, "mallory", "mallory"

    def __init__(self, *bodies: list[bytes], known: dict[bytes, bytes] | None = None) -> None:
        self._bodies = [*bodies]
        self._known = [part for item in (known or {}).items() for part in item]
        self._clock = 10**6

    def keys(self, shard: int) -> Keys:
        return Keys(self.namespace, shard)

    def flight(self, shard: int) -> None:
        return None

    def execute(self, operation: Any) -> Any:
        body = self._bodies.pop(0) if self._bodies else []
        self._clock += 1
        clock, more = b"%d-0" % self._clock, b"%d" % bool(self._bodies)
        head = [b"delta", b"0", b"mallory#1", clock, b"0", clock, more]
        return operation.read([*head, self._known, body])


def dots(count: int, base: int = 1000) -> bytes:
    """The head of an entry with so many dots, each of a writer of its own."""
    return b" ".join(b"%d@w%04d#1" % (base + i, i) for i in range(count))


def a_set(items: dict[bytes, bytes]) -> list[bytes]:
    return body_of([Group(b"set", "or_set", b"", b"", [*items.items()])])


BURDENS: dict[str, list[list[bytes]]] = {
    "many dots": [a_set({b'"%d"' % i: dots(40) for i in range(500)})],
    "few dots upon many": [
        a_set({b'"%d"' % i: dots(900) for i in range(10)}),
        a_set({b'"%d"' % i: dots(1, 9000) for i in range(10)}),
    ],
    "many bytes": [
        body_of(
            Group(b"r%d" % i, "lww_register", b"", b"", [(b"value", b"1@a#1\n" + b"1" * 900_000)])
            for i in range(5)
        )
    ],
    "keys of many letters": [
        body_of(
            [
                Group(
                    *(b"map", "lww_map", b"", b""),
                    [(b"%d" % i + "é".encode() * 30_000, b"1@a#1\n1") for i in range(10)],
                )
            ]
        )
    ],
    "many collections": [
        body_of(Group(b"s%d" % i, "or_set", b"", b"", [(b'"x"', b"1@a#1")]) for i in range(1000))
    ],
    "long contexts": [
        body_of(
            Group(
                *(b"s%d" % i, "or_set", b""),
                b" ".join(b"o%d#1 5" % n for n in range(4000)),
                [(b'"x"', b"1@a#1")],
            )
            for i in range(4)
        )
    ],
}


@pytest.mark.parametrize("burden", BURDENS)
def test_what_takes_long_is_joined_in_parts(burden: str, new_url: NewUrl) -> None:
    """All of it; and the cursor moves with the last of them."""
    in_memory = memory.Replica(replica_id="us")
    in_memory.pull(Telling(*BURDENS[burden]))
    with Replica.from_url(new_url("valkey"), replica_id="eu") as eu:
        report = eu.pull(Telling(*BURDENS[burden]))
        assert report.batches > len(BURDENS[burden])
        assert not report.refused
        assert in_memory.pull(eu).changed == 0
        assert eu.collections() == in_memory.collections()
        known = eu.execute(ask.knowledge(eu.keys(0), "test")).known
        assert known[b"mallory#1"] == b"%d-0" % (10**6 + len(BURDENS[burden]))


def test_one_that_is_refused_in_a_part_keeps_the_cursor(new_url: NewUrl) -> None:
    items = {b'"%d"' % i: dots(40) for i in range(200)}
    items[b'"0"'] = b"9@nobody#1"
    body = a_set(items)
    body[5] = body[5].replace(b'"0"\xff', b'"0"\xff||', 1)
    with Replica.from_url(new_url("valkey"), replica_id="eu") as eu:
        report = eu.pull(Telling(body))
        assert report.batches > 1
        assert [refused.field for refused in report.refused] == ['"0"']
        assert len(eu.or_set("set")) == 199
        known = eu.execute(ask.knowledge(eu.keys(0), "test")).known
        assert b"mallory#1" not in known


def test_parts_of_a_body_have_all_of_it() -> None:
    body = BURDENS["long contexts"][0]
    whole = body_of(
        [
            Group(b"map", "lww_map", b"1", b"", [(b"k", b"1@a#1 2-5@b#1|3@c#1\n1\n2")]),
            Group(b"none", "or_set", b"", b"o#1 5", []),
        ]
    )
    for text, weight, entries in ((body, MAX_WEIGHT // 8, 500), (whole, 1, 1)):
        parts = [*split(text, weight, entries)]
        assert len(parts) > 1
        joined = [item for part in parts for item in entries_of(part)]
        assert joined == [*entries_of(text)]
        assert [place for part in parts for place in part[1::5]] == text[1::5]


def test_names_do_not_fill_what_is_known(new_url: NewUrl) -> None:
    with Replica.from_url(new_url("valkey"), replica_id="eu") as eu:
        for replica in (eu, memory.Replica(replica_id="eu")):
            for round_ in range(2):
                names = {b"n%d-%d#1" % (round_, i): b"5-0" for i in range(MAX_KNOWN - 1000)}
                replica.pull(Telling(known=names))
            many = {b"n%d#1" % i: b"5-0" for i in range(10_000)}
            with pytest.raises(InvalidDump):
                replica.pull(Telling(known=many))
            known = replica.execute(ask.knowledge(replica.keys(0), "test")).known
            assert len(known) == MAX_KNOWN + 1
            assert b"mallory#1" in known


# What has no end ----------------------------------------------------------------------------


class Endless(Telling):
    """A source whose scan goes on and on."""

    pages = 0

    def execute(self, operation: Any) -> Any:
        if operation.name != "replica/scan":
            head = [b"reconcile", b"0", b"mallory#1", b"9-0", b"0", b"9-0", b"0", [], []]
            return operation.read(head)
        self.pages += 1
        page = a_set({b'"%d"' % (self.pages % 3): b"%d@mallory#1" % self.pages})
        place = [b"s", b"or_set"] if self.pages == 1 else []
        at: list[Any] = [b"0", 1, b"live", b"7", place, 1]
        return operation.read([b"0", b"mallory#1", b"9-0", [], *at, page])


def test_a_scan_without_end(new_url: NewUrl) -> None:
    source = Endless()
    with pytest.raises(InvalidDump, match="without end"):
        memory.Replica(replica_id="eu").pull(source)
    assert source.pages < 2 * IDLE_PAGES


def test_a_delta_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "MAX_BATCHES", 50)
    page = a_set({b'"x"': b"5@mallory#1"})
    source = Telling(*[page] * 1000)
    report = memory.Replica(replica_id="eu").pull(source)
    assert report.batches <= 60


async def test_a_new_region_is_filled_beside_one_whose_scan_has_no_end(
    new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "FILLING", 0.1)
    monkeypatch.setattr(reconciling, "IDLE_PAGES", 10**9)
    monkeypatch.setattr(reconciling, "MAX_UNTOLD", 10**9)
    scanning = asyncio.Event()
    endless = memory.Replica(replica_id="mallory", feed_limit=1)
    for element in "abc":
        endless.or_set("tasks").add(element)
    honest, loop = Honest(endless), asyncio.get_running_loop()

    def answer(args: list[bytes]) -> Any:
        reply = honest(args)
        if isinstance(reply, list) and len(reply) == 11:
            loop.call_soon_threadsafe(scanning.set)
            reply[4:8] = [b"0", 1, b"live", b"7"]
            reply[8] = [b"tasks", b"or_set"]
        return reply

    us_url = new_url("valkey")
    with Impostor(answer) as liar, Replica.from_url(us_url, replica_id="us") as us:
        us.or_set("ours").add(1)
        async with (
            AsyncReplica.from_url(new_url("valkey"), replica_id="eu") as eu,
            AsyncReplica.from_url(liar.url) as peer,
            AsyncReplica.from_url(us_url) as good,
        ):
            syncer = Syncer(eu, [peer])
            running = asyncio.create_task(syncer.run())
            async with asyncio.timeout(60):
                await scanning.wait()
            later = Syncer(eu, [good])
            later._filling = syncer._filling
            filled = asyncio.create_task(later.run())
            async with asyncio.timeout(60):
                await later.in_step()
            assert await eu.or_set("ours").size() == 1
            assert not running.done()
            for task in (running, filled):
                task.cancel()
            await asyncio.gather(running, filled, return_exceptions=True)
