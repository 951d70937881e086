"""What may be merged into a collection of any backend, and the state that it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from redis_crdt.core.kinds import KindName
from redis_crdt.errors import KindMismatch

if TYPE_CHECKING:  # a model of pydantic's, which takes time to make
    from redis_crdt.core.state import State


class Dumpable(Protocol):
    """Anything that can give its state: a collection of any backend."""

    def dump(self) -> State:
        """Return the state."""


Mergeable: TypeAlias = "Dumpable | State | Mapping[str, Any] | str | bytes"
"""What ``merge`` takes: a collection, a dump, or a dump as a dict or JSON."""


def state_of(other: Mergeable, kind: KindName) -> State:
    """Return the state that ``other`` is or holds.

    Raises :class:`InvalidDump` if it is no valid dump, :class:`KindMismatch` if of another kind.
    """
    from redis_crdt.core.state import State

    other_kind = getattr(other, "kind", None)
    # A map is a Mapping, but no dump.
    if isinstance(other, State | str | bytes) or (
        isinstance(other, Mapping) and not hasattr(other, "dump")
    ):
        return State.load(other, kind)
    if other_kind != kind:
        what = other_kind or type(other).__name__
        raise KindMismatch(f"cannot merge a {what} into a {kind}")
    state = other.dump()
    if not isinstance(state, State):
        raise KindMismatch("a collection of asyncio is merged by its awaited dump()")
    return state
