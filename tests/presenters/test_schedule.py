"""The shopper's instalments: an estimate from the account's setting that a refund shortens from its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.models import Merchant, Order, Transaction
from orders.presenters.schedule import GivenBack, Schedule, schedule_of
from tests.modifications.situations import a_capability, captures_in_parts

PLACED = datetime(2026, 1, 31, 15, tzinfo=UTC)
THREE = captures_in_parts(instalments=3)


def a_transaction(**fields: Any) -> Transaction:
    """3,000 yen authorized on the last of January; unsaved."""
    merchant = Merchant(name="Tokyo", time_zone="Asia/Tokyo")
    order = Order(merchant=merchant, placed_at=PLACED, currency="JPY", amount=3_000)
    values = {"authorized": 3_000, "captured": 3_000, "currency": "JPY", **fields}
    return Transaction(pk=1, merchant=merchant, order=order, **values)


def shown(schedule: Schedule | None) -> list[tuple[int, int, bool]]:
    assert schedule is not None
    return [(part.amount.amount_minor, part.after.amount_minor, part.paid) for part in schedule.parts]


def test_the_parts_fall_on_the_day_of_the_order_in_the_merchants_zone() -> None:
    schedule = schedule_of(a_transaction(), THREE, [], now=PLACED)

    assert schedule is not None
    assert [f"{part.due_on:%Y-%m-%d}" for part in schedule.parts] == ["2026-02-01", "2026-03-01", "2026-04-01"]
    assert schedule.label == "Estimate; Smartpay keeps the schedule"


def test_a_refund_shortens_the_last_part_first_and_what_is_paid_comes_back_to_the_card() -> None:
    schedule = schedule_of(a_transaction(), THREE, [], now=PLACED, refund=2_500)

    assert shown(schedule) == [(1_000, 1_000, True), (1_000, 0, False), (1_000, 0, False)]
    assert schedule is not None
    assert (schedule.returned.amount_minor, schedule.returned_after.amount_minor) == (0, 500)


def test_a_part_that_is_paid_is_not_shortened_any_more() -> None:
    later = PLACED + timedelta(days=35)

    schedule = schedule_of(a_transaction(), THREE, [], now=later, refund=1_500)

    assert shown(schedule) == [(1_000, 1_000, True), (1_000, 1_000, True), (1_000, 0, False)]


def test_earlier_refunds_count_on_their_day_and_pending_ones_as_given_back_today() -> None:
    first_day = PLACED.date()
    transaction = a_transaction(refunded=1_000, refunding=500)

    schedule = schedule_of(
        transaction, THREE, [GivenBack(on=first_day, amount=1_000)], now=PLACED, pending=500, refund=500
    )

    assert shown(schedule) == [(1_000, 1_000, True), (500, 0, False), (0, 0, False)]


def test_what_was_released_is_in_no_part() -> None:
    schedule = schedule_of(a_transaction(captured=1_500, released=1_500), THREE, [], now=PLACED)

    assert [amount for amount, _, _ in shown(schedule)] == [500, 500, 500]


@pytest.mark.parametrize(
    ("fields", "instalments"), [({}, 0), ({"authorized": 0, "captured": 0}, 3), ({"captured": 0, "released": 3_000}, 3)]
)
def test_where_there_is_nothing_to_pay_in_parts_there_is_no_schedule(fields: dict[str, Any], instalments: int) -> None:
    assert schedule_of(a_transaction(**fields), a_capability(instalments=instalments), [], now=PLACED) is None


@given(
    authorized=st.integers(1, 10**9),
    refunded=st.integers(0, 100),
    refund=st.integers(0, 100),
    days=st.integers(0, 120),
    parts=st.integers(1, 12),
)
def test_what_the_shopper_pays_is_what_the_merchant_keeps(
    authorized: int, refunded: int, refund: int, days: int, parts: int
) -> None:
    given_back = authorized * refunded // 100
    more = (authorized - given_back) * refund // 100
    transaction = a_transaction(authorized=authorized, captured=authorized, refunded=given_back)

    schedule = schedule_of(
        transaction, captures_in_parts(instalments=parts), [], now=PLACED + timedelta(days=days), refund=more
    )

    assert schedule is not None
    before = sum(part.amount.amount_minor for part in schedule.parts) - schedule.returned.amount_minor
    after = sum(part.after.amount_minor for part in schedule.parts) - schedule.returned_after.amount_minor
    assert (before, after) == (authorized - given_back, authorized - given_back - more)
    assert all(part.after.amount_minor >= 0 for part in schedule.parts)
