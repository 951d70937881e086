"""What keeps a replica, in memory or on a server, and can forget what it was told."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import redis

from redis_crdt import Replica, memory
from redis_crdt.core.clock import wall_clock
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys
from redis_crdt.core.state import State
from redis_crdt.operations import replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import Group, body_of
from redis_crdt.operations.operation import Operation
from redis_crdt.servers import Server
from redis_crdt.transport.flight.flight import Flight
from redis_crdt.types.base.collection.operations import batches, bytes_of_item
from tests.schedules.world import LIMITS, Events, Place

AnyReplica = Any  # of whichever backend
ABOUT = "schedule"


class WallClock:
    """A clock that is so many milliseconds ahead, and can be pickled."""

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead

    def __call__(self) -> int:
        return wall_clock() + self._ahead


class Host(ABC):
    """One region: a party to pulls that stays the same whatever becomes of its server."""

    replica: AnyReplica

    def __init__(self, replica_id: str, feed_limit: int) -> None:
        self.replica_id = replica_id
        self.feed_limit = feed_limit
        self.namespace, self.shards, self.max_drift, self.about = "default", 1, 60.0, ABOUT
        self.own: Events = 0
        """What was written or merged here since it last forgot, or is in what it went back to."""
        self.possible: Events = 0
        """What may have reached it."""
        self.is_emptied = False
        """Whether nobody has spoken to it since it lost everything."""
        self._open: dict[Place, Any] = {}

    def keys(self, shard: int) -> Keys:
        return Keys(self.namespace, shard)

    def flight(self, shard: int) -> Flight | None:
        flight: Flight | None = self.replica.flight(shard)
        return flight

    def execute(self, operation: Operation[Any], /) -> Any:
        self.is_emptied = False
        return self.replica.execute(operation)

    def collection(self, place: Place) -> Any:
        """Return a collection, which is opened once."""
        if place not in self._open:
            limits = LIMITS.get(place.kind, {})
            self._open[place] = getattr(self.replica, place.kind)(place.name, **limits)
        return self._open[place]

    def entries(self, place: Place, fields: Iterable[bytes]) -> replies.Answer:
        """Read entries, without a look at which process the server is."""
        name = place.name.encode()
        request = ask.entries(self.keys(0), name, place.kind, tuple(fields), ABOUT)
        answer: replies.Answer = self.execute(request._replace(witness=b""))
        return answer

    def knowledge(self, look: bool = True) -> replies.Knowledge:
        """Read what the replica knows."""
        request = ask.knowledge(self.keys(0), ABOUT)
        reply: replies.Knowledge
        reply = self.execute(request if look else request._replace(witness=b""))
        return reply

    def merge(self, place: Place, state: State) -> None:
        """Join a dump."""
        self.collection(place).merge(state)

    def reset(self) -> None:
        """Have the replica throw everything away."""
        self.wait()
        self.replica.reset()
        self.own = self.possible = 0

    def close(self) -> None:
        """Close the connections."""
        self.replica.close()

    @abstractmethod
    def save(self, real: bool) -> Any:
        """Return what can be gone back to; with ``real``, as the server writes it down."""

    @abstractmethod
    def restore(self, saved: Any, silently: bool = False) -> None:
        """Go back to what was saved; to nothing, if that is None.

        With ``silently`` a server is put back in the midst of running, as by a backup that is put
        into it: only what others have seen of it tells of that.
        """

    @abstractmethod
    def wait(self) -> None:
        """Let a millisecond pass: no server restarts within one."""


class MemoryHost(Host):
    def __init__(self, replica_id: str, feed_limit: int, ahead: int) -> None:
        super().__init__(replica_id, feed_limit)
        self._clock = WallClock(ahead)
        self._begin()

    def _begin(self) -> None:
        self.replica = memory.Replica(
            replica_id=self.replica_id, feed_limit=self.feed_limit, clock=self._clock
        )

    def merge(self, place: Place, state: State) -> None:
        keys, name = self.keys(0), place.name.encode()
        items = [(f.encode(), e.encode()) for f, e in state.entries.items()]
        self.collection(place)
        for batch in batches(items, size=ask.BATCH, bytes_of=bytes_of_item):
            body = body_of([Group(name, place.kind, b"", b"", batch)])
            self.execute(ask.merge(keys, self.max_drift, state.time, "more", body, ABOUT))
        known = {writer.encode(): clock.encode() for writer, clock in state.known.items()}
        if items and known and KINDS[place.kind].has_dots:
            drift, kind = self.max_drift, place.kind
            self.execute(ask.note(keys, b"", drift, name, kind, known, ABOUT))

    def save(self, real: bool) -> Any:
        return pickle.dumps(self.replica)

    def restore(self, saved: Any, silently: bool = False) -> None:
        self._open = {}
        if saved is None:
            self._begin()
        else:
            self.replica = pickle.loads(saved)

    def wait(self) -> None:
        """Names of objects in memory have chance in them."""


class ServerHost(Host):
    def __init__(
        self, server: Server, client: redis.Redis, replica_id: str, feed_limit: int
    ) -> None:
        super().__init__(replica_id, feed_limit)
        self._server, self._client = server, client
        client.flushall()
        self.replica = Replica(client, replica_id=replica_id, feed_limit=feed_limit)

    def save(self, real: bool) -> Any:
        if not real:
            return {key: self._client.dump(key) for key in self._client.scan_iter()}
        self._client.save()
        return (self._server.directory / "dump.rdb").read_bytes()

    def restore(self, saved: Any, silently: bool = False) -> None:
        self.wait()
        self.is_emptied = saved is None
        if isinstance(saved, bytes):
            self._server.kill()
            (self._server.directory / "dump.rdb").write_bytes(saved)
            self._server.restart()
            (self._server.directory / "dump.rdb").unlink()
            return
        if not silently:
            # As another process would: connections break, and what INFO says is another run id.
            self.replica.close()
            self._client.client_kill_filter(_type="normal", skipme=True)
        self._client.flushall()
        for key, value in (saved or {}).items():
            self._client.restore(key, 0, value)
        if saved and not silently:
            self._client.hset(self.keys(0).base[0], mapping={"run": "0ther"})
        self.wait()

    def wait(self) -> None:
        began = self._client.time()
        while self._ms(self._client.time()) == self._ms(began):
            pass

    @staticmethod
    def _ms(time: Any) -> int:
        seconds, micros = time
        return int(seconds) * 1000 + int(micros) // 1000
