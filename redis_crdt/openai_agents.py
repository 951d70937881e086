"""A session for the OpenAI Agents SDK: a conversation that agents of several regions share.

It is what the SDK asks of a session (``agents.memory.Session``), and needs no part of the SDK to be
that: so there is no extra to install beside the SDK itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from redis_crdt.asyncio import Replica
from redis_crdt.types.log.reading import Logged

if TYPE_CHECKING:
    from agents.memory import SessionSettings

__all__ = ["CRDTSession"]

# An entry of the log is one of these, or neither: what clearing leaves.
_ITEM: Final = "item"
_POPPED: Final = "popped"

_PAGE: Final = 500
"""How many entries are read at once where there is no limit."""


class CRDTSession:
    """The items of one conversation, in a :class:`Log` of an awaited replica.

    ``await Runner.run(agent, "Hello", session=CRDTSession("user-7", replica))``. Items are in the
    order of their times, in all regions the same. Agents of one region see at once what each other
    adds; those of others once it has come there, where it takes its place in the order. So a
    conversation that two regions go on with while they are cut apart is one afterwards.

    ``max_len`` and ``max_age`` (seconds) are as of the log: adding trims it, from its oldest item
    on; of what was popped each counts for two. ``session_settings`` are the SDK's; their ``limit``
    holds where ``get_items`` is given none. Raises :class:`InvalidName` for an id that makes no
    name of a collection, as one of more than 247 bytes.
    """

    def __init__(
        self,
        session_id: str,
        replica: Replica,
        *,
        max_len: int | None = None,
        max_age: float | None = None,
        session_settings: SessionSettings | None = None,
    ) -> None:
        self.session_id = session_id
        self.session_settings = session_settings
        name = f"session:{session_id}"
        self._adding = replica.log(name, max_len=max_len, max_age=max_age)
        self._clearing = replica.log(name, max_len=1)
        self._log = replica.log(name)

    async def get_items(self, limit: int | None = None) -> list[Any]:
        """Return the items, or the latest ``limit`` of them, from the oldest on.

        One round trip per 500 items; with a limit one, and some more where many were popped lately.
        """
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        return [entry.value[_ITEM] for entry in reversed(await self._newest(limit))]

    async def add_items(self, items: Sequence[Any]) -> None:
        """Add items, which are JSON: :class:`InvalidValue` for others, with none of them added.

        One round trip, and one atomic write, per 500 items.
        """
        await self._adding.extend([{_ITEM: item} for item in items])

    async def pop_item(self) -> Any | None:
        """Remove the latest item and return it; None where there is none.

        Of several who do so at once in one region, each is given another item. In regions that have
        not heard of each other each may be given the same one. Three round trips, and three more
        where another was faster. The log keeps what was popped until it is trimmed or cleared.
        """
        while newest := await self._newest(1):
            (entry,) = newest
            mark = await self._log.append({_POPPED: entry.id})
            if await self._first_mark(entry.id) in (mark, None):  # it may be trimmed by now
                return entry.value[_ITEM]
        return None

    async def clear_session(self) -> None:
        """Remove all items that are there now, in all regions; what is added meanwhile may go, too.

        What another region has added and this one has not heard of stays. Two round trips, and two
        more per 100 items.
        """
        first = await self._clearing.append({})  # each append takes out 100 others
        while (oldest := await self._log.range(limit=1)) and oldest[0].id < first:
            await self._clearing.append({})

    async def _newest(self, limit: int | None) -> list[Logged[Any]]:
        """Return the latest items, the newest first. What tells that one was popped is newer."""
        found: list[Logged[Any]] = []
        popped: set[str] = set()
        last: str | None = None
        page = _PAGE if limit is None else limit
        while limit is None or len(found) < limit:
            page = min(page, _PAGE)
            entries = await self._log.range(last, page, newest_first=True)
            for entry in entries:
                if _POPPED in entry.value:
                    popped.add(entry.value[_POPPED])
                elif _ITEM in entry.value and entry.id not in popped:
                    found.append(entry)
            if len(entries) < page:
                break
            last, page = entries[-1].id, 2 * page
        return found[:limit]

    async def _first_mark(self, id_: str) -> str | None:
        """Return the id of the first entry that says of an item that it was popped."""
        last = id_
        while entries := await self._log.range(last):
            for entry in entries:
                if entry.value.get(_POPPED) == id_:
                    return entry.id
            last = entries[-1].id
        return None
