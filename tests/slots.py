"""Moving slots between the nodes of a Cluster."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from time import sleep
from typing import Any, Self

import redis
from redis.crc import key_slot
from redis.utils import str_if_bytes

from redis_crdt.core.names import Keys
from redis_crdt.servers import Cluster


class Slots:
    """An operator who moves the slots of a Cluster's shards about."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._clients: list[Any] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for server in self._cluster.servers:
            self._clients.append(self._open.enter_context(server.client()))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def of(self, shard: int, namespace: str = "default") -> int:
        """The slot of a shard."""
        return key_slot(Keys(namespace, shard).prefix)

    def node_of(self, slot: int) -> int:
        """The index of the node that serves a slot, and says so itself."""
        for node, server in enumerate(self._cluster.servers):
            for first, last, master, *_ in self._clients[node].execute_command("CLUSTER SLOTS"):
                if first <= slot <= last and int(master[1]) == server.port:
                    return node
        raise AssertionError(f"nobody serves slot {slot}")

    def keys_at(self, node: int, slot: int) -> set[bytes]:
        """The keys of a slot that are on a node."""
        return set(self._clients[node].execute_command("CLUSTER GETKEYSINSLOT", slot, 1000))

    def begin_move(self, slot: int, target: int) -> int:
        """Announce that a slot moves; returns the node that it leaves."""
        source = self.node_of(slot)
        self._set(target, slot, "IMPORTING", self._id(source))
        self._set(source, slot, "MIGRATING", self._id(target))
        return source

    def move_key(self, source: int, target: int, key: bytes) -> None:
        """Move one key."""
        port = self._cluster.servers[target].port
        self._clients[source].migrate("127.0.0.1", port, key, 0, 60_000)

    def end_move(self, slot: int, source: int, target: int) -> None:
        """Give a slot to the node that has its keys."""
        for node in (target, source, *range(len(self._clients))):
            self._set(node, slot, "NODE", self._id(target))

    def move(self, slot: int, target: int, between: Callable[[], object] = lambda: None) -> None:
        """Move a slot key by key, as all versions of Redis can; does ``between`` after each."""
        source = self.begin_move(slot, target)
        between()
        # Keys are made and moved until there are none: the last to be there ends that.
        while keys := self.keys_at(source, slot):
            self.move_key(source, target, keys.pop())
            between()
        self.end_move(slot, source, target)
        between()

    def move_at_once(self, slot: int, target: int) -> None:
        """Move a slot as Valkey 9 does: atomically, with what is written meanwhile."""
        source = self._clients[self.node_of(slot)]
        arguments = ("SLOTSRANGE", slot, slot, "NODE", self._id(target))
        source.execute_command("CLUSTER", "MIGRATESLOTS", *arguments)
        while self.node_of(slot) != target:
            sleep(0.005)
            states = [
                str_if_bytes(field)
                for job in source.execute_command("CLUSTER", "GETSLOTMIGRATIONS")
                for field in (job.values() if isinstance(job, dict) else job)
                if isinstance(field, bytes | str)
            ]
            assert not {"failed", "cancelled"} & set(states), states

    def _id(self, node: int) -> str:
        return str_if_bytes(self._clients[node].execute_command("CLUSTER MYID"))

    def _set(self, node: int, slot: int, *how: str) -> None:
        with suppress(redis.ResponseError) if how[0] == "NODE" else ExitStack():
            self._clients[node].execute_command("CLUSTER SETSLOT", slot, *how)
