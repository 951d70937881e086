"""What a write costs the server: beside the raw command, and its own commands as a script."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.ground import Ground
from redis_crdt.cli.bench.measure import Timed, by_turns
from redis_crdt.operations.operation import Script
from redis_crdt.replica.blocking import Replica
from redis_crdt.transport.scripts import load
from tests.benchmarks.run import Run

WRITES = 1_000
REQUESTS = 20_000
CLIENTS = 50
TARGET_RAW, TARGET_BARE, TARGET_THROUGHPUT = 6, 1.3, 0.6

# The commands of writes, without any decision: what they cost at least as one script.
BARE_NEW = """
redis.call('HMGET', KEYS[1], 'feed_limit', 'alias')
redis.call('HGET', KEYS[4], ARGV[4])
redis.call('HGET', KEYS[3], 'set')
redis.call('HGET', KEYS[5], ARGV[4])
local id = redis.call('XADD', KEYS[2], '*', ARGV[3], ARGV[4])
redis.call('HSET', KEYS[4], ARGV[4], '12345678a-10')
return id
"""
BARE_AGAIN = """
redis.call('HMGET', KEYS[1], 'feed_limit', 'alias')
redis.call('HGET', KEYS[4], ARGV[4])
local id = redis.call('XADD', KEYS[2], '*', ARGV[3], ARGV[4])
redis.call('HSET', KEYS[4], ARGV[4], '12345678a-10')
return id
"""
BARE_COUNT = """
redis.call('HMGET', KEYS[1], 'feed_limit', 'writer')
redis.call('HGET', KEYS[4], 'eu')
local id = redis.call('XADD', KEYS[2], '*', ARGV[3], 'eu')
redis.call('HINCRBY', KEYS[4], 'eu', ARGV[5])
return id
"""
# What an add took when targets were set.
BARE_SEVEN = """
redis.call('HMGET', KEYS[1], 'writer', 'checked', 'feed_limit', 'alias')
redis.call('TIME')
redis.call('HGET', KEYS[3], 'set')
redis.call('HGET', KEYS[4], ARGV[4])
redis.call('HGET', KEYS[5], ARGV[4])
redis.call('XADD', KEYS[2], '*', ARGV[3], ARGV[4])
redis.call('HSET', KEYS[4], ARGV[4], '12345678a-10')
return 1
"""

Arguments = tuple[Any, ...]


def element(i: int) -> str:
    return f"element {i:012}"


def cpu_of(client: Any) -> float:
    """How many seconds of CPU a server has used."""
    used = client.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


class _Write(NamedTuple):
    """A write of ours, the raw command for the same, and our commands as a bare script."""

    work: str
    make: Callable[[str], Script[Any]]
    """Asks for it, given a name that is another one each time, or nearly so."""
    raw: str
    command: Callable[[str], Arguments]
    bare: str


def _writes(ground: Ground, replica: Replica) -> list[_Write]:
    raw = ground.raw
    tasks, done = replica.or_set("set", str), replica.g_counter("counter")
    status, config = replica.lww_map("map", str), replica.lww_register("register", str)
    return [
        _Write("`ORSet.add`", tasks._add, "`SADD`", lambda e: ("SADD", raw("set"), e), BARE_NEW),
        _Write(
            "`GCounter.increment`",
            lambda _: done._increment(1),
            "`HINCRBY`",
            lambda _: ("HINCRBY", raw("counter"), "eu", 1),
            BARE_COUNT,
        ),
        _Write(
            "`LWWMap.set`",
            lambda e: status._set(e, "busy"),
            "`HSET`",
            lambda e: ("HSET", raw("map"), e, "busy"),
            BARE_NEW,
        ),
        _Write(
            "`LWWMap.set`, of 8 keys again and again",
            lambda e: status._set(e[-1], "busy"),
            "`HSET`",
            lambda e: ("HSET", raw("few"), e[-1], "busy"),
            BARE_AGAIN,
        ),
        _Write(
            "`LWWRegister.set`",
            lambda _: config._set("busy"),
            "`SET`",
            lambda _: ("SET", raw("register"), "busy"),
            BARE_AGAIN,
        ),
    ]


def writes(run: Run) -> Iterator[Figure]:
    """Measure what writes cost, by many at once, and by many clients with one each."""
    with run.ground() as ground:
        replica = ground.replica("writes")
        for write in _writes(ground, replica):
            replica.execute(write.make(element(0)))  # loads it
            yield from _pipelined(ground, replica, write, run.rounds)
    with run.ground(tcp=True) as ground:
        yield from _throughput(ground, ground.replica("writes"), max(5, run.few_rounds))


def _arguments(write: _Write, name: str) -> list[Any]:
    """The arguments of a write by one who has nothing that the server would have to look at."""
    script = write.make(name)
    return ["EVALSHA", load(script.name).digest, len(script.keys), *script.keys, b"", *script.args]


def _pipelined(ground: Ground, replica: Replica, write: _Write, rounds: int) -> Iterator[Figure]:
    client: Any = ground.client
    work = f"server CPU of {write.work}, pipelined"
    namespace = replica.keys(0).prefix, ground.raw("").encode()

    def timed(command: Callable[[int], Any]) -> Timed:
        """Time by the server's CPU, commands sent many at once."""

        def of_round(first: int, calls: int) -> float:
            pipeline = client.pipeline(transaction=False)
            for i in range(first, first + calls):
                pipeline.execute_command(*command(i))
            before = cpu_of(client)
            pipeline.execute()
            return cpu_of(client) - before

        return of_round

    def bare(script: str) -> Timed:
        digest = client.script_load(script)

        def command(i: int) -> list[Any]:
            evalsha, _, *args = _arguments(write, element(i))
            keys = [part.replace(*namespace) for part in args[1:6]]
            return [evalsha, digest, args[0], *keys, *args[6:]]

        return timed(command)

    ours = timed(lambda i: _arguments(write, element(i)))
    raw = timed(lambda i: write.command(element(i)))
    references = [
        (write.raw, raw, TARGET_RAW),
        ("its commands as a bare script", bare(write.bare), TARGET_BARE),
    ]
    if write.bare == BARE_NEW:
        references.append(("seven commands as a bare script", bare(BARE_SEVEN), TARGET_BARE))
    for against, reference, target in references:
        found = by_turns(ours, reference, rounds, WRITES)
        yield Figure(work, against, found.ratio, target, note=found.medians(WRITES))


