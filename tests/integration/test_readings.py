"""In a reading both sides say only what they have come to know since, and nothing is lost by it."""

from __future__ import annotations

import pickle
import random
from collections.abc import Mapping
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.core.clock import parse_clock
from redis_crdt.core.floors import is_known
from redis_crdt.errors import InvalidDump
from redis_crdt.operations import bodies, replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import drive
from redis_crdt.servers import Server
from redis_crdt.sync.pull import Pull
from redis_crdt.sync.reading import Dialogue
from redis_crdt.sync.window import Window
from tests.backends import NewClient, require_binary

PREFIX = "crdt:{default:0}:"
ASKER, TOKEN = b"z#mwxj5mjq9f7d", b"t0ken"


@pytest.fixture
def client(flavour: Any, new_client: NewClient) -> redis.Redis:
    return new_client(flavour)


@pytest.fixture
def source(client: redis.Redis) -> Replica:
    replica = Replica(client, replica_id="a")
    replica.or_set("s", str).add("first")
    return replica


def knowledge(replica: Any) -> replies.Knowledge:
    found: replies.Knowledge = replica.execute(ask.knowledge(replica.keys(0), "test"))
    return found


def others(replica: Replica) -> dict[bytes, bytes]:
    """What a replica knows beside itself."""
    found = knowledge(replica)
    return {writer: clock for writer, clock in found.known.items() if writer != found.writer}


def request(source: Replica, position: bytes, said: Mapping[bytes, bytes]) -> replies.Delta:
    asked = ask.dump(source.keys(0), ASKER, said, position, "test", TOKEN)
    delta: replies.Delta = source.execute(asked)
    return delta


def begin(source: Replica) -> replies.Delta:
    """Begin a reading at the end of the feed."""
    found = knowledge(source)
    return request(source, b"", {found.writer: found.clock})


def region(name: str) -> memory.Replica:
    replica = memory.Replica(replica_id=name)
    replica.or_set("s", str).add(f"of {name}")
    return replica


def test_only_what_has_changed_is_told(source: Replica, client: redis.Redis) -> None:
    b, c = region("b"), region("c")
    source.pull(b)
    first = begin(source)
    assert (first.number, first.source.known) == (1, others(source))
    again = request(source, b"+", {})
    assert (again.number, again.source.known) == (2, {})
    source.pull(c)
    theirs = knowledge(c)
    assert request(source, b"+", {}).source.known == {theirs.writer: theirs.clock}
    # As a floor does that takes a writer's place.
    client.hdel(f"{PREFIX}known", theirs.writer.decode())
    floor = theirs.writer.replace(b"#", b"#0")
    client.hset(f"{PREFIX}known", floor.decode(), theirs.clock.decode())
    assert request(source, b"+", {}).source.known == {theirs.writer: b"", floor: theirs.clock}
    assert request(source, b"+", {}).source.known == {}


@pytest.mark.parametrize("how", ["by name", "by a floor", "among many", "not at all"])
def test_what_was_said_is_remembered(source: Replica, how: str) -> None:
    b = region("b")
    theirs = knowledge(b)
    begin(source)
    floor = theirs.writer.replace(b"#", b"#0")
    many = {b"r%d#mwxj5mjq9f7d" % n: b"17-0" for n in range(100)}
    said: dict[str, dict[bytes, bytes]] = {
        "by name": {theirs.writer: theirs.clock},
        "by a floor": {floor: theirs.clock},
        "among many": {**many, theirs.writer: theirs.clock},
        "not at all": {theirs.writer: b"1-0"},
    }
    request(source, b"+", {theirs.writer: b"1-0"} if how != "by a floor" else {})
    request(source, b"+", said[how])
    request(source, b"+", {b"other#mwxj5mjq9f7d": b"17-0"})
    source.pull(b)
    found = request(source, b"+", {})
    assert found.cursor == found.source.clock
    assert bodies.count(found.body) == (how == "not at all")


def test_another_incarnation_is_asked_anew(source: Replica, client: redis.Redis) -> None:
    begin(source)
    meta = f"{PREFIX}meta"
    former = str(client.hget(meta, "writer"), "ascii")  # type: ignore[arg-type]
    client.hset(meta, mapping={"writer": f"{former}1", "history": f"{former}@0-1 "})
    assert request(source, b"+", {}).number == 0
    assert begin(source).number == 1


def test_a_reading_that_is_over_is_not_known(source: Replica, client: redis.Redis) -> None:
    begin(source)
    for key in client.scan_iter("*:reading:*"):
        assert 0 < client.pttl(key) <= 60_000
        client.delete(key)
    assert request(source, b"+", {}).number == 0


def test_whoever_holds_more_than_he_says_to_know_shows_that_a_source_was_put_back(
    source: Replica, client: redis.Redis, new_client: NewClient, flavour: Any, monkeypatch: Any
) -> None:
    """A batch brings a field as it is now, and its cursor stands where that was first named."""
    monkeypatch.setattr(ask, "BATCH", 1)
    target = Replica(new_client(flavour), replica_id="z")
    theirs, ours = (replica.lww_map("m", int) for replica in (source, target))
    pull = Pull(target, source)
    drive(pull.run())
    theirs.set("x", 1)
    theirs.set("y", 1)
    kept: dict[bytes, Any] = {key: client.dump(key) for key in client.scan_iter()}
    theirs.set("x", 2)
    going, reply = pull.run(), None
    while ours.get("x") != 2:
        executor, operation = going.send(reply)
        reply = executor.execute(operation)
    going.close()
    assert "y" not in ours
    client.flushdb()
    for key, dump in kept.items():
        client.restore(key, 0, dump)
    drive(pull.run())
    Replica(client).sync(target)
    assert theirs.to_dict() == ours.to_dict() == {"x": 2, "y": 1}


