"""``redis-crdt sync``: a syncer as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry, start_http_server
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from redis_crdt.asyncio import Replica
from redis_crdt.cli.logs import configure
from redis_crdt.errors import InvalidSetting
from redis_crdt.sync.metrics import Metrics
from redis_crdt.sync.settings import Settings
from redis_crdt.sync.syncer import Syncer


def run(settings: Settings) -> None:
    """Run a syncer until SIGTERM or SIGINT."""
    configure(settings.log_level, settings.log_format)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:

        def replica(url: str, replica_id: str | None) -> Replica:
            made = Replica.from_url(
                url,
                replica_id=replica_id,
                namespace=settings.namespace,
                shards=settings.shards,
                max_drift=settings.max_drift,
                allow_eviction=settings.allow_eviction,
                socket_timeout=settings.timeout,
                socket_connect_timeout=settings.timeout,
            )
            opened.push_async_callback(made.close)
            return made

        metrics = None
        if settings.metrics_port is not None:
            metrics = _serve_metrics(settings.metrics_host, settings.metrics_port)
        syncer = Syncer(
            replica(settings.url.get_secret_value(), settings.replica_id),
            [replica(peer.get_secret_value(), None) for peer in settings.peers],
            interval=settings.interval,
            grace=settings.grace,
            gc_interval=settings.gc_interval,
            observer=metrics,
        )
        running = asyncio.create_task(syncer.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.cancel)
        showing = asyncio.create_task(_show_scans(syncer))
        await asyncio.wait({running})
        showing.cancel()
        if not running.cancelled():
            running.result()


def _serve_metrics(host: str, port: int) -> Metrics:
    registry = CollectorRegistry()
    try:
        start_http_server(port, host, registry=registry)
    except OSError as error:
        raise InvalidSetting(f"metrics_port: cannot listen on {host}:{port}: {error}") from error
    return Metrics(registry)


async def _show_scans(syncer: Syncer) -> None:
    """Show as bars how far reconciling is, where there is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    columns = (TextColumn("all of {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bars = {id(link): progress.add_task(link.peer, visible=False) for link in syncer.links}
        while True:
            for link in syncer.links:
                progress.update(
                    bars[id(link)],
                    description=link.peer,
                    completed=link.scanned,
                    total=max(link.to_scan, link.scanned),
                    visible=link.state == "scanning",
                )
            await asyncio.sleep(0.2)
