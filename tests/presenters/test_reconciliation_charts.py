"""The pictures: whole units, nothing outside the frame, and nothing that is there too small to be seen."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orders.presenters.reconciliation.charts import HEIGHT, LENGTH, Day, flow_of, rate_text, shares, trend_of
from orders.presenters.reconciliation.flow import day_of, flows_of, settled_of, trend_days
from orders.presenters.reconciliation.home_reading import Arrival

DAY = date(2026, 11, 20)
BIGGEST = 2**62
amounts = st.integers(min_value=-BIGGEST, max_value=BIGGEST)


def an_arrival(day: date = DAY, **matches: int) -> Arrival:
    lines = {
        "capture": {"EUR": {"lines": 10, "gross": 10_000, "fee": 150, "net": 9_850}},
        "refund": {"EUR": {"lines": 2, "gross": -2_000, "fee": 0, "net": -2_000}},
        "fee": {"EUR": {"lines": 1, "gross": 0, "fee": 50, "net": -50}},
        "payout": {"EUR": {"lines": 1, "gross": -7_000, "fee": 0, "net": -7_000}},
    }
    return Arrival(
        account_id=1, day=day, file_id=1, lines=14, totals={}, figures={"lines": lines, "matches": matches}, done=True
    )


@given(st.lists(st.tuples(amounts, st.booleans()), max_size=8))
def test_every_bar_of_a_flow_lies_within_the_picture(figures: list[tuple[int, bool]]) -> None:
    for step in flow_of([("a", "A", amount, total) for amount, total in figures]):
        assert step.bar.start >= 0
        assert step.bar.length >= 0
        assert step.bar.start + step.bar.length <= LENGTH


@given(st.lists(st.integers(min_value=0, max_value=BIGGEST), max_size=8))
def test_shares_show_whatever_is_there(values: list[int]) -> None:
    for value, length in zip(values, shares(values), strict=True):
        assert (length > 0) == (value > 0)
        assert length <= LENGTH


@given(st.integers(min_value=0, max_value=10**9), st.integers(min_value=0, max_value=10**9))
def test_a_hundred_percent_is_only_said_of_all(met: int, rest: int) -> None:
    assert (rate_text(met, met + rest) == "100 %") == (rest == 0 and met > 0)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=30))
def test_one_line_that_did_not_meet_can_be_seen_among_a_million(days: list[tuple[int, int]]) -> None:
    trend = trend_of(
        [Day(day=DAY + timedelta(days=at), needed=met + rest, met=met) for at, (met, rest) in enumerate(days)]
    )

    for column, (_, rest) in zip(trend.columns, days, strict=True):
        assert (column.rest_height > 0) == (rest > 0)
        assert column.met_height + column.rest_height <= HEIGHT
        assert column.met_from + column.met_height == HEIGHT


def test_a_flow_leads_from_captured_to_what_is_still_to_be_paid_out() -> None:
    (flow,) = flows_of([an_arrival()])

    assert [(row.step.label, row.amount) for row in flow.rows] == [
        ("Captured", "€100.00"),
        ("Refunded", "−€20.00"),
        ("Fees", "−€2.00"),
        ("Settled", "€78.00"),
        ("Paid out", "−€70.00"),
        ("Not paid out yet", "€8.00"),
    ]


def test_more_paid_out_than_settled_is_owed_to_the_gateway() -> None:
    arrival = an_arrival()
    arrival.figures["lines"]["payout"]["EUR"]["net"] = -10_000

    (flow,) = flows_of([arrival])
    last = flow.rows[-1]

    assert (last.step.label, last.amount, last.step.tone) == ("Owed to the gateway", "€22.00", "careful")


def test_what_is_settled_is_told_before_it_is_paid_out() -> None:
    assert settled_of(an_arrival()) == {"EUR": 7_800}


def test_fees_and_payouts_need_not_meet_anything() -> None:
    day = day_of([an_arrival(reference=9, composite=2, payout=40)], DAY)

    assert (day.needed, day.met) == (12, 11)


def test_days_without_lines_are_no_days_of_the_trend() -> None:
    empty = Arrival(account_id=1, day=DAY, file_id=2, lines=0, totals={}, figures={}, done=True)

    assert trend_days([empty]) == ()
    assert [day.day for day in trend_days([an_arrival(), an_arrival(DAY - timedelta(days=1))])] == [
        DAY - timedelta(days=1),
        DAY,
    ]
