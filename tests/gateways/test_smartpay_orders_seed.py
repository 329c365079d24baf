"""Every statement of seed 003 has a row that tells the truth about the code."""

from __future__ import annotations

import pytest

from orders.gateways import base, smartpay_orders
from orders.gateways.base import Kind
from orders.gateways.seed_coverage import coverage_facts, coverage_page
from orders.gateways.seed_fields import SENT, STORED, SeedField
from orders.gateways.seed_fields_003 import SEED_003


@pytest.mark.parametrize("row", SEED_003, ids=lambda row: f"{row.part}: {row.path}")
def test_every_row_says_where_or_why(row: SeedField) -> None:
    assert row.kept_as if row.treatment in (SENT, STORED) else row.why
    for place in (word.strip() for word in row.kept_as.split(",") if word.strip()):
        owner, _, attribute = place.partition(".")
        known = getattr(base, owner)
        assert attribute in (getattr(known, "__dataclass_fields__", None) or known.__members__)


def test_each_statement_stands_once_and_on_the_page_under_its_heading() -> None:
    statements = [(row.part, row.path) for row in SEED_003]

    assert len(set(statements)) == len(statements) == 22
    assert list(dict.fromkeys(row.part for row in SEED_003)) == [
        "after a purchase",
        "modify an order",
        "cancel an order",
        "capture an order",
        "refund a payment",
        "prose",
    ]
    assert "Seed 003" in coverage_page()
    assert len(coverage_facts()["003"]) == 22


def test_what_the_table_says_of_the_account_is_so() -> None:
    capability = smartpay_orders.capability({})

    assert capability.kinds == {Kind.CAPTURE, Kind.CANCEL, Kind.REFUND}
    assert capability.cancels_after_capture
    assert capability.multiple_capture
    assert capability.refunds_captures
    assert capability.instalments == 3
    assert not capability.auto_capture
    assert smartpay_orders.capability({"auto_capture": True}).auto_capture
