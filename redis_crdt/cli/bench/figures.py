"""What benchmarks tell: figures, each with its spread, its target, and whether that was met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of all rounds, and between what the middle half of them lies."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the quartiles of the values."""
        found = list(values)
        if len(found) == 1:
            return cls(found[0], found[0], found[0])
        return cls(*quantiles(found, n=4, method="inclusive"))


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    work: str
    """What was done."""
    against: str
    """What it is compared with; empty for a figure that stands alone."""
    value: Spread | None
    """The ratio of the two, or an amount in ``unit``; None where there is none, see ``note``."""
    target: float | None = None
    at_least: bool = False
    """Whether the target is the least that is wanted, not the most."""
    unit: str = "x"
    note: str = ""
    """The amounts behind a ratio, or why there is no figure."""

    @property
    def met(self) -> bool | None:
        """Whether the median meets the target; None without a target or a figure."""
        if self.target is None or self.value is None:
            return None
        if self.at_least:
            return self.value.median >= self.target
        return self.value.median <= self.target

    @property
    def aim(self) -> str:
        """The target, as text."""
        if self.target is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {amount(self.target, self.unit)}"


def amount(value: float, unit: str = "x") -> str:
    """Write an amount with as many digits as mean something."""
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text}x" if unit == "x" else f"{text} {unit}"


def seconds(value: float) -> str:
    """Write a time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return amount(value / size, unit)
    return amount(value / 1e-6, "us")
