"""The figures by which a keeper decides that a worker is stuck: only what a worker should have taken counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import GatewayAccount, Heartbeat, Modification, Purpose, Source, Switch, Transaction
from orders.modifications import watch
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import armed, asked, due_now, ended

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def waiting_for_an_hour(row: Modification) -> Modification:
    Modification.objects.filter(pk=row.pk).update(due_at=database_now() - HOUR)
    return row


def age() -> float:
    return round(watch.oldest_due_age_seconds() or 0)


def test_nothing_due_is_nothing_to_worry_about() -> None:
    asked(factories.a_transaction(), source=Source.PAGE)

    assert watch.oldest_due_age_seconds() is None


def test_the_oldest_due_one_is_told() -> None:
    waiting_for_an_hour(asked(factories.a_transaction()))
    asked(factories.a_transaction())

    assert age() == 3_600


@pytest.mark.parametrize("step", [Purpose.SEND, Purpose.QUERY])
def test_a_doubt_that_nobody_follows_up_is_told_too(step: Purpose) -> None:
    row = ended(asked(factories.a_transaction()), steps.unknown())
    waiting_for_an_hour(due_now(row, step=step))

    assert age() == 3_600


def test_what_waits_for_its_transactions_turn_is_no_sign_of_a_stuck_worker() -> None:
    transaction = factories.a_captured_transaction()
    first = asked(transaction, Kind.REFUND, 1_000)
    second = asked(transaction, Kind.REFUND, 2_000, source=Source.PAGE)
    armed(first)
    waiting_for_an_hour(second)

    assert watch.oldest_due_age_seconds() is None


@pytest.mark.parametrize("door", ["account", "breaker", "transaction", "everything"])
def test_what_waits_behind_a_closed_door_is_no_sign_of_a_stuck_worker(door: str) -> None:
    row = waiting_for_an_hour(asked(factories.a_transaction()))
    now = database_now()
    if door == "account":
        GatewayAccount.objects.update(paused_at=now, paused_reason="why")
    elif door == "breaker":
        GatewayAccount.objects.update(breaker_until=now + HOUR)
    elif door == "transaction":
        Transaction.objects.update(frozen_reason="It differs.")
    else:
        Switch.objects.create(paused_at=now, paused_reason="why")

    assert watch.oldest_due_age_seconds() is None
    assert row.pk


def test_a_flight_that_outlived_its_lease_is_told() -> None:
    assert watch.stranded_age_seconds() is None
    row = asked(factories.a_transaction())
    armed(row)
    assert watch.stranded_age_seconds() is None

    Modification.objects.filter(pk=row.pk).update(lease_until=database_now() - HOUR)

    assert round(watch.stranded_age_seconds() or 0) == 3_600


def test_a_worker_is_alive_while_its_clock_turned_within_half_a_minute() -> None:
    now = database_now()
    Heartbeat.objects.create(name="worker one:1", at=now)
    Heartbeat.objects.create(name="worker two:2", at=now - timedelta(minutes=1))
    Heartbeat.objects.create(name="sweeper", at=now)

    assert [beat.name for beat in watch.workers_alive()] == ["worker one:1"]
