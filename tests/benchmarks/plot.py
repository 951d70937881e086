"""A plot of what a sync costs against the size of the collection, and against what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from redis_crdt.cli.bench.deltas import CHANGES, Cost, costs
from tests.benchmarks.run import Run

ROUNDS = 3


def _powers(low: int, high: int) -> list[int]:
    sizes = []
    while low < high:
        sizes.append(low)
        low *= 10
    return [*sizes, high]


def by_size(run: Run) -> Iterator[Cost]:
    """Measure collections of 1,000 entries up to the largest."""
    for entries in _powers(1_000, run.entries):
        with run.ground() as ground:
            yield from costs(ground, entries, [CHANGES], ROUNDS)


def by_changes(run: Run) -> Iterator[Cost]:
    """Measure from one change up to half of all entries."""
    with run.ground() as ground:
        yield from costs(ground, run.many, _powers(10, run.many // 2), ROUNDS)


def plot(run: Run, file: Path, title: str) -> None:
    """Measure and draw; the file's suffix tells the format. Needs ``matplotlib``."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
    panels = (
        (list(by_size(run)), "entries", f"{CHANGES} changes"),
        (list(by_changes(run)), "changes", f"{run.many:,} entries"),
    )
    for axis, (found, across, what) in zip(axes, panels, strict=True):
        at = [getattr(cost, across) for cost in found]
        for name, label in (("textbook", "textbook full-state merge"), ("delta", "redis_crdt")):
            spreads = [getattr(cost, name) for cost in found]
            axis.plot(at, [spread.median for spread in spreads], marker="o", label=label)
            axis.fill_between(at, [s.low for s in spreads], [s.high for s in spreads], alpha=0.2)
        axis.set(xscale="log", yscale="log", xlabel=across, title=what)
        axis.grid(visible=True, which="major", alpha=0.3)
        axis.legend()
    axes[0].set_ylabel("seconds per sync, both ways")
    figure.suptitle(title)
    figure.savefig(file)
