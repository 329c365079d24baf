"""Whose movement is it: ours without a name, a chargeback under our name, a snapshot that is not newer than ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orders.database import database_now
from orders.gateways.base import Kind, TransactionState
from orders.mirror.fetching import question_about
from orders.models import ExternalMovement, Modification, Transaction
from orders.money import Money
from tests import factories
from tests.mirror.snapshots import a_chargeback, meet
from tests.modifications import steps
from tests.modifications.channels import a_movement
from tests.modifications.steps import asked, ended, fresh

pytestmark = pytest.mark.django_db


def a_refund(amount: int = 2_500) -> Modification:
    return asked(factories.a_captured_transaction(), Kind.REFUND, amount)


@pytest.mark.parametrize("left_out", [{"reference": ""}, {"gateway_id": ""}])
def test_a_finished_refund_of_ours_that_is_listed_without_its_id_is_not_booked_again(left_out: dict[str, str]) -> None:
    row = a_refund()
    row = ended(row, steps.success(row))
    listed = a_movement(row, modification_id="", reference=row.gateway_reference, gateway_id=row.gateway_id)

    transaction = meet(row.transaction, replace(listed, **left_out))  # type: ignore[arg-type]

    assert transaction.refunded == 2_500
    assert not ExternalMovement.objects.exists()


def test_a_refund_without_an_id_is_nobodys_while_one_of_ours_is_open() -> None:
    row = ended(a_refund(), steps.unknown())

    transaction = meet(row.transaction, a_movement(row, modification_id=""))

    assert (transaction.refunded, transaction.refunding) == (0, 2_500)
    assert not ExternalMovement.objects.exists()


def test_while_it_is_open_whose_it_is_the_gateway_is_read_again_soon_and_not_the_next_night() -> None:
    row = ended(a_refund(), steps.unknown())
    without_doubt = meet(row.transaction)
    assert without_doubt.refresh_due_at is not None
    assert without_doubt.refresh_due_at > database_now() + timedelta(hours=1)

    for soonest, latest in ((30, 33), (120, 132)):
        transaction = meet(row.transaction, a_movement(row, modification_id=""))
        assert transaction.refresh_due_at is not None
        wait = (transaction.refresh_due_at - database_now()).total_seconds()
        assert soonest - 5 < wait <= latest


def test_a_strangers_refund_without_an_id_is_booked_once_ours_has_ended() -> None:
    row = a_refund()
    row = ended(row, steps.success(row))
    strangers = a_movement(row, modification_id="", amount=Money(1_000, row.currency))

    for _ in range(2):
        transaction = meet(row.transaction, strangers)

    assert transaction.refunded == 3_500
    assert ExternalMovement.objects.get().booked


def test_an_id_of_ours_in_another_spelling_is_still_ours() -> None:
    row = a_refund()
    row = ended(row, steps.success(row))

    transaction = meet(row.transaction, a_movement(row, modification_id=row.pk.hex.upper()))

    assert transaction.refunded == 2_500
    assert not ExternalMovement.objects.exists()


def test_a_chargeback_that_carries_the_id_of_our_capture_is_booked_and_freezes() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction, Kind.CAPTURE, 10_000)
    row = ended(row, steps.success(row))
    Transaction.objects.filter(pk=transaction.pk).update(refreshed_at=database_now())
    charged_back = a_chargeback(transaction, 3_000, modification_id=str(row.pk))

    for _ in range(2):
        after = meet(transaction, a_movement(row, reference=row.gateway_reference), charged_back)

    assert (after.captured, after.charged_back) == (10_000, 3_000)
    assert after.frozen


def test_a_chargeback_does_not_settle_the_capture_whose_id_it_carries() -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction, Kind.CAPTURE, 10_000), steps.unknown())

    meet(transaction, a_chargeback(transaction, 10_000, modification_id=str(row.pk)))

    row.refresh_from_db()
    assert row.state == "unknown"


def test_a_snapshot_as_old_as_our_copy_does_not_reopen_what_was_closed_since_it_was_asked_for() -> None:
    at = database_now()
    transaction = factories.a_transaction()
    Transaction.objects.filter(pk=transaction.pk).update(status_at=at)
    question = question_about(fresh(transaction))
    row = asked(transaction, Kind.CAPTURE, 4_000)
    ended(row, steps.success(row))

    after = meet(transaction, question=question, state=TransactionState.AUTHORIZED, status_at=at)

    assert (after.captured, after.released, after.capture_open) == (4_000, 6_000, False)
