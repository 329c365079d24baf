"""Nothing is sent through a closed door or for who may no longer ask; what may have been sent is asked about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import (
    Event,
    GatewayAccount,
    Membership,
    Modification,
    ModificationState,
    Purpose,
    Switch,
    Transaction,
)
from orders.modifications.breaker import BREAKER_LIMIT
from orders.modifications.claim import claim
from tests import factories
from tests.modifications.steps import an_agent, asked, fresh, ids, in_doubt

pytestmark = pytest.mark.django_db
S = ModificationState


# Closed doors.


def close(row: Modification, door: str, settings: Any) -> None:
    now = database_now()
    if door == "account paused":
        GatewayAccount.objects.filter(pk=row.account_id).update(paused_at=now, paused_reason="why")
    elif door == "everything paused":
        Switch.objects.update_or_create(pk=1, defaults={"paused_at": now, "paused_reason": "why"})
    elif door == "started paused":
        settings.PAUSE_SUBMITS = True
    elif door == "transaction frozen":
        Transaction.objects.filter(pk=row.transaction_id).update(frozen_reason="It differs.")


DOORS = ("account paused", "everything paused", "started paused", "transaction frozen")


@pytest.mark.parametrize("door", DOORS)
def test_nothing_is_sent_through_a_closed_door(door: str, settings: Any) -> None:
    row = asked(factories.a_transaction())

    close(row, door, settings)

    assert claim(slots=64) == []
    row.refresh_from_db()
    assert (row.state, row.epoch) == (S.QUEUED, 0)


@pytest.mark.parametrize("door", DOORS)
def test_behind_a_closed_door_what_may_have_been_sent_is_asked_about_and_not_repeated(door: str, settings: Any) -> None:
    row = in_doubt(factories.a_transaction(), step=Purpose.SEND)

    close(row, door, settings)

    [taken] = claim(slots=64)
    assert (taken.modification_id, taken.purpose, taken.sent_before) == (row.pk, Purpose.QUERY, True)


def test_with_every_door_open_it_is_repeated() -> None:
    row = in_doubt(factories.a_transaction(), step=Purpose.SEND)

    [taken] = claim(slots=64)

    assert (taken.modification_id, taken.purpose, taken.epoch) == (row.pk, Purpose.SEND, 2)


def test_a_paused_account_does_not_stop_the_others(settings: Any) -> None:
    closed, open_ = asked(factories.a_transaction()), asked(factories.a_transaction())

    close(closed, "account paused", settings)

    assert ids(claim(slots=64)) == {open_.pk}


# The breaker.


def test_an_open_breaker_lets_nothing_through_and_a_half_open_one_a_single_probe() -> None:
    account = factories.an_account()
    for _ in range(3):
        asked(factories.a_transaction(account=account))
    broken = {"breaker_failures": BREAKER_LIMIT, "breaker_opened_at": database_now()}

    GatewayAccount.objects.filter(pk=account.pk).update(**broken, breaker_until=database_now() + timedelta(seconds=30))
    assert claim(slots=64) == []

    GatewayAccount.objects.filter(pk=account.pk).update(breaker_until=database_now() - timedelta(seconds=1))
    assert len(claim(slots=64)) == 1
    assert claim(slots=64) == []


# The person who asked.


def revoke(row: Modification, how: str) -> None:
    person = row.requested_by
    if how == "group taken away":
        person.groups.clear()
    elif how == "no member any more":
        Membership.objects.filter(user=person).delete()
    elif how == "disabled":
        person.is_active = False
        person.save()


@pytest.mark.parametrize("how", ["group taken away", "no member any more", "disabled"])
def test_who_may_no_longer_ask_sends_nothing_and_a_person_decides(how: str) -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)

    revoke(row, how)
    taken = claim(slots=64)

    row.refresh_from_db()
    now = fresh(transaction)
    assert taken == []
    assert (row.state, row.first_sent_at, row.due_at, row.epoch) == (S.REVIEW, None, None, 0)
    assert "Nothing was sent" in row.reason_text
    assert row.review_since is not None
    assert (now.capturing, now.unknown_count, now.sending_modification) == (10_000, 1, None)
    assert now.order.attention
    assert Event.objects.get(verb="capture.stopped").refused
    assert claim(slots=64) == []
    assert not row.attempts.exists()


def test_losing_one_of_the_two_permissions_of_cancel_or_refund_is_enough() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    row = asked(transaction, Kind.CANCEL_OR_REFUND, by=person)
    group = person.groups.get()
    group.permissions.remove(group.permissions.get(codename="cancel"))

    assert claim(slots=64) == []

    row.refresh_from_db()
    assert row.state == S.REVIEW


def test_what_was_already_sent_is_followed_to_its_end_whoever_asked() -> None:
    row = in_doubt(factories.a_transaction())

    revoke(row, "disabled")

    assert ids(claim(slots=64)) == {row.pk}


def test_one_persons_loss_does_not_stop_the_others() -> None:
    account = factories.an_account()
    gone, stays = (asked(factories.a_transaction(account=account)) for _ in range(2))

    revoke(gone, "disabled")

    assert ids(claim(slots=64)) == {stays.pk}
