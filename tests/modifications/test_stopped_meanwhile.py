"""What is paused or frozen between the claim and the first byte is not sent, and is not lost."""

from __future__ import annotations

from typing import Any

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import GatewayAccount, Modification, ModificationState, Purpose, Switch, Transaction
from orders.modifications import submit
from orders.modifications.claim import claim
from orders.modifications.recover import release_stranded
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import asked, claimed, due_now, ended

pytestmark = pytest.mark.django_db
S = ModificationState
STOPS = ("account", "transaction", "switch", "installation")


def a_refund() -> Modification:
    return asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)


def stop(how: str, row: Modification, settings: Any) -> None:
    if how == "account":
        GatewayAccount.objects.filter(pk=row.account_id).update(paused_at=database_now(), paused_reason="Stolen key.")
    elif how == "transaction":
        Transaction.objects.filter(pk=row.transaction_id).update(frozen_reason="Charged back.")
    elif how == "switch":
        Switch.objects.create(paused_at=database_now(), paused_reason="Fire.")
    else:
        settings.PAUSE_SUBMITS = True


@pytest.mark.parametrize("how", STOPS)
def test_a_first_send_that_was_claimed_stays_at_home_and_in_the_queue(how: str, settings: Any) -> None:
    row = a_refund()
    taken = claimed(row)
    stop(how, row, settings)

    assert submit.arm([taken]) == set()

    assert release_stranded() == 1
    row.refresh_from_db()
    assert (row.state, row.first_sent_at, row.attempts.count()) == (S.QUEUED, None, 0)
    assert claim(slots=64) == []


@pytest.mark.parametrize("how", STOPS)
def test_a_repeat_that_was_claimed_stays_at_home_and_is_asked_about(how: str, settings: Any) -> None:
    row = due_now(ended(a_refund(), steps.unknown()), step=Purpose.SEND)
    taken = claimed(row)
    stop(how, row, settings)

    assert submit.arm([taken]) == set()

    assert release_stranded() == 1
    assert claimed(row).purpose is Purpose.QUERY


@pytest.mark.parametrize("how", STOPS)
def test_a_question_is_asked_all_the_same(how: str, settings: Any) -> None:
    row = due_now(ended(a_refund(), steps.unknown()), step=Purpose.QUERY)
    taken = claimed(row)
    stop(how, row, settings)

    assert submit.arm([taken]) == {row.pk}


def test_the_neighbours_of_what_was_stopped_are_sent() -> None:
    stopped, going = a_refund(), a_refund()
    taken = claim(slots=64)
    Transaction.objects.filter(pk=stopped.transaction_id).update(frozen_reason="Charged back.")

    assert submit.arm(taken) == {going.pk}
