"""The commands of those who operate regions."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.live import Live

from redis_crdt.cli import tables
from redis_crdt.cli.app import Json, app, telling
from redis_crdt.cli.options import EVERY, opened, takes_settings
from redis_crdt.cli.output import console, print_json
from redis_crdt.cli.preflight import tried
from redis_crdt.errors import InvalidName
from redis_crdt.operations.operation import drive
from redis_crdt.sync.directory import find
from redis_crdt.sync.settings import Settings
from redis_crdt.sync.status import read_lags
from redis_crdt.sync.tombstones import GRACE
from redis_crdt.transport.namespaces import drop_namespace
from redis_crdt.transport.namespaces import namespaces as list_namespaces

Name = Annotated[str, typer.Argument(help="The collection.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Limit = Annotated[int, typer.Option(help="How many entries to show.", min=1)]


@app.command()
@takes_settings(EVERY)
def sync(
    settings: Settings,
    check: Annotated[
        bool, typer.Option("--check", help="Try everything that it needs, say how it is, and exit.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: print JSON.")] = False,
) -> None:
    """Keep a replica in step with its peers, until it is told to stop.

    Run one of these in each region. On SIGHUP it reads its peers anew. Exits with 2 where its own
    server does not take its settings, such as the password or the id.
    """
    if not check:
        from redis_crdt.cli.sync import run

        run(settings)
        return
    trials = tried(settings)
    if as_json:
        print_json([trial._asdict() for trial in trials])
    else:
        console().print(tables.trials(trials))
    if not all(trial.good for trial in trials):
        raise typer.Exit(1)


@app.command()
@takes_settings()
def status(
    settings: Settings,
    as_json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep it on the screen.")] = False,
    limit: Annotated[
        int, typer.Option(help="How many collections to show, the largest ones.", min=1)
    ] = 20,
) -> None:
    """Show a replica: its peers and how far they lag, its collections, its feed."""
    with opened(settings) as replica:
        if as_json:
            print_json(replica.status().model_dump())
        elif not watch:
            console().print(tables.status(replica.status(), limit))
        else:
            shown = tables.status(replica.status(), limit)
            with Live(shown, console=console(), screen=True) as live:
                while True:
                    time.sleep(1)
                    live.update(tables.status(replica.status(), limit))


@app.command()
@takes_settings()
def peers(settings: Settings, as_json: Json = False) -> None:
    """Show the replicas that a replica exchanges with."""
    with opened(settings) as replica:
        found = replica.status().peers
    if as_json:
        print_json([peer.model_dump() for peer in found])
    else:
        console().print(tables.peers(found))


@app.command()
@takes_settings()
def check(
    settings: Settings,
    max_lag: Annotated[
        float, typer.Option(help="For how many seconds a peer may go unread.", min=0)
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """Tell probes whether a region keeps up with its peers.

    Exits with 0 if it does, with 1 if it is further behind one, and with 2 where nobody can tell:
    the server does not answer, or no syncer has ever run there.
    """
    with telling(), opened(settings) as replica:
        lags = drive(read_lags(replica))
    behind = [lag for lag in lags if lag.seconds is None or lag.seconds > max_lag]
    if as_json:
        print_json({"good": bool(lags) and not behind, "peers": [lag._asdict() for lag in lags]})
    else:
        console().print(tables.lags(lags, max_lag))
    if behind or not lags:
        raise typer.Exit(1 if behind else 2)


@app.command()
@takes_settings()
def inspect(settings: Settings, name: Name, limit: Limit = 50, as_json: Json = False) -> None:
    """Show a collection: its entries and their causal metadata, tombstones included."""
    with opened(settings) as replica:
        found = drive(find(replica, name))
        if not found:
            raise InvalidName(f"{replica.about} has no collection {name!r}")
        states = []
        for kind, partitions in found:
            in_parts = {"partitions": partitions} if partitions > 1 else {}
            states.append((getattr(replica, kind)(name, **in_parts).dump(), partitions))
    if as_json:
        print_json([state.model_dump(mode="json") for state, _ in states])
        return
    for state, partitions in states:
        about = f" in {partitions} partitions" if partitions > 1 else ""
        console().print(f"{state.kind} {name}{about}", tables.entries(state, limit), sep="\n")


@app.command()
@takes_settings()
def verify(
    settings: Settings,
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="OTHER",
            help="The server to compare with; by default each of the peers in the settings.",
            show_default=False,
        ),
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Tell whether two replicas are equal, and where they differ.

    Exits with 0 if they are equal, with 1 if they differ, and with 2 where that could not be told.
    """
    others = [other] if other else settings.peer_urls()
    found = {}
    with telling(), opened(settings) as one:
        for url in others:
            with opened(settings, url) as two:
                found[two.address] = one.verify(two)
    if as_json:
        each = {where: [d._asdict() for d in differences] for where, differences in found.items()}
        print_json({"equal": not any(found.values()), "differences": each})
    else:
        for where, differences in found.items():
            about = f"{where}: " if len(found) > 1 else ""
            if differences:
                console().print(tables.differences(differences, limit))
            told = f"{len(differences)} entries differ" if differences else "equal"
            typer.echo(about + told)
    if any(found.values()):
        raise typer.Exit(1)


