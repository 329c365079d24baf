"""Cases as a test needs them: say what matters for the hypothesis, the rest is an ordinary capture of 100.00 EUR."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from orders.models import DiscrepancyType
from orders.reconciliation.discrepancies.case import (
    Case,
    Expectation,
    FileFacts,
    ItemFacts,
    LineFacts,
    TransactionFacts,
)

BOOKED = date(2026, 11, 12)
EXECUTED = datetime(2026, 11, 12, 10, tzinfo=UTC)
TODAY = date(2026, 11, 20)

LINE = LineFacts(
    identity="line-one",
    type="capture",
    gross=10_000,
    net=10_000,
    currency="EUR",
    booked_on=BOOKED,
    reference="rec-12345",
    file_id=1,
    file_name="Day12.csv",
    number=17,
)
ITEM = ItemFacts(
    key="item-one", kind="capture", amount=10_000, currency="EUR", at=EXECUTED, reference="rec-12345", transaction_id=1
)
PAYMENT = TransactionFacts(
    id=1,
    reference="pay-1",
    state="captured",
    currency="EUR",
    authorized=10_000,
    captured=10_000,
    refreshed_at=datetime(2026, 11, 19, 3, tzinfo=UTC),
)
FILE = FileFacts(id=1, name="Day12.csv", first=BOOKED, last=BOOKED, lines=1_204)
EXPECTED = Expectation(executed_on=BOOKED, day=BOOKED, in_time_until=date(2026, 11, 17), file=FILE, learned=True)


def line(**fields: Any) -> LineFacts:
    return replace(LINE, **fields)


def item(**fields: Any) -> ItemFacts:
    return replace(ITEM, **fields)


def payment(**fields: Any) -> TransactionFacts:
    return replace(PAYMENT, **fields)


def expected(**fields: Any) -> Expectation:
    return replace(EXPECTED, **fields)


def case(type: DiscrepancyType, **fields: Any) -> Case:
    """About the amount unless told otherwise: `difference` follows from line and item where both are given."""
    theirs, ours = fields.get("line"), fields.get("item")
    off = theirs.gross - ours.signed if theirs and ours else 0
    values = {"amount": abs(off) or 10_000, "difference": off, "currency": "EUR", **fields}
    return Case(
        id=1,
        type=type,
        occurred_on=BOOKED,
        today=fields.pop("today", TODAY),
        **{k: v for k, v in values.items() if k != "today"},
    )
