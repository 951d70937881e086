"""``redis-crdt sync``: a syncer as a process of its own."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from redis_crdt.asyncio import Replica
from redis_crdt.cli.app import fail
from redis_crdt.cli.logs import configure
from redis_crdt.errors import (
    AccessDenied,
    AuthenticationFailed,
    CRDTError,
    EvictionEnabled,
    InvalidSetting,
    ReplicaMismatch,
    ServerError,
)
from redis_crdt.sync.health import serving
from redis_crdt.sync.metrics import Metrics
from redis_crdt.sync.settings import Settings
from redis_crdt.sync.syncer import Syncer

log = logging.getLogger("redis_crdt.sync")

UNWORKABLE = (AccessDenied, AuthenticationFailed, EvictionEnabled, ReplicaMismatch)
"""What waiting does not mend: somebody has to change the settings, or the server's."""


def run(settings: Settings) -> None:
    """Run a syncer until SIGTERM or SIGINT; on SIGHUP it reads the settings of its peers anew.

    Exits with 2 where its own server does not take its settings.
    """
    configure(settings.log_level, settings.log_format)
    try:
        asyncio.run(_run(settings))
    except UNWORKABLE as error:
        fail(error, 2)


async def _run(settings: Settings) -> None:
    async with AsyncExitStack() as opened:
        peers = _Peers(settings)
        opened.push_async_callback(peers.close)
        followed = [peers.of(url) for url in settings.peer_urls()]
        replica = replica_at(settings, settings.url.get_secret_value(), settings.replica_id)
        opened.push_async_callback(replica.close)
        registry, metrics = CollectorRegistry(), None
        if settings.metrics_port is not None:
            metrics = Metrics(registry, collections=settings.metrics_collections)
        syncer = Syncer(
            replica,
            followed,
            interval=settings.interval,
            grace=settings.grace,
            gc_interval=settings.gc_interval,
            max_bytes_per_second=settings.max_bytes_per_second,
            observer=metrics,
        )
        if settings.metrics_port is not None:
            opened.enter_context(
                serving(syncer, registry, settings.metrics_host, settings.metrics_port)
            )
        await check_own(replica)
        running = asyncio.create_task(syncer.run())
        hung_up = asyncio.Event()
        call_on(("SIGTERM", "SIGINT"), running.cancel)
        call_on(("SIGHUP",), hung_up.set)
        others = [
            asyncio.create_task(_show_scans(syncer)),
            asyncio.create_task(_reload(syncer, peers, settings, hung_up)),
        ]
        await asyncio.wait({running})
        for task in others:
            task.cancel()
        if not running.cancelled():
            running.result()


async def check_own(replica: Replica) -> None:
    """Raise what waiting does not mend; whatever else is the matter, the syncer tries again."""
    try:
        await replica.open()
    except UNWORKABLE:
        raise
    except ServerError:
        return


def call_on(names: tuple[str, ...], call: Callable[[], object]) -> None:
    """Call on any of these signals, as far as the platform has them."""
    loop = asyncio.get_running_loop()
    for name in names:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, call)
        except NotImplementedError:  # as on Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))


async def _reload(
    syncer: Syncer, peers: _Peers, settings: Settings, hung_up: asyncio.Event
) -> None:
    """Whenever told to, follow the peers that the settings have by then."""
    while True:
        await hung_up.wait()
        hung_up.clear()
        try:
            urls = settings.anew().peer_urls()
            await syncer.set_peers([peers.of(url) for url in urls])
        except CRDTError as error:
            log.error("sync.not_reloaded error=%s detail=%r", type(error).__name__, str(error))
        else:
            await peers.keep(urls)
            log.info("sync.reloaded peers=%d", len(urls))


def replica_at(settings: Settings, url: str, replica_id: str | None = None) -> Replica:
    """Make the replica of a server; it is not opened yet."""
    return Replica.from_url(
        url,
        replica_id=replica_id,
        **settings.of_replicas(),
    )


class _Peers:
    """The replicas of peers by their URLs, so that those that stay are left alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, Replica] = {}

    def of(self, url: str) -> Replica:
        """Return the peer at a URL."""
        if url not in self._made:
            try:
                self._made[url] = replica_at(self._settings, url)
            except InvalidSetting as error:
                raise InvalidSetting(f"peers: {error}") from None
        return self._made[url]

    async def keep(self, urls: list[str]) -> None:
        """Close all but those."""
        for url in self._made.keys() - set(urls):
            await self._made.pop(url).close()

    async def close(self) -> None:
        """Close all."""
        await self.keep([])


async def _show_scans(syncer: Syncer) -> None:
    """Show as bars how far reconciling is, where there is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    columns = (TextColumn("all of {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bars: dict[str, TaskID] = {}
        while True:
            scanning = {link.address: link for link in syncer.links if link.state == "scanning"}
            for address in bars.keys() - scanning.keys():
                progress.remove_task(bars.pop(address))
            for address, link in scanning.items():
                if address not in bars:
                    bars[address] = progress.add_task(link.peer)
                total = max(link.to_scan, link.scanned)
                progress.update(bars[address], completed=link.scanned, total=total)
            await asyncio.sleep(0.2)
