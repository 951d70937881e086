"""The links between the demo's regions: each keeps two of them in step, until it is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import combinations
from threading import Event, Thread

from redis_crdt.cli.demo.regions import Region

PAUSE = 0.02
"""Seconds between two rounds of a link."""


class Link:
    """Two regions that pull from each other, in a thread of its own, while the link is up."""

    def __init__(self, one: Region, other: Region) -> None:
        self.regions = (one, other)
        self._stop = Event()
        self._thread: Thread | None = None
        self._failure: BaseException | None = None

    def joins(self, region: Region) -> bool:
        """Whether this link ends at the region."""
        return region in self.regions

    def up(self) -> None:
        """Bring the link up."""
        self._stop.clear()
        self._thread = Thread(target=self._run, name=f"link {self}", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Cut the link, and raise what went wrong on it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        one, other = self.regions
        try:
            while not self._stop.wait(PAUSE):
                one.replica.sync(other.replica)
        except Exception as error:  # told by the thread that cuts the link
            self._failure = error

    def __str__(self) -> str:
        return " - ".join(region.name for region in self.regions)


@contextmanager
def links_between(regions: Sequence[Region]) -> Iterator[list[Link]]:
    """Make a link for each two regions, cut in the end, however the block ends."""
    links = [Link(one, other) for one, other in combinations(regions, 2)]
    with ExitStack() as cuts:  # one that failed must not keep the others up
        for link in links:
            cuts.callback(link.cut)
        yield links
