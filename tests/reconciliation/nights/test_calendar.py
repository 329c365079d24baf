"""When money is due: business dates end at the gateway's cut-off, and late is only what had its time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orders.models import SettlementTerms
from orders.reconciliation import calendar
from orders.reconciliation.calendar import Terms

VIENNA = ZoneInfo("Europe/Vienna")
EVENING = Terms(zone=VIENNA, cut_off=time(17))
FRIDAY, SATURDAY, MONDAY, TUESDAY = date(2026, 5, 1), date(2026, 5, 2), date(2026, 5, 4), date(2026, 5, 5)

INSTANTS = some.integers(0, 8_000_000).map(
    lambda minutes: datetime(2011, 6, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def vienna(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIENNA)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (vienna(MONDAY, 0), MONDAY),
        (vienna(MONDAY, 16, 59), MONDAY),
        (vienna(MONDAY, 17), TUESDAY),
        (vienna(FRIDAY, 16), FRIDAY),
        (vienna(FRIDAY, 17), MONDAY),
        (vienna(SATURDAY, 9), MONDAY),
    ],
)
def test_what_is_executed_at_the_cut_off_belongs_to_the_next_business_day(instant: datetime, expected: date) -> None:
    assert calendar.business_date_of(EVENING, instant) == expected


def test_midnight_as_cut_off_ends_the_day() -> None:
    midnight = Terms(zone=VIENNA)

    assert calendar.business_date_of(midnight, vienna(MONDAY, 23, 59)) == MONDAY
    assert calendar.business_date_of(midnight, vienna(TUESDAY, 0)) == TUESDAY


def test_a_day_is_the_zones_day_and_not_ours() -> None:
    auckland = Terms(zone=ZoneInfo("Pacific/Auckland"))

    assert calendar.business_date_of(auckland, datetime(2026, 5, 3, 12, tzinfo=UTC)) == MONDAY


def test_holidays_are_skipped_and_counted_as_no_day() -> None:
    terms = Terms(zone=VIENNA, holidays=frozenset({MONDAY}))

    assert calendar.business_date_of(terms, vienna(MONDAY, 9)) == TUESDAY
    assert calendar.add_business_days(terms, FRIDAY, 1) == TUESDAY
    assert calendar.add_business_days(terms, TUESDAY, -1) == FRIDAY


def test_a_capture_is_due_after_its_delay_and_late_after_the_patience() -> None:
    executed = vienna(FRIDAY, 10)

    assert calendar.due_on(EVENING, executed) == TUESDAY
    assert calendar.last_day_in_time(EVENING, executed) == date(2026, 5, 6)
    assert not calendar.is_late(EVENING, executed, date(2026, 5, 6))
    assert calendar.is_late(EVENING, executed, date(2026, 5, 7))


def test_an_hour_that_the_clock_skips_or_repeats_is_neither_lost_nor_doubled() -> None:
    night = Terms(zone=VIENNA, cut_off=time(2, 30), business_days=frozenset(range(1, 8)))
    for sunday in (date(2026, 3, 29), date(2026, 10, 25)):
        hours = [vienna(sunday, 0).astimezone(UTC) + timedelta(minutes=10) * step for step in range(40)]
        days = [calendar.business_date_of(night, instant) for instant in hours]

        assert days == sorted(days)
        assert set(days) == {sunday, sunday + timedelta(days=1)}


@given(
    zone=some.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    cut_off=some.times(),
    weekdays=some.frozensets(some.integers(1, 7), min_size=1),
    waits=some.tuples(some.integers(0, 4), some.integers(0, 3)),
    executed_at=INSTANTS,
    later=some.integers(0, 30),
)
def test_the_instant_before_which_all_is_late_agrees_with_every_single_execution(
    zone: str, cut_off: time, weekdays: frozenset[int], waits: tuple[int, int], executed_at: datetime, later: int
) -> None:
    terms = Terms(
        zone=ZoneInfo(zone), cut_off=cut_off, business_days=weekdays, delay_days=waits[0], patience_days=waits[1]
    )
    today = calendar.business_date_of(terms, executed_at) + timedelta(days=later)
    if not calendar.is_business_day(terms, today):
        today = calendar.next_business_day(terms, today)

    assert calendar.is_late(terms, executed_at, today) == (executed_at < calendar.late_before(terms, today))


@given(instant=INSTANTS)
def test_the_last_closed_day_is_the_one_before_the_day_that_is_running(instant: datetime) -> None:
    closed = calendar.last_closed(EVENING, instant)

    assert calendar.window_end(EVENING, closed) <= instant
    assert calendar.window_end(EVENING, calendar.next_business_day(EVENING, closed)) > instant


def test_a_day_starts_where_the_business_day_before_it_ended() -> None:
    assert calendar.start_of(EVENING, MONDAY) == vienna(FRIDAY, 17)


def test_a_row_that_means_nothing_falls_back_to_plain_weekdays() -> None:
    odd = SettlementTerms(time_zone="Mars/Olympus", business_days="", holidays=["2026-05-04", "never"], delay_days=1)

    terms = Terms.of(odd)

    assert (terms.zone.key, terms.business_days) == ("UTC", calendar.EVERY_WORKDAY)
    assert terms.holidays == {MONDAY}
    assert Terms.of(None) == Terms()