@app.command()
@takes_settings()
def gc(
    settings: Settings,
    older_than: Annotated[
        float, typer.Option(help="Keep tombstones that are younger, in seconds.")
    ] = GRACE,
    as_json: Json = False,
) -> None:
    """Drop the tombstones that are old enough and that neither this replica nor its peers need."""
    with opened(settings) as replica:
        dropped = replica.gc_tombstones(older_than)
    _tell(f"{dropped} tombstones dropped", {"tombstones": dropped}, as_json)


@app.command()
@takes_settings()
def forget(
    settings: Settings,
    peer: Annotated[str, typer.Argument(help="The replica id of the peer.")],
    as_json: Json = False,
) -> None:
    """Forget a peer that is gone for good, so that it no longer holds collection up.

    Should it come back, nothing of it is lost, and nothing that was removed comes back with it.
    """
    with opened(settings) as replica:
        if not replica.forget(peer):
            raise InvalidName(f"{replica.about} knows no peer {peer!r}")
    _tell(f"{peer} is forgotten", {"forgotten": peer}, as_json)


@app.command()
@takes_settings()
def takeover(
    settings: Settings,
    region: Annotated[str, typer.Argument(help="The replica id of the region.")],
    as_json: Json = False,
) -> None:
    """Take over the tasks of a region that will never return, in all work queues.

    Should it return, a task may be done in both until it hears of this. With its own id, a region
    takes up at once what it had before a restart, whatever it may have forgotten.
    """
    with opened(settings) as replica:
        queues = [name for name, kind in replica.collections() if kind == "work_queue"]
        taken = sum(replica.work_queue(name).takeover(region) for name in queues)
    _tell(f"{taken} tasks of {region} are taken over", {"taken": taken}, as_json)


@app.command()
@takes_settings()
def reclaim(
    settings: Settings,
    of: Annotated[
        str | None,
        typer.Option(help="A replica that is gone for good; what it did was pulled by this one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Give this region back what it had left of budgets before its server began anew.

    Only where the server had forgotten nothing: what it spent and forgot is else spent once more.
    With --of what another region has left, in one region only, for it may be there but once.
    """
    with opened(settings) as replica:
        taken = replica.reclaim(of)
    told = [f"{name}: {amount} taken over" for name, amount in taken.items()]
    _tell("\n".join(told) or "nothing was left", {"reclaimed": taken}, as_json)


@app.command()
@takes_settings()
def drop(settings: Settings, name: Name, yes: Yes = False, as_json: Json = False) -> None:
    """Drop a collection in all regions, with what others write there before they hear of it."""
    with opened(settings) as replica:
        if not yes:
            typer.confirm(f"Drop {name} of {settings.namespace} everywhere?", abort=True, err=True)
        if not replica.drop(name):
            raise InvalidName(f"{replica.about} has no collection {name!r}")
    _tell(f"{name} is dropped", {"dropped": name}, as_json)


@app.command()
@takes_settings()
def reset(settings: Settings, yes: Yes = False, as_json: Json = False) -> None:
    """Throw away all that a replica holds, so that it begins anew from its peers.

    What no peer has pulled from it is lost: dump it first.
    """
    with opened(settings) as replica:
        name = replica.replica_id
        if not yes:
            question = f"Throw away all that {name} holds of {settings.namespace}?"
            typer.confirm(question, abort=True, err=True)
        replica.reset()
    _tell(f"{name} is empty", {"reset": name}, as_json)


@app.command()
@takes_settings(("timeout",))
def namespaces(
    settings: Settings,
    drop: Annotated[
        str | None, typer.Option(metavar="NAME", help="Throw away all that this one holds here.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """List the namespaces of a server, or throw one away.

    Other regions keep theirs. Stop its syncer and programs first, or they make it anew.
    """
    url = settings.url.get_secret_value()
    if drop is None:
        found = list_namespaces(url)
        if as_json:
            print_json(found)
        else:
            typer.echo("".join(f"{name}\n" for name in found), nl=False)
        return
    if not yes:
        question = f"Throw away all that this server holds of the namespace {drop}?"
        typer.confirm(question, abort=True, err=True)
    if not drop_namespace(url, drop):
        raise InvalidName(f"no namespace {drop!r} is there")
    _tell(f"{drop} is dropped", {"dropped": drop}, as_json)


def _tell(text: str, value: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        typer.echo(text)
