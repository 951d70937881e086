"""What Python would ask of a collection of many without awaiting it."""

from __future__ import annotations

from typing import NoReturn


class Many:
    """A collection of many, which Python would read without awaiting it: it says how to."""

    def __bool__(self) -> NoReturn:
        self._refuse("bool(...)", "await ....size()")

    def __len__(self) -> NoReturn:
        self._refuse("len(...)", "await ....size()")

    def __contains__(self, _: object) -> NoReturn:
        self._refuse("... in ...", "await ....contains(...)")

    def __iter__(self) -> NoReturn:
        self._refuse("for ... in ...", "async for ... in ...")

    def _refuse(self, what: str, instead: str) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"{what} of an awaited {name}: it is on a server, so use {instead}")
