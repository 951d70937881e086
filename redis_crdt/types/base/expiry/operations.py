"""What is written with a deadline, on a server.

Where something in a collection has one, its scripts are those of ``lua/expiring``, and reading is
a script, too. Nobody has to know beforehand: who takes the collection for one in which nothing
expires is refused, and goes on with those.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from redis_crdt.operations.operation import Command, Procedure, Script, as_is
from redis_crdt.transport.native_replies import read_native
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.values.encoding import TTL, ttl_in_ms

T = TypeVar("T")
X = TypeVar("X")


class ExpiringOperations(CollectionOperations[T]):
    """The operations of sets and maps whose fields may expire."""

    _expires = True
    _apart_names: ClassVar[dict[str, tuple[Any, ...]]]
    """For each script the one in its place, and what that is told first."""

    def _read_apart(self, command: Command[X]) -> Script[X] | None:
        name, key, *rest = command.args
        if key != self._live:
            return None
        self._is_apart = True

        def read(reply: Any) -> X:
            found = read_native(name, reply)
            return command.read((found, None) if command.placed else found)

        args = (self.kind, self._collection, name, *rest)
        return Script("expiring/read", self._shard, self._keys.base, args, read, self._about)

    def _write_apart(self, script: Script[X]) -> Script[X] | None:
        found = self._apart_names.get(script.name)
        if found is None:
            return None
        self._is_apart = True
        name, *first = found
        args = (*script.args[:2], *first, *script.args[2:])
        return script._replace(name=name, args=args, joins=None, apart=None)

    def _putting(
        self, parts: Sequence[bytes], is_valued: bool, ttl: float | timedelta
    ) -> Script[Any]:
        """Write fields, or fields and values in turn, which expire."""
        given = ttl_in_ms(ttl)
        return self._script("expiring/put", given, int(is_valued), "", *parts)

    def _renewing(self, field: bytes, ttl: TTL) -> Script[bool]:
        """Give what is there another deadline, or none."""
        given = b"" if ttl is None else ttl_in_ms(ttl)
        return self._part(field)._script("expiring/renew", given, field, read=bool)

    def _ttl_of(self, fields: Sequence[bytes], key: Any) -> Procedure[float | None]:
        """Return how many seconds what has one of these fields lives still."""
        found: list[int] = []
        for field in fields:
            part = self._part(field)
            args = (self.kind, part._collection, "TTL", field)
            read = Script("expiring/read", part._shard, part._keys.base, args, as_is, self._about)
            left = yield self._replica, read
            if left != -2:
                found.append(left)
        if not found:
            raise KeyError(key)
        return None if -1 in found else max(found) / 1000
