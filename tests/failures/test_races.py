"""People, workers and the gateway at the same moment (F41 to F51), for every kind of every gateway."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import Event, Membership, Modification, ModificationState, Source, Transaction
from orders.modifications.claim import claim
from orders.modifications.refusals import NotAllowed, Refused
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.failures.places import CELLS, GATEWAYS, WHOLE, a_payment, amount_for, for_kind
from tests.modifications import steps
from tests.modifications.asking import ask
from tests.modifications.channels import money_of
from tests.proofs.racing import race

pytestmark = pytest.mark.django_db
at_once = pytest.mark.django_db(transaction=True)
S = ModificationState

for_every_cell = pytest.mark.parametrize(("gateway", "kind"), CELLS)
for_every_gateway = pytest.mark.parametrize("gateway", GATEWAYS)
CLICKS, ROUNDS = 8, 3


def a_transaction(gateway: str, kind: Kind) -> Transaction:
    """One to which this can be done."""
    return for_kind(partial(a_payment, factories.an_account(gateway=gateway)), kind)


def reserved(transaction: Transaction) -> int:
    """Minor units that wait for an end; a cancellation reserves everything by having it to itself."""
    row = steps.fresh(transaction)
    return WHOLE if row.exclusive_modification else row.capturing + row.refunding


def accepted(answers: list[Any]) -> list[Modification]:
    """Whoever was not accepted was refused with a sentence; nothing else may happen."""
    assert all(isinstance(answer, Modification | Refused) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Modification)]


@at_once
@for_every_cell
def test_many_clicks_on_one_form_are_one_modification(gateway: str, kind: Kind) -> None:
    transaction = a_transaction(gateway, kind)
    person = steps.an_agent(transaction)
    form = {"modification_id": uuid.uuid4(), "expected_version": transaction.version}

    answers = race([partial(ask, transaction, kind, amount_for(kind), by=person, **form) for _ in range(CLICKS)])

    assert {answer.pk for answer in accepted(answers)} == {form["modification_id"]}
    assert len(accepted(answers)) == CLICKS
    assert (Modification.objects.count(), reserved(transaction)) == (1, amount_for(kind))


@at_once
@for_every_cell
def test_of_two_people_who_look_at_the_same_page_one_is_told_that_it_changed(gateway: str, kind: Kind) -> None:
    transaction = a_transaction(gateway, kind)
    words = {"expected_version": transaction.version, "confirmed_twin": True}
    people = [steps.an_agent(transaction) for _ in range(2)]

    answers = race([partial(ask, transaction, kind, amount_for(kind), by=person, **words) for person in people])

    assert len(accepted(answers)) == 1, answers
    assert (Modification.objects.count(), reserved(transaction)) == (1, amount_for(kind))


@at_once
@for_every_gateway
def test_different_refunds_that_are_too_much_together_do_not_both_pass(gateway: str) -> None:
    for _ in range(ROUNDS):
        transaction = a_transaction(gateway, Kind.REFUND)
        person = steps.an_agent(transaction)

        answers = race([partial(ask, transaction, Kind.REFUND, amount, by=person) for amount in (6_000, 4_001)])

        assert len(accepted(answers)) == 1, answers
        assert reserved(transaction) == accepted(answers)[0].amount


@for_every_gateway
def test_what_is_not_captured_yet_is_not_refunded(gateway: str) -> None:
    transaction = a_transaction(gateway, Kind.CAPTURE)
    capture = steps.asked(transaction, Kind.CAPTURE, WHOLE)
    assert steps.ended(capture, steps.pending()).state == S.PENDING

    for kind in (Kind.REFUND, Kind.VOID) if gateway == "smarterpay" else (Kind.REFUND,):
        with pytest.raises(NotAllowed):
            steps.asked(transaction, kind, 1_000)

    assert money_of(transaction) == {"capturing": WHOLE}


@at_once
@for_every_gateway
def test_a_cancel_and_a_capture_at_once_exclude_each_other(gateway: str) -> None:
    for _ in range(ROUNDS):
        transaction = a_transaction(gateway, Kind.CAPTURE)
        person = steps.an_agent(transaction)

        answers = race([partial(ask, transaction, kind, WHOLE, by=person) for kind in (Kind.CAPTURE, Kind.CANCEL)])

        assert len(accepted(answers)) == 1, answers
        assert reserved(transaction) == WHOLE


@for_every_gateway
def test_an_authorization_whose_time_is_over_is_not_captured(gateway: str) -> None:
    transaction = a_transaction(gateway, Kind.CAPTURE)
    Transaction.objects.filter(pk=transaction.pk).update(expires_at=database_now() - timedelta(seconds=1))

    with pytest.raises(NotAllowed, match="has expired"):
        steps.asked(transaction, Kind.CAPTURE, 1_000)

    Transaction.objects.filter(pk=transaction.pk).update(expires_at=database_now() + timedelta(minutes=1))
    assert steps.asked(transaction, Kind.CAPTURE, 1_000).state == S.QUEUED


@for_every_cell
def test_who_may_no_longer_ask_when_it_is_sent_sends_nothing(gateway: str, kind: Kind) -> None:
    transaction = a_transaction(gateway, kind)
    person = steps.an_agent(transaction)
    row = steps.asked(transaction, kind, amount_for(kind), by=person)

    Membership.objects.filter(user=person).delete()

    assert claim(slots=64) == []
    row.refresh_from_db()
    assert (row.state, row.first_sent_at, reserved(transaction)) == (S.REVIEW, None, amount_for(kind))
    assert Event.objects.get(verb=f"{kind}.stopped").refused


@at_once
@for_every_cell
def test_of_a_withdrawal_and_a_worker_at_once_one_gets_it(gateway: str, kind: Kind) -> None:
    for _ in range(ROUNDS):
        transaction = a_transaction(gateway, kind)
        person = steps.an_agent(transaction)
        row = steps.asked(transaction, kind, amount_for(kind), by=person)

        taken, taken_back = race([partial(claim, slots=64), partial(taken_back_by, person, row)])

        row.refresh_from_db()
        assert taken_back in (True, False), taken_back
        assert (len(taken) == 1, taken_back) == (row.state == S.IN_FLIGHT, row.state == S.WITHDRAWN)
        assert len(taken) + taken_back == 1
        assert reserved(transaction) == (0 if taken_back else amount_for(kind))


def taken_back_by(person: User, row: Modification) -> bool:
    try:
        withdraw(modification_id=row.pk, by=person, source=Source.PAGE)
    except Refused:
        return False
    return True