def test_a_reading_is_not_filled_with_names(source: Replica, client: redis.Redis) -> None:
    begin(source)
    for number in range(20):
        many = {b"%s%d-%d#mwxj5mjq9f7d" % (b"x" * 40, number, n): b"17-0" for n in range(4000)}
        if request(source, b"+", many).number == 0:
            break
    assert 2 < number < 10
    sizes = [client.strlen(key) for key in client.scan_iter("*:reading:*")]
    assert max(sizes) < 1_500_000
    assert request(source, b"+", {}).number == 0


@pytest.mark.parametrize("seed", range(3))
def test_what_is_put_together_is_what_the_source_knows(
    source: Replica, client: redis.Redis, new_client: NewClient, flavour: Any, seed: int
) -> None:
    """And what the source keeps as said is no more than the target knows."""
    if flavour == "fakeredis":
        pytest.skip("nothing is on its way to fakeredis")
    rnd = random.Random(seed)
    target = Replica(new_client(flavour), replica_id="z")
    regions = [region(name) for name in "bcdef"]
    pull = Pull(target, source)
    (shard,) = pull.shards
    numbers = set()
    for step in range(60):
        at, act = rnd.randrange(len(regions)), rnd.random()
        if act < 0.3:
            regions[at].or_set("s", str).add(f"{step}")
        elif act < 0.4:
            regions[at] = pickle.loads(pickle.dumps(regions[at]))  # it writes under another name
        elif act < 0.6:
            source.pull(regions[at])
        elif act < 0.7:
            target.pull(regions[at])
        elif act < 0.8:
            source.pull(target)
        elif act < 0.85 and (known := [w for w in others(source) if b"#0" not in w]):
            writer = rnd.choice(known)
            clock = others(source)[writer].decode()
            client.hdel(f"{PREFIX}known", writer.decode())
            client.hset(f"{PREFIX}known", writer.replace(b"#", b"#0").decode(), clock)
        else:
            source.or_set("s", str).add(f"own {step}")
        drive(pull.run())
        found = knowledge(source)
        assert shard.source_knows == found.known
        assert shard.target_knows is not None
        record: Any = client.get(f"{PREFIX}reading:{shard.window.token.decode()}")
        numbers.add(int(record.split(b" ")[0]))
        asked = record.split(b"\n\n\n")[0].split(b"\n")[2:]
        kept: dict[bytes, bytes] = dict(line.split(b" ") for line in asked)
        theirs = knowledge(target).known
        assert all(is_known(theirs, w, parse_clock(clock)) for w, clock in kept.items())
        # What was learnt last is said with the next request.
        assert {**kept, **shard._dialogue._unsaid} == shard.target_knows.known
    drive(pull.run())
    assert set(target.or_set("s", str)) >= set(source.or_set("s", str))
    assert max(numbers) > 30


def test_a_reading_of_which_replies_were_not_heard_does_not_go_on(
    source: Replica, flavour: Any
) -> None:
    if flavour == "fakeredis":
        pytest.skip("nothing is on its way to fakeredis")
    window = Window(source, 0)
    found = knowledge(source)
    for under_way in (0, 2):
        token = drive(window.begin())
        first = source.execute(
            ask.dump(source.keys(0), ASKER, {found.writer: found.clock}, b"", "test", token)
        )
        window.begun(first.number, 0.001)
        again = ask.dump(source.keys(0), ASKER, {}, b"+", "test", token)
        for _ in range(under_way):
            drive(window.send(again))
        drive(window.rest())
        assert window.goes_on == (not under_way)


def told(*numbers: int) -> replies.Delta:
    """A reply that tells of writers."""
    flat = [part for n in numbers for part in (b"r%d#mwxj5mjq9f7d" % n, b"1-0")]
    reply = [b"delta", b"2", b"a#mwxj5mjq9f7d", b"1-0", b"0", b"1-0", b"0", flat, []]
    delta: replies.Delta = replies.read_delta(reply)
    return delta


def test_a_source_does_not_tell_of_ever_more_writers() -> None:
    dialogue, most = Dialogue(), replies.MAX_CLOCKS
    assert len(dialogue.hear(told(*range(most - 1))).source.known) == most
    with pytest.raises(InvalidDump):
        dialogue.hear(told(most))


def test_what_was_told_in_another_reading_is_not_known_in_this_one() -> None:
    dialogue = Dialogue()
    dialogue.hear(told(1, 2))
    dialogue.begin()
    assert dialogue.hear(told(2)).source.known.keys() == {b"a#mwxj5mjq9f7d", b"r2#mwxj5mjq9f7d"}


def test_what_crosses_a_link_does_not_go_by_how_many_are_known(new_client: NewClient) -> None:
    taken = []
    with Server(require_binary("valkey")) as server, server.client() as client:
        for regions in (0, 50):
            client.flushall()
            source = Replica(client, replica_id="a")
            target = Replica(new_client("valkey"), replica_id=f"z{regions:02}")
            source.or_set("s", str).add("first")
            for n in range(regions):
                source.pull(region(f"r{n}"))
            pull = Pull(target, source)
            for _ in range(2):
                drive(pull.run())
            before = client.info("stats")
            for n in range(20):
                source.or_set("s", str).add(f"element {n:02}")
                drive(pull.run())
            after = client.info("stats")
            taken.append(
                [
                    after[way] - before[way]
                    for way in ("total_net_input_bytes", "total_net_output_bytes")
                ]
            )
    few, many = taken
    assert many[0] == pytest.approx(few[0], rel=0.05)
    assert many[1] == pytest.approx(few[1], rel=0.05)
