"""Counts, days and sums as the reconciliation's pages say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from orders.models import FileState, LineType, RunState
from orders.templatetags.presentation import money_text

FILE_TONES = {
    FileState.RECEIVING: "busy",
    FileState.WAITING: "busy",
    FileState.LOADING: "busy",
    FileState.APPLIED: "good",
    FileState.REFUSED: "bad",
    FileState.REPLACED: "quiet",
    FileState.TRIAL: "quiet",
}
RUN_TONES = {
    RunState.RUNNING: "busy",
    RunState.APPLIED: "good",
    RunState.ABANDONED: "careful",
    RunState.REPLACED: "quiet",
    RunState.TRIAL: "quiet",
}
UNDER_WAY = frozenset({FileState.RECEIVING, FileState.WAITING, FileState.LOADING})
_UNITS = ("bytes", "KiB", "MiB", "GiB")


def day_text(day: date, today: date) -> str:
    """`20 November`; with the year when it is not this year's."""
    return f"{day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")


def sums_text(sums: Mapping[str, int]) -> str:
    """Minor units by currency as words: `€412.00 and ¥3,000`; nothing for nothing."""
    return listed(money_text(amount, currency) for currency, amount in sorted(sums.items()))


def worth_text(sums: Mapping[str, int]) -> str:
    """What discrepancies are worth, without currencies in which no money is missing; nothing for nothing."""
    return sums_text({currency: amount for currency, amount in sums.items() if amount})


def listed(words: Iterable[str]) -> str:
    """`one, two and three`."""
    *before, last = list(words) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def size_text(size: int) -> str:
    """`1.4 MiB`: bytes in the largest unit of which there is at least one, with one decimal cut off."""
    unit, whole = 0, max(0, size) * 10
    while whole >= 10_240 and unit < len(_UNITS) - 1:
        unit, whole = unit + 1, whole // 1024
    return f"{whole // 10:,} {_UNITS[unit]}" if unit == 0 else f"{whole // 10:,}.{whole % 10} {_UNITS[unit]}"


def line_word(type_: str) -> str:
    """The word for a line's type; an unknown one as it stands."""
    return str(LineType(type_).label) if type_ in LineType.values else type_.replace("_", " ").capitalize()


def lines_in(totals: Mapping[str, Any]) -> int:
    """How many lines `totals` of a file speak of, all currencies together."""
    return sum(_whole(sums, "lines") for sums in totals.values())


def added(many: Iterable[Mapping[str, Any]], name: str) -> dict[str, int]:
    """One figure (`gross`, `net`, …) by currency, added over several `totals`; currencies that come to nothing stay."""
    found: dict[str, int] = {}
    for totals in many:
        for currency, sums in totals.items():
            found[currency] = found.get(currency, 0) + _whole(sums, name)
    return found


def today_in(zone: Any, now: datetime) -> date:
    """The day it is in a time zone."""
    return now.astimezone(zone).date()


def _whole(sums: Any, name: str) -> int:
    value = sums.get(name, 0) if isinstance(sums, dict) else 0
    return value if isinstance(value, int) else 0
