"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol


class OpensLWWMap(Protocol):
    """A replica that has them."""

    def lww_map(
        self, name: str, type_: Any = Any, *, partitions: int = 1
    ) -> MutableMapping[str, Any]:
        """Open an LWW-Map."""
