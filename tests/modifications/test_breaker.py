"""Five failures in a row within a minute open an account's breaker; then one request tries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from orders.database import database_now
from orders.gateways.base import Outcome
from orders.models import Event, GatewayAccount
from orders.modifications import breaker
from orders.modifications.claim import Claim
from orders.modifications.submit import Result
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken() -> Claim:
    return steps.claimed(asked(factories.a_transaction()))


def count(taken: Claim, *outcomes: Outcome, now: datetime | None = None) -> GatewayAccount:
    """One group of answers."""
    results = [Result(claim=taken, outcome=outcome, armed=True) for outcome in outcomes]
    breaker.count(results, now or database_now())
    return GatewayAccount.objects.get(pk=taken.account_id)


TIMEOUT, ERROR_500 = steps.unknown(), steps.unknown(500)
HEALTHY = [steps.unknown(200), steps.unknown(429), steps.declined(), steps.pending()]


@pytest.mark.parametrize("failure", [TIMEOUT, ERROR_500, steps.not_sent(), replace(TIMEOUT, observation=None)])
def test_the_fifth_failure_in_a_row_opens_it_for_half_a_minute(failure: Outcome, taken: Claim) -> None:
    now = database_now()
    for _ in range(4):
        assert count(taken, failure, now=now).breaker_until is None

    account = count(taken, failure, now=now)

    assert (account.breaker_failures, account.breaker_until) == (5, now + timedelta(seconds=30))


def test_five_failures_in_one_group_open_it_too(taken: Claim) -> None:
    assert count(taken, *[TIMEOUT] * 5).breaker_until is not None


@pytest.mark.parametrize("answer", HEALTHY)
def test_a_whole_answer_closes_it(answer: Outcome, taken: Claim) -> None:
    count(taken, *[TIMEOUT] * 5)

    account = count(taken, answer)

    assert (account.breaker_failures, account.breaker_until, account.breaker_opened_at) == (0, None, None)


def test_a_group_with_one_whole_answer_counts_no_failures(taken: Claim) -> None:
    assert count(taken, *[TIMEOUT] * 7, steps.declined()).breaker_failures == 0


def test_failures_more_than_a_minute_apart_do_not_add_up(taken: Claim) -> None:
    start = database_now()
    count(taken, *[TIMEOUT] * 4, now=start)

    account = count(taken, TIMEOUT, now=start + timedelta(seconds=61))

    assert (account.breaker_failures, account.breaker_until) == (1, None)


def test_a_failed_probe_opens_it_again_however_late(taken: Claim) -> None:
    start = database_now()
    count(taken, *[TIMEOUT] * 5, now=start)
    later = start + timedelta(minutes=10)

    account = count(taken, TIMEOUT, now=later)

    assert account.breaker_until == later + timedelta(seconds=30)


def test_one_accounts_trouble_is_not_anothers(taken: Claim) -> None:
    other = factories.an_account()

    count(taken, *[TIMEOUT] * 5)

    other.refresh_from_db()
    assert (other.breaker_failures, other.breaker_until) == (0, None)


def test_retry_after_stops_the_whole_account_and_the_longest_wins(taken: Claim) -> None:
    now = database_now()

    account = count(taken, _after(60), _after(5), now=now)
    assert account.breaker_until == now + timedelta(seconds=60)

    assert count(taken, _after(1), now=now).breaker_until == now + timedelta(seconds=60)


def test_the_breaker_is_counted_with_the_answers(taken: Claim) -> None:
    steps.answered(taken, steps.unknown())

    assert GatewayAccount.objects.get(pk=taken.account_id).breaker_failures == 1


def test_a_machines_pause_is_told_once_and_keeps_a_persons_reason(taken: Claim) -> None:
    now = database_now()

    breaker.pause_by_machine(taken.account_id, "The key was refused." + "x" * 400, now)
    breaker.pause_by_machine(taken.account_id, "Something else.", now)

    account = GatewayAccount.objects.get(pk=taken.account_id)
    assert (account.paused_at, len(account.paused_reason)) == (now, 300)
    event: Any = Event.objects.get(verb="account.paused")
    assert "stopped by itself" in event.sentence


def _after(seconds: int) -> Outcome:
    return steps.unknown(429, retry_after_seconds=seconds)
