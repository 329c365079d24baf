"""Which nights are due: after the cut-off and the delay, missed ones oldest first, and no more than were missed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.conf import LazySettings

from orders.database import database_now
from orders.health import findings
from orders.models import GatewayAccount, JobRun, JobState, SettlementTerms
from orders.reconciliation.calendar import Terms
from orders.reconciliation.nights.due import CATCH_UP, days_to_run, nights_due
from orders.reconciliation.nights.watch import books_broken, missed, missed_everywhere, overdue
from tests.factories import a_merchant, an_account

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
TERMS = Terms()
DONE, FAILED, RUNNING = (state.value for state in (JobState.DONE, JobState.FAILED, JobState.RUNNING))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


def test_a_night_begins_three_hours_after_the_cut_off(settings: LazySettings) -> None:
    settings.NIGHT_DELAY_HOURS = 3
    states = {date(2026, 11, 19): DONE}
    saturday = FRIDAY + timedelta(days=1)

    assert days_to_run(TERMS, states, at(saturday, 2, 59)) == []
    assert days_to_run(TERMS, states, at(saturday, 3)) == [FRIDAY]


def test_a_weekend_has_no_night_of_its_own() -> None:
    assert days_to_run(TERMS, {FRIDAY: DONE}, at(MONDAY, 12)) == []
    assert days_to_run(TERMS, {FRIDAY: DONE}, at(MONDAY + timedelta(days=1), 12)) == [MONDAY]


def test_the_first_night_of_an_account_is_the_newest_one() -> None:
    assert days_to_run(TERMS, {}, at(MONDAY, 12)) == [FRIDAY]


def test_nights_since_money_is_expected_are_made_up_for() -> None:
    terms = Terms(expected_from=date(2026, 11, 18))

    expected = [date(2026, 11, 18), date(2026, 11, 19), FRIDAY]
    assert days_to_run(terms, {}, at(MONDAY, 12)) == expected
    assert days_to_run(terms, {FRIDAY: DONE}, at(MONDAY, 12)) == expected[:2]
    assert days_to_run(Terms(expected_from=date(2027, 1, 1)), {}, at(MONDAY, 12)) == [FRIDAY]


def test_missed_nights_are_made_up_for_oldest_first() -> None:
    tuesday, thursday = date(2026, 11, 17), date(2026, 11, 19)

    due = days_to_run(TERMS, {tuesday: DONE, thursday: DONE}, at(MONDAY, 12))

    assert due == [date(2026, 11, 18), FRIDAY]


def test_no_more_nights_are_made_up_for_than_a_few_weeks() -> None:
    due = days_to_run(TERMS, {date(2026, 8, 3): DONE}, at(MONDAY, 12))

    assert len(due) == CATCH_UP
    assert due[-1] == FRIDAY


@pytest.mark.parametrize(("state", "due"), [(DONE, []), (FAILED, [FRIDAY]), (RUNNING, [FRIDAY])])
def test_only_a_done_night_is_left_alone(state: str, due: list[date]) -> None:
    assert days_to_run(TERMS, {FRIDAY: state}, at(MONDAY, 12)) == due


def test_a_night_is_missed_some_hours_after_its_beginning_and_not_before_the_account_was_made() -> None:
    long_ago, states = at(date(2026, 1, 1), 0), {date(2026, 11, 19): DONE}
    saturday = FRIDAY + timedelta(days=1)

    assert overdue(TERMS, states, since=long_ago, now=at(saturday, 8, 59)) == []
    assert overdue(TERMS, states, since=long_ago, now=at(saturday, 9)) == [FRIDAY]
    assert overdue(TERMS, {}, since=at(saturday, 5), now=at(saturday, 20)) == []


@pytest.mark.django_db
def test_accounts_take_turns_by_date_and_only_the_newest_asks_the_gateway() -> None:
    one, other = an_account(), an_account()
    now = database_now()
    newest = next(iter(nights_due([one], now))).day
    a_night(one, newest - timedelta(days=14), DONE)

    due = list(nights_due([one, other], now))

    assert [night.day for night in due] == sorted(night.day for night in due)
    assert [night.newest for night in due if night.account == one][-1]
    assert not any(night.newest for night in due if night.day < newest)
    assert [night.day for night in due if night.account == other] == [newest]


@pytest.mark.django_db
def test_a_missed_night_is_told_to_its_merchant_only() -> None:
    merchant, stranger = a_merchant(), a_merchant()
    account = an_account(merchant=merchant)
    an_account(merchant=stranger)
    GatewayAccount.objects.filter(pk=account.pk).update(created_at=database_now() - timedelta(days=90))
    SettlementTerms.objects.create(account=account, business_days="1234567")

    told = missed([merchant.pk])

    assert len(told) == 1
    assert account.name in told[0]
    assert "manage.py nightly" in told[0]
    assert missed([stranger.pk]) == []
    assert missed([]) == []


@pytest.mark.django_db
def test_a_night_that_failed_is_told_in_other_words() -> None:
    account = an_account()
    GatewayAccount.objects.update(created_at=database_now() - timedelta(days=90))
    SettlementTerms.objects.create(account=account, business_days="1234567")
    now = database_now()
    (newest,) = [night.day for night in nights_due([account], now)]
    a_night(account, newest, FAILED)
    a_night(account, newest - timedelta(days=1), FAILED)

    (told,) = missed([account.merchant_id])

    assert "could not do everything" in told


def a_night(account: GatewayAccount, day: date, state: str) -> JobRun:
    now = database_now()
    return JobRun.objects.create(
        job="night",
        subject=f"account:{account.pk}",
        merchant=account.merchant,
        account=account,
        business_date=day,
        state=state,
        lease_until=now,
        started_at=now,
        finished_at=None if state == RUNNING else now,
    )


@pytest.mark.django_db
def test_monitoring_counts_missed_nights_and_broken_books_and_the_machine_stays_ready() -> None:
    account = an_account()
    assert (missed_everywhere(), books_broken()) == (0, False)
    assert findings()["nights"].sentence == "Every night that was due has run."

    GatewayAccount.objects.filter(pk=account.pk).update(created_at=database_now() - timedelta(days=90))
    now = database_now()
    JobRun.objects.create(
        job="books",
        subject="all",
        business_date=FRIDAY,
        lease_until=now,
        started_at=now,
        steps={"chain": {"figures": {"broken": True}}},
    )

    assert (missed_everywhere(), books_broken()) == (1, True)
    assert findings()["nights"].ok
    assert "1 account has a night that has not run" in findings()["nights"].sentence
