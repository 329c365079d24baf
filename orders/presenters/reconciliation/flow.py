"""From captured to paid out, and the rate of matches by day, from the figures that runs wrote at their end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orders.models import LineType, Rule
from orders.presenters.reconciliation.charts import Day, Step, flow_of
from orders.presenters.reconciliation.home_reading import DAYS_SHOWN, Arrival
from orders.presenters.reconciliation.words import added
from orders.reconciliation.figures import NEEDS_AN_ITEM
from orders.templatetags.presentation import money_text

_MOVED = (
    (LineType.CAPTURE, "Captured"),
    (LineType.REFUND, "Refunded"),
    (LineType.CHARGEBACK, "Charged back"),
    (LineType.REVERSAL, "Chargebacks reversed"),
)
_OTHERS = (LineType.FX, LineType.ADJUSTMENT, LineType.OTHER)


@dataclass(frozen=True, kw_only=True)
class FlowRow:
    """A step with its amount as text."""

    step: Step
    amount: str


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One currency's way from captured to paid out."""

    currency: str
    rows: tuple[FlowRow, ...]


def flows_of(arrivals: Iterable[Arrival]) -> tuple[Flow, ...]:
    """One flow for each currency, by its code."""
    tables = [_lines(arrival.figures) for arrival in arrivals]
    currencies = sorted({currency for table in tables for sums in table.values() for currency in sums})
    return tuple(_flow(currency, tables) for currency in currencies)


def settled_of(arrival: Arrival) -> dict[str, int]:
    """What its lines come to after fees, by currency, before anything is paid out."""
    table = _lines(arrival.figures)
    return added((sums for kind, sums in table.items() if kind != LineType.PAYOUT), "net")


def day_of(arrivals: Iterable[Arrival], day: date) -> Day:
    """How many lines of that day's files had to meet something, and how many did."""
    of_day = [arrival for arrival in arrivals if arrival.day == day]
    needed = sum(_needed(arrival) for arrival in of_day)
    return Day(day=day, needed=needed, met=min(needed, sum(_met(arrival) for arrival in of_day)))


def trend_days(arrivals: Sequence[Arrival]) -> tuple[Day, ...]:
    """The last days with files that had anything to meet, oldest first."""
    days = (day_of(arrivals, day) for day in sorted({arrival.day for arrival in arrivals}))
    return tuple(day for day in days if day.needed)[-DAYS_SHOWN:]


def _flow(currency: str, tables: Sequence[Mapping[str, Any]]) -> Flow:
    def total(kinds: Iterable[str], name: str) -> int:
        chosen = (table[kind] for kind in kinds for table in tables if kind in table)
        return added(chosen, name).get(currency, 0)

    moved = [(kind.value, label, total([kind], "gross"), False) for kind, label in _MOVED]
    others = total(_OTHERS, "gross")
    kinds = {kind for table in tables for kind in table} - {LineType.PAYOUT.value}
    fees = -total(sorted(kinds), "fee")
    settled = total(sorted(kinds), "net")
    paid_out = total([LineType.PAYOUT], "net")
    left = settled + paid_out
    figures = [
        *(one for one in moved if one[2] or one[0] == LineType.CAPTURE),
        *([("others", "Conversions and adjustments", others, False)] if others else []),
        ("fees", "Fees", fees, False),
        ("settled", "Settled", settled, True),
        ("paid_out", "Paid out", paid_out, False),
        ("to_pay", "Not paid out yet" if left >= 0 else "Owed to the gateway", left, True),
    ]
    steps = flow_of(figures)
    return Flow(
        currency=currency,
        rows=tuple(FlowRow(step=step, amount=money_text(_told(step), currency)) for step in steps),
    )


def _told(step: Step) -> int:
    """What is owed is told without a sign: the label says whose it is."""
    return abs(step.amount) if step.name == "to_pay" else step.amount


def _needed(arrival: Arrival) -> int:
    table = _lines(arrival.figures)
    sums = (one for kind, one in table.items() if kind in NEEDS_AN_ITEM)
    return sum(added(sums, "lines").values())


def _met(arrival: Arrival) -> int:
    """Payouts meet lines, not movements; they are no part of the rate."""
    matches = arrival.figures.get("matches")
    table = matches if isinstance(matches, dict) else {}
    return sum(count for rule, count in table.items() if rule != Rule.PAYOUT and isinstance(count, int))


def _lines(figures: Mapping[str, Any]) -> Mapping[str, Any]:
    table = figures.get("lines")
    return table if isinstance(table, dict) else {}
