"""A signed report as people read it: what was accepted, written off and carried, for how much, why and by whom.

Reports that were signed in the first form hold sums without rows, and are shown as they were signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from orders.models import DiscrepancyState, DiscrepancyType, MonthClose
from orders.templatetags.presentation import money_text

ROWS_PRINTED = 100
"""So many rows of each ending are printed, the largest first; the sheet holds all of them."""
CARRIED = "carried"
_TITLES = {
    DiscrepancyState.ACCEPTED.value: "Accepted",
    DiscrepancyState.WRITTEN_OFF.value: "Written off",
    CARRIED: "Carried into later months",
}
COLUMNS = (
    *("kind", "name", "date", "currency", "amount_minor", "hash"),
    *("count", "discrepancy", "reference", "reason", "first_person", "second_person"),
)


@dataclass(frozen=True, kw_only=True)
class TypeSum:
    """One type of what ended one way."""

    type: str
    count: int
    worth: str


@dataclass(frozen=True, kw_only=True)
class EndedRow:
    """One discrepancy that ended so."""

    pk: int
    type: str
    occurred_on: str
    worth: str
    reason: str
    people: str


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Everything that ended one way; `more` rows stand only in the sheet, and of old reports all of them `unnamed`."""

    key: str
    title: str
    sums: tuple[TypeSum, ...]
    rows: tuple[EndedRow, ...]
    more: int
    unnamed: bool


def endings_of(report: Mapping[str, Any]) -> tuple[Ending, ...]:
    """For print: each way in which something of the month ended without having met."""
    found = (_ending(report, key) for key in _TITLES)
    return tuple(ending for ending in found if ending.sums)


def sheet_rows(row: MonthClose) -> Iterator[Sequence[Any]]:
    """The report as a sheet: files with their hashes, figures, and all that was accepted, written off and carried."""
    yield COLUMNS
    report, month = row.report, str(row.report["month"])
    for file in report["files"]:
        for currency, totals in sorted(file["totals"].items()):
            yield _cells("file", file["name"], file["business_date"], currency, totals["net"], file["sha256"])
    for currency, figures in sorted(report["figures"].items()):
        for name, amount in sorted(figures.items()):
            yield _cells("figure", name, month, currency, amount)
    for key in _TITLES:
        for type, currency, count, worth in _sums(report, key):
            yield _cells(f"{key}_in_all", type, month, currency, worth, count=count)
        for one in _rows(report, key):
            yield _cells(
                key,
                one["type"],
                one.get("to") or one["occurred_on"],
                one["currency"],
                _worth(one),
                discrepancy=one["discrepancy"],
                reference=one.get("reference", ""),
                reason=one["reason"],
                first_person=one.get("proposed_by") or one.get("by", ""),
                second_person=one.get("by", "") if one.get("proposed_by") else "",
            )
    yield _cells("report", "", month, "", "", row.report_sha256)


def _cells(*first: Any, **further: Any) -> tuple[Any, ...]:
    given = dict(zip(COLUMNS, first, strict=False)) | further
    return tuple(given.get(name, "") for name in COLUMNS)


def _ending(report: Mapping[str, Any], key: str) -> Ending:
    sums = tuple(
        TypeSum(type=_type(type), count=count, worth=money_text(worth, currency))
        for type, currency, count, worth in _sums(report, key)
    )
    rows = sorted(_rows(report, key), key=lambda one: (-_worth(one), one["discrepancy"]))
    printed = tuple(
        EndedRow(
            pk=one["discrepancy"],
            type=_type(one["type"]),
            occurred_on=one.get("occurred_on", ""),
            worth=money_text(_worth(one), one["currency"]),
            reason=one["reason"],
            people=_people(one),
        )
        for one in rows[:ROWS_PRINTED]
    )
    more = max(0, len(rows) - ROWS_PRINTED)
    return Ending(key=key, title=_TITLES[key], sums=sums, rows=printed, more=more, unnamed=bool(sums) and not rows)


def _rows(report: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    if key == CARRIED:
        return list(report.get("carried", ()))
    return [one for one in report.get("settled", ()) if one["state"] == key]


def _sums(report: Mapping[str, Any], key: str) -> list[tuple[str, str, int, int]]:
    """Type, currency, how many, and what they are worth."""
    if key != CARRIED:
        told = (one for one in report.get("discrepancies", ()) if one["state"] == key)
        return [(one["type"], one["currency"], one["count"], _worth(one)) for one in told]
    return [(*of_type, *_count_and_worth(rows)) for of_type, rows in _by_type(_rows(report, key))]


def _by_type(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], list[Mapping[str, Any]]]]:
    alike = itemgetter("type", "currency")
    return ((of_type, list(some)) for of_type, some in groupby(sorted(rows, key=alike), key=alike))


def _count_and_worth(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    return len(rows), sum(map(_worth, rows))


def _worth(one: Mapping[str, Any]) -> int:
    """The first form told the amount instead."""
    worth: int = one["worth"] if "worth" in one else one["amount"]
    return worth


def _type(type: str) -> str:
    return str(DiscrepancyType(type).label) if type in DiscrepancyType.values else type


def _people(one: Mapping[str, Any]) -> str:
    first, last = one.get("proposed_by", ""), one.get("by", "")
    return f"{first} and {last}" if first and first != last else last or first
