"""The pictures of the reconciliation as whole units of an SVG: bars that follow each other, and columns of days. Pure.

Every picture stands beside, or inside, the table of its figures; whoever cannot see it misses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orders.sentences import counted

LENGTH = 1000
"""A bar is this many units across; parts are whole units, so no fraction is ever computed."""
HEIGHT = 60
COLUMN = 10
_LEAST = 3
"""What is not nothing is this many units at least, so that it can be seen."""


@dataclass(frozen=True)
class Bar:
    """A rectangle within LENGTH."""

    start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One figure of a flow: where its bar begins and ends, and whether it is a sum of those before it."""

    name: str
    label: str
    amount: int
    total: bool
    tone: str
    bar: Bar


@dataclass(frozen=True, kw_only=True)
class Day:
    """One business day of the trend: how many lines had to meet something, and how many did."""

    day: date
    needed: int
    met: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """A day of the trend as a column: the part that met stands on the ground, the part that did not above it."""

    day: Day
    x: int
    met_from: int
    met_height: int
    rest_from: int
    rest_height: int


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The columns of all days, oldest first."""

    columns: tuple[Column, ...]
    in_words: str

    @property
    def width(self) -> int:
        """Of the whole picture."""
        return COLUMN * len(self.columns)

    @property
    def height(self) -> int:
        """Of the whole picture."""
        return HEIGHT


def shares(values: Sequence[int]) -> tuple[int, ...]:
    """Each value as a length, the greatest being LENGTH; nothing stays nothing."""
    greatest = max(values, default=0)
    return tuple(max(_LEAST, value * LENGTH // greatest) if value > 0 else 0 for value in values)


def flow_of(figures: Sequence[tuple[str, str, int, bool]]) -> tuple[Step, ...]:
    """Steps of (name, label, amount, total): each begins where the one before ended; a total stands on the ground.

    Signed minor units. What lies below zero is drawn from the lowest point of the flow.
    """
    edges, level = [], 0
    for _, _, amount, total in figures:
        begin, end = (0, amount) if total else (level, level + amount)
        edges.append((min(begin, end), max(begin, end)))
        level = end
    lowest = min((low for low, _ in edges), default=0)
    whole = max((high for _, high in edges), default=0) - lowest
    return tuple(
        Step(
            name=name,
            label=label,
            amount=amount,
            total=total,
            tone=_tone(amount, total=total),
            bar=_bar(low - lowest, high - lowest, whole),
        )
        for (name, label, amount, total), (low, high) in zip(figures, edges, strict=True)
    )


def trend_of(days: Sequence[Day]) -> Trend:
    """A column for each day, oldest first."""
    columns = tuple(_column(day, number * COLUMN) for number, day in enumerate(days))
    needed, met = sum(day.needed for day in days), sum(day.met for day in days)
    words = (
        f"{rate_text(met, needed)} of {needed:,} lines met in {counted(len(days), 'day')} with files"
        if needed
        else "No lines"
    )
    return Trend(columns=columns, in_words=words)


def rate_text(met: int, needed: int) -> str:
    """`99.8 %`, cut off and never rounded up: 100 % is only said of all."""
    if not needed:
        return "—"
    tenths = met * 1000 // needed
    return "100 %" if met == needed else f"{tenths // 10}.{tenths % 10} %"


def _bar(low: int, high: int, whole: int) -> Bar:
    if not whole or low == high:
        return Bar(0, 0)
    start = low * LENGTH // whole
    length = max(_LEAST, high * LENGTH // whole - start)
    return Bar(min(start, LENGTH - length), length)


def _column(day: Day, x: int) -> Column:
    rest = day.needed - day.met
    rest_height = max(_LEAST, rest * HEIGHT // day.needed) if rest > 0 else 0
    met_height = HEIGHT - rest_height if day.met > 0 else 0
    return Column(
        day=day, x=x, met_from=HEIGHT - met_height, met_height=met_height, rest_from=0, rest_height=rest_height
    )


def _tone(amount: int, *, total: bool) -> str:
    if total:
        return "good" if amount >= 0 else "careful"
    return "busy" if amount >= 0 else "careful"
