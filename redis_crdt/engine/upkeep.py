"""What a replica in memory does where it is looked after: the twin of those scripts in ``lua``."""

from __future__ import annotations

from typing import Any

from redis_crdt.core import totals as counting
from redis_crdt.core.clock import Time
from redis_crdt.core.kinds import DROPPED, KINDS
from redis_crdt.engine.clocks import id_of
from redis_crdt.engine.shard import WIDE_AGE, Shard


class Upkeep:
    """Collects, folds, trims, forgets and drops."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard

    def feed_position(self) -> list[Any]:
        """Reply the writer, the clock, the reach, the incarnations before, and if any expires."""
        shard = self._shard
        past = b"".join(b"%b@%b " % (w.encode(), id_of(t)) for w, t in shard.past.items())
        expires = int(any(store.due for store in shard.stores.values()))
        return [shard.writer.encode(), id_of(shard.newest()), id_of(shard.reach), past, expires]

    def collect_tombstones(
        self, age: bytes, name: bytes, kind: bytes, cursor: bytes, limit: bytes
    ) -> list[bytes | int]:
        """Drop the tombstones of a collection that may go."""
        shard = self._shard
        store = shard.store_of(name, kind.decode())
        return [b"0", shard.collect(store, self._stable(), shard.clock.wall() - int(age))]

    def sweep(self, cursor: bytes, limit: bytes) -> list[bytes | int]:
        """Do nothing: that is done before each answer."""
        return [b"0", 0]

    def collect_seen(self, age: bytes, cursor: bytes, limit: bytes) -> list[bytes | int]:
        """Have live entries that have seen much forget what is known of all of it."""
        before = self._shard.clock.wall() - min(int(age), WIDE_AGE)
        return [b"0", self._shard.collect_seen(self._stable(), before)]

    def fold(self, kind: bytes, collection: bytes) -> int:
        """Count past incarnations in with the present one; see ``lua/counter/fold.lua``."""
        shard = self._shard
        store = shard.store_of(collection[1:], kind.decode())
        gone = 0
        for side in KINDS[kind.decode()].sides:
            own = side + shard.writer
            totals = {key.decode(): total for key, total in store.live.items()}
            found = counting.fold(totals, own)
            if found is not None:
                total, past = found
                time = shard.append([(collection, own.encode())])
                store.put(own.encode(), total, time)
                for key in past:
                    del store.live[key.encode()]
                gone += len(past)
        return gone

    def free_aliases(self, *step: bytes) -> bytes:
        """Do nothing: names are not abbreviated here."""
        return b"0"

    def lay_floor(self) -> bytes:
        """Have one clock stand for past incarnations."""
        return b"%d" % self._shard.lay_floor()

    def trim_feed(self, age: bytes) -> int:
        """Take old entries out of the feed that all have read."""
        shard = self._shard
        before, stable = shard.clock.wall() - int(age), self._stable()
        old = sum(logged.time.ms <= before and logged.time <= stable for logged in shard.feed[:-1])
        shard.trim_to(len(shard.feed) - old)
        return 0

    def forget(self, peer: bytes) -> int:
        """Forget a peer."""
        return int(self._shard.peers.pop(peer.decode(), None) is not None)

    def drop(self, name: bytes) -> int:
        """Drop what a name stands for."""
        shard = self._shard
        if all(s.dropped for (of, _), s in shard.stores.items() if of == name):
            return 0
        shard.append([(KINDS[DROPPED].letter.encode() + name, b"")])
        shard.drop(name, shard.generations.get(name, 0) + 1)
        return 1

    def reset(self, replica: bytes) -> int:
        """Throw everything away, and begin anew."""
        stores = self._shard.stores
        for store in stores.values():
            store.drop()
        self._shard.begin_life()
        # Collections that were opened go on in the new life.
        self._shard.stores = stores
        return len(stores)

    def _stable(self) -> Time:
        """The time up to which all peers have come."""
        return min(self._shard.peers.values(), default=self._shard.clock.last)
