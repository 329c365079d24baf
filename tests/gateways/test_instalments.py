"""The shopper's plan: no yen is lost in dividing, and a refund takes the last part first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.instalments import Plan, after_refund, plan_of
from orders.money import MAXIMUM_MINOR, Money

START = date(2026, 1, 31)
BEFORE_THE_SECOND, BEFORE_THE_THIRD, AT_THE_END = date(2026, 2, 27), date(2026, 3, 30), date(2026, 3, 31)

PERCENT = st.integers(min_value=0, max_value=100)
AMOUNTS = st.integers(min_value=0, max_value=MAXIMUM_MINOR)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2060, 12, 31))


def yen(amount: int) -> Money:
    return Money(amount, "JPY")


def parts_of(plan: Plan) -> list[int]:
    return [part.amount.amount_minor for part in plan.instalments]


def test_what_does_not_divide_is_on_the_first_part() -> None:
    assert parts_of(plan_of(yen(1000), 3, starts_on=START)) == [334, 333, 333]
    assert parts_of(plan_of(yen(1001), 3, starts_on=START)) == [335, 333, 333]
    assert parts_of(plan_of(yen(2), 3, starts_on=START)) == [2, 0, 0]
    assert parts_of(plan_of(yen(1000), 1, starts_on=START)) == [1000]


def test_a_part_falls_on_the_same_day_of_each_month_or_on_its_last() -> None:
    plan = plan_of(yen(1200), 4, starts_on=START)
    leap = plan_of(yen(1200), 2, starts_on=date(2028, 1, 30))
    over_the_year = plan_of(yen(1200), 3, starts_on=date(2026, 11, 30))

    assert [part.due_on for part in plan.instalments] == [
        START,
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    assert leap.instalments[1].due_on == date(2028, 2, 29)
    assert [part.due_on for part in over_the_year.instalments][1:] == [date(2026, 12, 30), date(2027, 1, 30)]
    assert [part.number for part in plan.instalments] == [1, 2, 3, 4]


def test_a_part_is_paid_from_its_day_on() -> None:
    plan = plan_of(yen(900), 3, starts_on=START)

    assert plan.paid(START - timedelta(days=1)) == yen(0)
    assert (plan.paid(START), plan.to_pay(START)) == (yen(300), yen(600))
    assert (plan.paid(BEFORE_THE_THIRD), plan.to_pay(BEFORE_THE_THIRD)) == (yen(600), yen(300))
    assert (plan.paid(AT_THE_END), plan.to_pay(AT_THE_END)) == (yen(900), yen(0))


@pytest.mark.parametrize(
    ("refund", "on", "parts", "returned"),
    [
        (100, BEFORE_THE_SECOND, [300, 300, 200], 0),
        (300, BEFORE_THE_SECOND, [300, 300, 0], 0),
        (400, BEFORE_THE_SECOND, [300, 200, 0], 0),
        (700, BEFORE_THE_SECOND, [300, 0, 0], 100),
        (400, BEFORE_THE_THIRD, [300, 300, 0], 100),
        (400, AT_THE_END, [300, 300, 300], 400),
        (900, AT_THE_END, [300, 300, 300], 900),
        (0, BEFORE_THE_SECOND, [300, 300, 300], 0),
    ],
)
def test_the_last_unpaid_part_shrinks_first_and_the_rest_goes_back_to_the_card(
    refund: int, on: date, parts: list[int], returned: int
) -> None:
    plan = after_refund(plan_of(yen(900), 3, starts_on=START), yen(refund), on=on)

    assert (parts_of(plan), plan.returned) == (parts, yen(returned))
    assert plan.total == yen(900 - refund)


def test_a_second_refund_goes_on_where_the_first_one_stopped() -> None:
    first = after_refund(plan_of(yen(900), 3, starts_on=START), yen(250), on=BEFORE_THE_SECOND)
    second = after_refund(first, yen(250), on=BEFORE_THE_THIRD)

    assert (parts_of(first), first.returned) == ([300, 300, 50], yen(0))
    assert (parts_of(second), second.returned) == ([300, 300, 0], yen(200))


@pytest.mark.parametrize("refund", [yen(901), yen(-1), Money(100, "EUR")])
def test_more_than_the_shopper_pays_or_another_currency_is_refused(refund: Money) -> None:
    plan = plan_of(yen(900), 3, starts_on=START)

    with pytest.raises(ValueError, match="cannot be given back"):
        after_refund(plan, refund, on=START)
    assert after_refund(plan, yen(900), on=START).total == yen(0)


@pytest.mark.parametrize(("amount", "parts"), [(900, 0), (900, -1), (-1, 3)])
def test_a_plan_of_nothing_is_refused(amount: int, parts: int) -> None:
    with pytest.raises(ValueError, match="at least one part"):
        plan_of(yen(amount), parts, starts_on=START)


@given(amount=AMOUNTS, parts=st.integers(min_value=1, max_value=60), starts_on=DAYS)
def test_the_parts_are_the_amount_and_never_differ_by_more_than_the_rest(
    amount: int, parts: int, starts_on: date
) -> None:
    plan = plan_of(yen(amount), parts, starts_on=starts_on)
    first, *others = parts_of(plan)

    assert plan.total == yen(amount)
    assert set(others) <= {amount // parts}
    assert 0 <= first - amount // parts < parts


@given(
    amount=AMOUNTS,
    parts=st.integers(min_value=1, max_value=12),
    starts_on=DAYS,
    refunds=st.lists(st.tuples(PERCENT, st.integers(min_value=0, max_value=400)), max_size=6),
)
def test_whatever_is_refunded_when_no_yen_appears_or_disappears(
    amount: int, parts: int, starts_on: date, refunds: list[tuple[int, int]]
) -> None:
    plan = plan_of(yen(amount), parts, starts_on=starts_on)
    on, given_back = starts_on, 0
    for percent, days_later in refunds:
        on += timedelta(days=days_later)
        refund = plan.total.amount_minor * percent // 100
        paid_before = [part.amount for part in plan.instalments if part.is_paid(on)]
        unpaid_before, plan = plan.to_pay(on).amount_minor, after_refund(plan, yen(refund), on=on)
        given_back += refund

        assert plan.total.amount_minor == amount - given_back
        assert plan.paid(on).amount_minor + plan.to_pay(on).amount_minor == amount - given_back
        assert plan.to_pay(on).amount_minor == max(0, unpaid_before - refund)
        assert min([*parts_of(plan), plan.returned.amount_minor, plan.paid(on).amount_minor]) >= 0
        assert [part.amount for part in plan.instalments if part.is_paid(on)] == paid_before


@given(first=st.integers(min_value=0, max_value=900), second=st.integers(min_value=0, max_value=900), on=DAYS)
def test_two_refunds_of_one_day_are_one(first: int, second: int, on: date) -> None:
    plan = plan_of(yen(1800), 3, starts_on=START)

    apart = after_refund(after_refund(plan, yen(first), on=on), yen(second), on=on)

    assert apart == after_refund(plan, yen(first + second), on=on)
