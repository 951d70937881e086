"""What a replica is asked, as operations; and opening one on a server."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster
from redis.connection import parse_url
from redis.exceptions import NoScriptError, ResponseError

from redis_crdt.clock import Time, check_writer, parse_clock
from redis_crdt.errors import (
    AccessDenied,
    EvictionEnabled,
    InvalidDump,
    InvalidSetting,
    ReplicaMismatch,
    ServerError,
)
from redis_crdt.names import (
    Keys,
    check_name,
    check_namespace,
    check_replica_id,
    check_stored_name,
    part_name,
    shard_of,
)
from redis_crdt.operations.cluster import Router, Send, Steps
from redis_crdt.operations.operation import (
    Command,
    Everywhere,
    Executor,
    Procedure,
    Script,
    Wait,
    is_closed,
    reading,
)
from redis_crdt.operations.scripts import load

FORMAT = 1
"""The version of what is stored on servers."""

OPEN = "replica/open"
"""The script that makes and opens a shard."""

MAX_WAIT = 1.0
"""For how many seconds a watcher waits at most before it looks again: a connection that has
died silently would keep it waiting for ever."""

BATCH = 500
"""How many entries a script handles: others then wait for a few milliseconds at most."""


@contextmanager
def reading_url() -> Iterator[None]:
    """Say in our own words that a URL cannot be read."""
    try:
        yield
    except ValueError as error:
        raise InvalidSetting(f"not the URL of a server: {error}") from error


def cluster_url(url: str) -> str | None:
    """Return the URL for redis-py of a Cluster's node; None if it is not the URL of a Cluster."""
    scheme, plus, rest = url.partition("+cluster://")
    if not plus or scheme not in ("redis", "rediss"):
        return None
    plain = f"{scheme}://{rest}"
    if parse_url(plain).get("db"):  # type: ignore[no-untyped-call]
        raise ValueError("a Cluster has one database only, number 0")
    return plain


# Reading replies ----------------------------------------------------------------------------
#
# They may come from a hostile peer, whose server need not run scripts of ours. So each part is
# looked at here, and nobody else has to expect anything but what the types say.


def _bytes(part: Any) -> bytes:
    if type(part) is not bytes:
        raise InvalidDump(f"an ill-formed reply of a replica: {part!r:.80} is no text")
    return part


def _number(part: Any) -> int:
    number = int(part)
    if number < 0:
        raise InvalidDump(f"an ill-formed reply of a replica: {number} is below zero")
    return number


def _clock(part: Any) -> bytes:
    parse_clock(_bytes(part))
    return bytes(part)


def _writer(part: Any) -> bytes:
    check_writer(_bytes(part).decode())
    return bytes(part)


def _known(flat: Any) -> list[bytes]:
    """A flat list of writers and clocks."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [part for writer, clock in pairs for part in (_writer(writer), _clock(clock))]


def _body(flat: Any) -> list[bytes]:
    """The body of a batch, of which the entries themselves are left to those who join them."""
    body = list(flat)
    if not all(type(part) is bytes for part in body):
        raise InvalidDump("an ill-formed reply of a replica: not all of a batch is text")
    at = 0
    while at < len(body):
        body[at + 1].decode()
        at += 3 + 2 * _number(body[at + 2])
    if at != len(body):
        raise InvalidDump("a truncated batch")
    return body


def entries_of(body: Sequence[bytes]) -> Iterator[tuple[bytes, str, bytes, bytes]]:
    """Yield name, kind, field and entry of everything in the body of a batch."""
    at = 0
    while at < len(body):
        name, kind, count = body[at], body[at + 1].decode(), int(body[at + 2])
        for i in range(at + 3, at + 3 + 2 * count, 2):
            yield name, kind, body[i], body[i + 1]
        at += 3 + 2 * count


def count(body: Sequence[bytes]) -> int:
    """Return how many entries are in the body of a batch."""
    total = at = 0
    while at < len(body):
        total += int(body[at + 2])
        at += 3 + 2 * int(body[at + 2])
    return total


def names_of(flat: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """Return the collections of a page as name and kind."""
    return [(name, kind.decode()) for name, kind in zip(flat[::2], flat[1::2], strict=True)]


class Knowledge(NamedTuple):
    """The reply to :func:`knowledge`."""

    writer: bytes
    joined: bool
    """Whether the replica has joined anything of others."""
    known: dict[bytes, bytes]
    """What it knows: writer -> clock, its own present writer first."""
    scans: dict[bytes, bytes]
    """The scans that it has begun: writer of the source -> state."""


class Vouched(NamedTuple):
    """What the source of a batch says of itself; nothing, where nobody vouches for a dump."""

    writer: bytes = b""
    clock: bytes = b""
    joined: bool = False
    scanned: tuple[bytes, ...] = ()
    """Writer, clock, ...: of others, as it began to scan them, having joined nothing before."""
    known: tuple[bytes, ...] = ()
    """Writer, clock, ...: what it has read of others."""


class Delta(NamedTuple):
    """The reply to :func:`dump`."""

    full_scan: bool
    cursor: bytes
    more: bool
    source: Vouched
    body: list[bytes]


class Page(NamedTuple):
    """The reply to :func:`scan`."""

    writer: bytes
    clock: bytes
    done: int
    position: tuple[bytes, bytes]
    body: list[bytes]

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields and entries."""
        for _, _, field, entry in entries_of(self.body):
            yield field, entry


