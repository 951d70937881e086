"""The commands of those who operate regions."""

from __future__ import annotations

import time
import warnings
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from redis_crdt.cli import tables
from redis_crdt.cli.app import Namespace, ReplicaId, Url, app, opened
from redis_crdt.errors import InvalidName
from redis_crdt.operations.operation import drive
from redis_crdt.sync.directory import find
from redis_crdt.sync.tombstones import GRACE

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[int, typer.Option(help="How many entries to show.", min=1)]


@app.command()
def sync(
    config: Annotated[str | None, typer.Option(help="A TOML file of settings.")] = None,
    url: Annotated[str | None, typer.Option(help="The server of the replica to keep.")] = None,
    peer: Annotated[
        list[str] | None, typer.Option(help="A peer's server; once for each of them.")
    ] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    replica_id: ReplicaId = None,
    interval: Annotated[float | None, typer.Option(help="Seconds between rounds.")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Where to serve metrics for Prometheus.")
    ] = None,
) -> None:
    """Keep a replica in step with its peers, until it is told to stop.

    Run one of these in each region. Settings come from these options, from the environment
    (REDIS_CRDT_URL, REDIS_CRDT_PEERS and so on), and from the file, in this order. On SIGHUP it
    reads its peers anew. Exits with 2 where its own server does not take its settings, such as
    the password or the id.
    """
    from redis_crdt.cli.sync import run
    from redis_crdt.sync.settings import load_settings

    options = {
        "url": url,
        "peers": peer or None,
        "namespace": namespace,
        "replica_id": replica_id,
        "interval": interval,
        "metrics_port": metrics_port,
    }
    run(load_settings(config, options), lambda: load_settings(config, options))


@app.command()
def status(
    url: Url,
    namespace: Namespace = "default",
    as_json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep it on the screen.")] = False,
) -> None:
    """Show a replica: its peers and how far they lag, its collections, its feed."""
    with opened(url, namespace) as replica:
        if as_json:
            typer.echo(replica.status().model_dump_json(indent=2))
        elif not watch:
            Console().print(tables.status(replica.status()), highlight=False)
        else:
            with Live(tables.status(replica.status()), screen=True) as live:
                while True:
                    time.sleep(1)
                    live.update(tables.status(replica.status()))


@app.command()
def peers(url: Url, namespace: Namespace = "default") -> None:
    """Show the replicas that a replica exchanges with."""
    with opened(url, namespace) as replica:
        Console().print(tables.peers(replica.status()), highlight=False)


@app.command()
def inspect(
    url: Url,
    name: Annotated[str, typer.Argument(help="The collection.")],
    namespace: Namespace = "default",
    limit: Limit = 50,
) -> None:
    """Show a collection: its entries and their causal metadata, tombstones included."""
    with opened(url, namespace) as replica:
        found = drive(find(replica, name))
        if not found:
            raise InvalidName(f"{replica.about} has no collection {name!r}")
        console = Console()
        for kind, partitions in found:
            in_parts = {"partitions": partitions} if partitions > 1 else {}
            state = getattr(replica, kind)(name, **in_parts).dump()
            about = f" in {partitions} partitions" if in_parts else ""
            console.print(f"{kind} {name}{about}", highlight=False)
            console.print(tables.entries(state, limit), highlight=False)


@app.command()
def verify(
    url: Url,
    other: Annotated[str, typer.Argument(help="The server to compare with.")],
    namespace: Namespace = "default",
    limit: Limit = 50,
) -> None:
    """Tell whether two replicas are equal, and where they differ; exits with 1 if they do."""
    with (
        opened(url, namespace) as one,
        opened(other, namespace) as two,
    ):
        found = one.verify(two)
    if not found:
        typer.echo("equal")
        return
    Console().print(tables.differences(found, limit), highlight=False)
    typer.echo(f"{len(found)} entries differ")
    raise typer.Exit(1)


@app.command()
def gc(
    url: Url,
    namespace: Namespace = "default",
    older_than: Annotated[
        float, typer.Option(help="Keep tombstones that are younger, in seconds.")
    ] = GRACE,
) -> None:
    """Drop the tombstones that are old enough and that neither this replica nor its peers need."""
    with opened(url, namespace) as replica:
        typer.echo(f"{replica.gc_tombstones(older_than)} tombstones dropped")


@app.command()
def forget(
    url: Url,
    peer: Annotated[str, typer.Argument(help="The replica id of the peer.")],
    namespace: Namespace = "default",
) -> None:
    """Forget a peer that is gone for good, so that it no longer holds collection up.

    Should it come back, nothing of it is lost, and nothing that was removed comes back with it.
    """
    with opened(url, namespace) as replica, warnings.catch_warnings(record=True) as told:
        if not replica.forget(peer):
            raise InvalidName(f"{replica.about} knows no peer {peer!r}")
    for warning in told:
        typer.echo(f"warning: {warning.message}", err=True)
    typer.echo(f"{peer} is forgotten")


@app.command()
def drop(
    url: Url,
    name: Annotated[str, typer.Argument(help="The collection.")],
    namespace: Namespace = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop a collection in all regions, with what others write there before they hear of it."""
    with opened(url, namespace) as replica:
        if not yes:
            typer.confirm(f"Drop {name} of {namespace} everywhere?", abort=True)
        if not replica.drop(name):
            raise InvalidName(f"{replica.about} has no collection {name!r}")
    typer.echo(f"{name} is dropped")


@app.command()
def reset(
    url: Url,
    namespace: Namespace = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Throw away all that a replica holds, so that it begins anew from its peers.

    What no peer has pulled from it is lost: dump it first.
    """
    with opened(url, namespace) as replica:
        name = replica.replica_id
        if not yes:
            typer.confirm(f"Throw away all that {name} holds of {namespace}?", abort=True)
        replica.reset()
    typer.echo(f"{name} is empty")
