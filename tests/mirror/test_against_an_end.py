"""What the gateway shows against an end that people or answers had settled: stored once, in its own currency."""

from __future__ import annotations

import pytest

from orders.gateways.base import Kind, Outcome
from orders.models import ExternalMovement, Modification, ModificationState
from orders.money import Money
from tests import factories
from tests.mirror.snapshots import meet
from tests.modifications import steps
from tests.modifications.channels import a_movement
from tests.modifications.proposing import a_supervisor, confirm, propose
from tests.modifications.steps import asked, ended

pytestmark = pytest.mark.django_db
S = ModificationState


def a_refund(outcome: Outcome) -> Modification:
    row = asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)
    return ended(row, outcome)


def test_a_mismatch_that_two_people_end_as_failed_is_booked_as_what_moved() -> None:
    row = a_refund(steps.unknown())
    moved = a_movement(row, amount=Money(5_000, row.currency))
    meet(row.transaction, moved)
    proposal = propose(row, by=a_supervisor(row.transaction), verdict="failed", amount=None, gateway_reference="")
    confirm(proposal, by=a_supervisor(row.transaction))

    for _ in range(3):
        transaction = meet(row.transaction, moved)

    row.refresh_from_db()
    movement = ExternalMovement.objects.get()
    assert row.state == S.FAILED
    assert (movement.amount, movement.booked, movement.modification_id) == (5_000, True, row.pk)
    assert (transaction.refunded, transaction.refunding) == (5_000, 0)
    assert transaction.frozen


def test_what_moved_in_another_currency_is_stored_in_that_currency_and_never_booked() -> None:
    row = a_refund(steps.declined())

    for _ in range(2):
        transaction = meet(row.transaction, a_movement(row, amount=Money(2_500, "USD")))

    movement = ExternalMovement.objects.get()
    assert (movement.amount, movement.currency, movement.booked) == (2_500, "USD", False)
    assert transaction.refunded == 0
    assert transaction.frozen