def _throughput(ground: Ground, replica: Replica, rounds: int) -> Iterator[Figure]:
    program = shutil.which("redis-benchmark") or shutil.which("valkey-benchmark")
    port = str(ground.client.connection_pool.connection_kwargs["port"])

    def timed(args: list[Any]) -> Timed:
        words = [arg.decode() if isinstance(arg, bytes) else str(arg) for arg in args]

        def of_round(_: int, requests: int) -> float:
            options = ("-c", str(CLIENTS), "-n", str(requests), "-r", "1000000", "--csv")
            command = [str(program), "-p", port, *options, *words]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            # The last line has the command, not quoted well, and then seven numbers.
            numbers = re.findall(r'"([\d.]+)"', told.splitlines()[-1])
            return requests / float(numbers[-7])

        return of_round

    for write in _writes(ground, replica)[:3]:
        work = f"{write.work} of {CLIENTS} clients by redis-benchmark, requests a second"
        if program is None:
            yield Figure(work, write.raw, None, note="redis-benchmark is not on PATH")
            continue
        replica.execute(write.make(element(0)))  # loads it
        ours = timed(_arguments(write, "__rand_int__"))
        found = by_turns(ours, timed(list(write.command("__rand_int__"))), rounds, REQUESTS)
        note = found.medians(REQUESTS)
        yield Figure(work, write.raw, found.speed, TARGET_THROUGHPUT, at_least=True, note=note)