class Applied(NamedTuple):
    """The reply to :func:`apply`."""

    changed: int
    holds: bool


def _paired(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


@reading
def _read_knowledge(reply: Any) -> Knowledge:
    writer, joined, known, scans = reply
    return Knowledge(_writer(writer), joined == b"1", _paired(_known(known)), _paired(scans))


@reading
def _read_delta(reply: Any) -> Delta:
    mode, writer, cursor, clock, more, joined, scanned, known, body = reply
    source = Vouched(
        _writer(writer), _clock(clock), joined == b"1", tuple(_known(scanned)), tuple(_known(known))
    )
    return Delta(mode == b"scan", _clock(cursor), more == b"1", source, _body(body))


@reading
def _read_page(reply: Any) -> Page:
    writer, clock, done, part, cursor, body = reply
    position = (_bytes(part), _bytes(cursor))
    return Page(_writer(writer), _clock(clock), _number(done), position, _body(body))


@reading
def _read_applied(reply: Any) -> Applied:
    return Applied(int(reply[0]), reply[1] == b"1")


@reading
def _read_collections(reply: Any) -> tuple[bytes, list[bytes], list[int]]:
    cursor, flat, sizes = reply
    names = [*map(_bytes, flat)]
    for kind in names[1::2]:
        kind.decode()
    if len(names) % 2 or len(sizes) != len(names):
        raise InvalidDump("an ill-formed page of collections")
    return _bytes(cursor), names, [*map(_number, sizes)]


@reading
def _read_opened(reply: Any) -> str:
    return check_replica_id(_bytes(reply[0]).decode())


def knowledge(keys: Keys, about: str) -> Script[Knowledge]:
    """Ask what the replica knows."""
    return Script("replica/knowledge", keys.shard, keys.base, (), _read_knowledge, about)


def dump(
    keys: Keys,
    asker: bytes,
    joined: bool,
    scanned: Sequence[bytes],
    known: Sequence[bytes],
    about: str,
) -> Script[Delta]:
    """Ask for the delta for one who knows so much; see ``lua/replica/dump.lua``."""
    args = (BATCH, asker, int(joined), len(scanned), *scanned, *known)
    return Script("replica/dump", keys.shard, keys.base, args, _read_delta, about)


def collections(
    keys: Keys, cursor: bytes, about: str
) -> Script[tuple[bytes, list[bytes], list[int]]]:
    """Ask for a page of the shard's collections: the next cursor; name, kind, ...; sizes."""
    args = (cursor, BATCH)
    return Script("replica/collections", keys.shard, keys.base, args, _read_collections, about)


def position(keys: Keys, names: tuple[bytes, ...], about: str) -> Script[list[bytes]]:
    """Ask for the clock, the id up to which the feed was trimmed, and the kinds of collections."""
    return Script("replica/position", keys.shard, keys.base, names, about=about)


def scan(
    keys: Keys, position: tuple[bytes, bytes], collections: list[tuple[bytes, str]], about: str
) -> Script[Page]:
    """Ask for a batch of all entries of the collections, from a position in the first on."""
    flat = [part for item in collections for part in item]
    args = (BATCH, *position, *flat)
    return Script("replica/scan", keys.shard, keys.base, args, _read_page, about)


def apply(
    keys: Keys,
    source: Vouched,
    asked_as: bytes,
    cursor: bytes,
    scan: bytes,
    mode: str,
    max_drift: float,
    horizon: str,
    body: Sequence[Any],
    about: str,
) -> Script[Applied]:
    """Ask to join a batch; for the arguments see ``lua/replica/apply.lua``."""
    args = (
        *(source.writer, cursor, source.clock, asked_as, round(max_drift * 1000), horizon),
        *(mode, scan, int(source.joined), len(source.scanned), len(source.known)),
        *source.scanned,
        *source.known,
        *body,
    )
    # All keys that it writes before it has read them are named, so that a node of a Cluster from
    # which some of them have moved away refuses it before it begins.
    named = (*keys.base, *keys.exchange)
    return Script("replica/apply", keys.shard, named, args, _read_applied, about)


def merge(
    keys: Keys, max_drift: float, horizon: Time, mode: str, body: Sequence[Any], about: str
) -> Script[Applied]:
    """Ask to join entries that no other replica vouches for, part of a dump up to ``horizon``.

    ``mode`` is ``try`` to look only whether they would be refused, ``force`` to take an old dump.
    """
    return apply(keys, Vouched(), b"", b"", b"", mode, max_drift, str(horizon), body, about)


def collect(
    keys: Keys, older_than: float, name: bytes, kind: str, cursor: bytes, about: str
) -> Script[tuple[bytes, int]]:
    """Ask to drop a batch of tombstones; replies the next cursor and how many went."""
    args = (round(older_than * 1000), name, kind, cursor, BATCH)
    return Script("replica/collect", keys.shard, keys.base, args, about=about)


def trim(keys: Keys, older_than: float, about: str) -> Script[int]:
    """Ask to take a batch of what all peers have read out of the feed; replies how many went."""
    args = (round(older_than * 1000),)
    return Script("replica/trim", keys.shard, keys.base, args, about=about)


def forget(keys: Keys, peer: str, about: str) -> Script[int]:
    """Ask to forget a peer; replies whether there was such a one."""
    return Script("replica/forget", keys.shard, keys.base, (peer,), about=about)


def report(keys: Keys, peer: str, address: str, text: str, about: str) -> Script[int]:
    """Ask to write down how a syncer's link to a peer is doing."""
    return Script("replica/report", keys.shard, keys.base, (peer, address, text), about=about)


def status(keys: Keys, count_to: int, about: str) -> Script[list[Any]]:
    """Ask for what an operator wants to know; see ``lua/replica/status.lua``."""
    return Script("replica/status", keys.shard, keys.base, (count_to,), about=about)


def memory(keys: Keys, collections: list[tuple[bytes, str]], about: str) -> Script[list[int]]:
    """Ask how many bytes the live entries and tombstones of collections take."""
    args = tuple(part for item in collections for part in item)
    return Script("replica/memory", keys.shard, keys.base, args, about=about)


def digest(
    keys: Keys,
    name: bytes,
    kind: str,
    cursor: bytes,
    width: int,
    listed: Sequence[bytes],
    about: str,
) -> Script[tuple[bytes, list[bytes]]]:
    """Ask for digests of a page of a collection; see ``lua/replica/digest.lua``."""
    args = (name, kind, cursor, BATCH, width, *listed)
    return Script("replica/digest", keys.shard, keys.base, args, about=about)


def reset(keys: Keys, replica_id: str, about: str) -> Script[int]:
    """Ask to throw a shard away; replies how many collections it had."""
    return Script("replica/reset", keys.shard, keys.base, (replica_id,), about=about)


class ReplicaOperations(Executor):
    """A replica on a server, whichever way it is spoken to: its settings, and opening it."""

    blocking: ClassVar[bool]

    def __init__(
        self,
        client: Any,
        *,
        replica_id: str | None,
        namespace: str,
        shards: int,
        max_drift: float,
        feed_limit: int,
        allow_eviction: bool,
    ) -> None:
        self.namespace = check_namespace(namespace)
        self._replica_id = None if replica_id is None else check_replica_id(replica_id)
        if not 1 <= shards <= 16384:
            raise InvalidSetting(f"shards: 1 to 16384 are possible, not {shards}")
        if feed_limit < 1:
            raise InvalidSetting(f"feed_limit: at least 1 reference, not {feed_limit}")
        if not 0 <= max_drift < 1e9:
            raise InvalidSetting(f"max_drift: a number of seconds from 0 on, not {max_drift}")
        self.max_drift = max_drift
        self.shards = shards
        self._feed_limit = feed_limit
        self._allow_eviction = allow_eviction
        self._opened = False
        self._owns_client = False
        self._kept: dict[Any, Any] = {}
        self._client = client
        is_cluster = isinstance(client, RedisCluster | AsyncRedisCluster)
        self._router = Router(client, namespace) if is_cluster else None

    @property
    def replica_id(self) -> str:
        """The id of this replica, which all clients of its server share."""
        if self._replica_id is None:
            raise ReplicaMismatch(f"{self!r} is not open yet, so its replica id is not known")
        return self._replica_id

    @property
    def about(self) -> str:
        """How error messages name this replica."""
        return f"namespace {self.namespace!r}"

    def __repr__(self) -> str:
        name = f"{type(self).__module__}.{type(self).__qualname__}".replace(".replica.", ".")
        return f"<{name} {self._replica_id!r} of {self.namespace!r}>"

    @property
    def address(self) -> str:
        """Where the server is, without any password."""
        if self._router:
            return f"cluster {self._router.address}"
        kwargs = self._client.connection_pool.connection_kwargs
        where = kwargs.get("path") or f"{kwargs.get('host')}:{kwargs.get('port')}"
        return f"{where}/{kwargs.get('db') or 0}"

    @property
    def is_cluster(self) -> bool:
        """Whether the deployment is a Redis Cluster."""
        return self._router is not None

    @property
    def _socket_timeout(self) -> float | None:
        client = self._client
        kwargs = (
            client.get_connection_kwargs()
            if self._router
            else client.connection_pool.connection_kwargs
        )
        timeout: float | None = kwargs.get("socket_timeout")
        return timeout

    @property
    def lanes(self) -> list[list[int]]:
        """The shards, in groups whose feeds are waited for at once.

        All of them on one server. On a Cluster no command may name several; so each is waited for
        alone, on a connection of its own, unless that would keep a thread waiting for each.
        """
        shards = list(range(self.shards))
        return [[shard] for shard in shards] if self._router and not self.blocking else [shards]

    def keys(self, shard: int) -> Keys:
        """Return the keys of a shard."""
        return Keys(self.namespace, shard)

    def locate(self, name: str, part: tuple[int, int] | None = None) -> tuple[Keys, int, bytes]:
        """Return the keys and number of a collection's shard, and its name as UTF-8.

        Of a part of a collection, where its number and the number of all parts are given.
        """
        encoded = check_name(name)
        if part is not None:
            encoded = check_stored_name(part_name(name, *part))
        shard = shard_of(encoded, self.shards)
        return self.keys(shard), shard, encoded

    def opening(self, executor: Executor) -> Procedure[None]:
        """Open the namespace; a few round trips, once for each replica object.

        Raises :class:`EvictionEnabled` if the server may throw keys away,
        :class:`ReplicaMismatch` if the namespace is there with another replica id or number of
        shards, or is new and no replica id was given.
        """
        yield from self._check_eviction(executor)
        for shard in range(self.shards):
            self._replica_id = yield executor, self.open_shard(shard)
        self._opened = True

    def open_shard(self, shard: int) -> Script[str]:
        """Ask to open one shard, making it if need be; replies the replica's id."""
        args = (
            FORMAT,
            self._replica_id or "",
            uuid.uuid4().hex,
            self.shards,
            self._feed_limit,
        )
        return Script(OPEN, shard, self.keys(shard).base, args, _read_opened, self.about)

    def _keeps(self, pool: Any, connection: Any) -> bool:
        """Tell whether a connection is kept for the next call instead of going back to its pool.

        A pool takes longer to lend one than many a call takes on the server. One is kept of each
        pool that nobody else uses; but not its only one, for which others may be waiting there.
        """
        return (
            self._owns_client
            and pool.max_connections > 1
            and self._kept.setdefault(pool, connection) is connection
        )

    # How an operation is carried out, step by step --------------------------------------------

    def evaluating(self, script: Script[Any]) -> tuple[Any, ...]:
        """Return the command that runs a script."""
        digest = load(script.name).digest
        return ("EVALSHA", digest, len(script.keys), *script.keys, *script.args)

    def running(self, script: Script[Any]) -> Steps[Any]:
        """Run a script."""
        try:
            return (yield from self._sending(script.shard, self.evaluating(script)))
        except ResponseError as error:
            return (yield from self.recovering(script, error))

    def recovering(self, script: Script[Any], error: ResponseError) -> Steps[Any]:
        """Run a script after all which the server refused for want of a beginning.

        Raises the error if it says anything else.
        """
        if is_closed(error):
            # The server was emptied. Begin anew there, as a new incarnation.
            yield from self.running(self.open_shard(script.shard))
            return (yield from self.running(script))
        if not isinstance(error, NoScriptError):
            raise error
        # A server that does not know our scripts has restarted, or is another one that has
        # taken over. Opening looks into that before any script of ours can write there.
        if script.name != OPEN:
            yield from self.running(self.open_shard(script.shard))
        source = load(script.name)
        args = ("EVAL", source.text, len(script.keys), *script.keys, *script.args)
        return (yield from self._sending(script.shard, args))

    def _sending(self, shard: int, args: tuple[Any, ...]) -> Steps[Any]:
        if self._router is None:
            return (yield Send(None, args))
        return (yield from self._router.sending(shard, args))

    def reading(self, command: Command[Any] | Everywhere[Any]) -> Steps[Any]:
        """Carry out what only reads, on a Cluster."""
        assert self._router is not None
        if isinstance(command, Everywhere):
            return (yield from self._router.everywhere(command.args))
        send = self._router.placing if command.placed else self._router.sending
        return (yield from send(command.shard, command.args, parsed=True, once=False))

    def waiting(self, wait: Wait, socket_timeout: float | None) -> Steps[Any]:
        """Wait for feeds, for less than the connection would."""
        seconds = MAX_WAIT if wait.seconds is None else min(MAX_WAIT, wait.seconds)
        if socket_timeout:
            seconds = min(seconds, socket_timeout / 2)
        block = ("BLOCK", max(1, round(seconds * 1000)))
        if self._router is None:
            reply = yield Send(None, self._xread(wait, *block))
        elif len(wait.starts) == 1:
            (shard,) = wait.starts
            reply = yield from self._router.sending(shard, self._xread(wait, *block), once=False)
        else:
            reply = yield from self._waiting_for_each(wait, block)
        return self._read_feeds(wait, reply)

    def _waiting_for_each(self, wait: Wait, block: tuple[Any, ...]) -> Steps[Any]:
        """Wait for feeds in several slots, which no single command may name.

        What is there already is read first: all but one of the commands that wait are abandoned,
        with their connections, and a busy feed must not cost that.
        """
        assert self._router is not None
        each = {shard: replace(wait, starts={shard: at}) for shard, at in wait.starts.items()}
        found: dict[Any, Any] = {}
        for shard, one in each.items():
            reply = yield from self._router.sending(shard, self._xread(one), once=False)
            found.update(_pages(reply))
        if found:
            return found
        commands = {shard: self._xread(one, *block) for shard, one in each.items()}
        return (yield from self._router.first(commands))

    def _xread(self, wait: Wait, *options: Any) -> tuple[Any, ...]:
        feeds = [self.keys(shard).base[1] for shard in wait.starts]
        starts = wait.starts.values()
        return ("XREAD", "COUNT", wait.count, *options, "STREAMS", *feeds, *starts)

    def _read_feeds(self, wait: Wait, reply: Any) -> list[tuple[int, bytes, list[bytes]]]:
        shards = {self.keys(shard).base[1]: shard for shard in wait.starts}

        @reading
        def read(reply: Any) -> list[tuple[int, bytes, list[bytes]]]:
            return [(shards[feed], id_, flat) for feed, page in _pages(reply) for id_, flat in page]

        return read(reply)

    def _check_eviction(self, executor: Executor) -> Procedure[None]:
        try:
            policy = yield executor, Everywhere(("INFO", "memory"), _read_policy, self.about)
        except AccessDenied:
            warnings.warn("no right to INFO: the eviction policy goes unchecked", stacklevel=2)
            return
        except ServerError as error:
            if type(error) is not ServerError:
                raise
            return  # fakeredis has no INFO, and evicts nothing
        if policy is None:
            return
        message = (
            f"the server's maxmemory-policy is {policy!r}: it may throw away any key, and so lose "
            "writes; set it to noeviction, or pass allow_eviction=True to accept that"
        )
        if not self._allow_eviction:
            raise EvictionEnabled(message)
        warnings.warn(message, RuntimeWarning, stacklevel=2)


def _pages(reply: Any) -> Iterator[tuple[bytes, Any]]:
    """Yield what was read of each feed, from a reply in either version of the protocol."""
    yield from reply.items() if isinstance(reply, dict) else reply or ()


def _read_policy(infos: list[Any]) -> str | None:
    """Return the eviction policy of a server that may throw away any key, if there is one."""
    policies = (str(info.get("maxmemory_policy", "")) for info in infos)
    return next((policy for policy in policies if policy.startswith("allkeys")), None)
