"""What the demo shows: the story in the order in which it happens, as tables and lines."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from redis_crdt.cli.demo.links import links_between
from redis_crdt.cli.demo.regions import Region, regions_at, started_regions
from redis_crdt.cli.demo.story import Story
from redis_crdt.cli.demo.tour import Seen, tour
from redis_crdt.cli.demo.work import Shared
from redis_crdt.sync.report import SyncReport


def run(console: Console, urls: Sequence[str] = ()) -> bool:
    """Run the demo on servers of its own, or on those at the URLs; tells whether all went well."""
    with regions_at(urls) if urls else started_regions() as regions, links_between(regions) as ls:
        _say(console, "Regions", "each with a server of its own, which its agents talk to")
        console.print(_servers(regions))
        story = Story(regions, ls)
        names = [region.name for region in regions]
        lonely = names[-1]

        _say(console, "Together", "agents in all regions work at once; the regions sync")
        story.begin()
        _work(console, story)

        _say(console, "Cut", f"{lonely} is cut off; everybody works on, and some disagree")
        story.cut()
        _work(console, story)
        story.disagree()
        story.settle()
        console.print(_state(story.shared))

        _say(console, "Heal", "each two regions sync once, by deltas")
        console.print(_reports(story.heal()))
        console.print(_state(story.shared))

        _say(console, "Proof", "SHA-256 of every entry with its metadata, and what was confirmed")
        digests = story.digests()
        for name, digest in zip(names, digests, strict=True):
            console.print(f"  {name}  {digest}", highlight=False)
        checks = story.checks(digests)
        for check in checks:
            mark = "[green]yes[/]" if check.holds else "[bold red]NO [/]"
            console.print(f"  {mark}  {check.says}", highlight=False)
        converged = all(check.holds for check in checks)
        if converged:
            console.print(
                "\n[bold green]Converged.[/] Nothing lost or overspent, no locks, no conflict code."
            )
        else:
            console.print("\n[bold red]The regions did not converge.[/]")
        return converged


def run_types(console: Console, urls: Sequence[str] = ()) -> bool:
    """Show what each type makes of concurrent writes; tells whether all regions became equal."""
    with regions_at(urls) if urls else started_regions() as regions:
        first, *_, last = names = [region.name for region in regions]
        _say(console, "Regions", "each with a server of its own")
        console.print(_servers(regions))
        what = f"{first} and {last} write, and see (→) only their own; then they are healed"
        _say(console, "Cut", what)
        seen = tour(regions)
        console.print(_types(seen, first, last))
        apart = [each.stop.kind for each in seen if not each.is_equal]
        if apart:
            console.print(f"\n[bold red]The regions did not converge:[/] {', '.join(apart)}")
        else:
            console.print(f"\n[bold green]Converged.[/] {', '.join(names)} hold the same bytes.")
        return not apart


def _types(seen: Sequence[Seen], first: str, last: str) -> Table:
    """Each type, what was there, what either side wrote and then saw, and what became of it."""
    columns = ("type", "before", first, last, "healed")
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for each in seen:
        stop = each.stop
        healed = Text(" | ".join(dict.fromkeys(each.healed)), "green" if each.is_equal else "red")
        table.add_row(
            Text(stop.kind, "bold"),
            each.before,
            Text.assemble(str(stop.here), "\n", (f"→ {each.here}", "yellow")),
            Text.assemble(str(stop.there), "\n", (f"→ {each.there}", "yellow")),
            Text.assemble(healed, "\n", (stop.rule, "dim")),
        )
    return table


def _say(console: Console, title: str, what: str) -> None:
    console.print(f"\n[bold cyan]{title}[/]: {what}", highlight=False)


def _work(console: Console, story: Story) -> None:
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        steps = progress.add_task("writes", total=story.steps)
        story.work(lambda: progress.advance(steps))
    if not console.is_terminal:
        console.print(f"  {story.steps} steps of {story.agents} agents")


def _servers(regions: Sequence[Region]) -> Table:
    table = Table("region", "server")
    for region in regions:
        table.add_row(region.name, region.server)
    return table


def _state(regions: Sequence[Shared]) -> Table:
    """Every collection in every region; a row whose regions differ in any entry is marked."""
    table = Table("", "collection", *(shared.region.name for shared in regions))
    entries = [shared.entries() for shared in regions]
    for name, *cells in zip(regions[0].collections, *map(_cells, regions), strict=True):
        equal = all(other[name] == entries[0][name] for other in entries)
        mark = Text("=", "green") if equal else Text("≠", "bold red")
        table.add_row(mark, name, *(Text(cell, "" if equal else "yellow") for cell in cells))
    return table


def _cells(shared: Shared) -> list[str]:
    manager = shared.manager
    model = shared.model.get()
    statuses = list(manager.agents().values())
    return [
        f"{len(manager.get_pending_tasks())} open",
        f"{manager.queue.pending()} here",
        str(manager.get_completed_count()),
        str(shared.balance.value()),
        f"{shared.credit.remaining()} left",
        model.name if model else "",
        ", ".join(shared.owner.get()),
        f"{statuses.count('working')} of {len(statuses)} busy",
    ]


def _reports(reports: Sequence[tuple[str, str, SyncReport]]) -> Table:
    table = Table("pull")
    for column in ("entries", "changed", "bytes", "batches", "ms"):
        table.add_column(column, justify="right")
    for target, source, report in reports:
        table.add_row(
            f"{target} from {source}",
            str(report.entries),
            str(report.changed),
            str(report.bytes),
            str(report.batches),
            f"{report.seconds * 1000:.1f}",
        )
    return table
