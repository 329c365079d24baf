"""A request is accepted once: reserved, frozen, written down, and the same form again is the same row."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders.gateways.base import Kind
from orders.models import Event, Membership, Modification, ModificationState, Reference, Source, Transaction
from orders.modifications.refusals import (
    INVALID_ID,
    IdConflict,
)
from tests import factories
from tests.modifications import steps
from tests.modifications.asking import ask
from tests.modifications.steps import an_agent, books_of, fresh

pytestmark = pytest.mark.django_db


# Accepted.


@pytest.mark.parametrize(
    ("make", "kind", "amount", "reserved"),
    [
        (factories.a_transaction, Kind.CAPTURE, 6_000, {"capturing": 6_000}),
        (factories.a_captured_transaction, Kind.REFUND, 2_500, {"refunding": 2_500}),
        (factories.a_transaction, Kind.CANCEL, 10_000, {}),
        (factories.a_captured_transaction, Kind.CANCEL_OR_REFUND, 10_000, {}),
    ],
)
def test_a_request_reserves_and_writes_row_event_and_reference(
    make: Callable[[], Transaction], kind: Kind, amount: int, reserved: dict[str, int]
) -> None:
    transaction = make()
    person = an_agent(transaction)

    row = ask(transaction, kind, amount, by=person)

    now = fresh(transaction)
    assert {name: getattr(now, name) for name in ("capturing", "refunding")} == {
        "capturing": 0,
        "refunding": 0,
        **reserved,
    }
    assert now.exclusive_modification == (row.pk if not reserved else None)
    assert now.version == transaction.version + 1
    assert (row.state, row.kind, row.amount, row.currency) == ("queued", kind, amount, "EUR")
    assert (row.requested_by, row.merchant_id, row.never_sent) == (person, transaction.merchant_id, True)
    event = Event.objects.get(modification=row)
    assert (event.verb, event.actor, event.refused) == (f"{kind}.requested", person, False)
    assert event.details == {"amount": amount, "currency": "EUR", "version": now.version}
    assert Reference.objects.filter(order=transaction.order, value=str(row.pk)).exists()
    assert now.order.in_flight


def test_a_refund_reserves_on_the_capture_it_draws_on() -> None:
    transaction = factories.a_captured_transaction()

    row = ask(transaction, Kind.REFUND, 2_500, by=an_agent(transaction))

    assert row.capture is not None
    assert transaction.captures.get().refunding == 2_500


def test_a_refund_draws_on_the_newest_capture_that_holds_it() -> None:
    transaction = factories.a_transaction(authorized=10_000, captured=3_000, capture_open=True)
    factories.a_capture(transaction=transaction, amount=2_000)
    Transaction.objects.filter(pk=transaction.pk).update(captured=5_000)
    person = an_agent(transaction)

    small = ask(transaction, Kind.REFUND, 2_000, by=person)
    large = ask(transaction, Kind.REFUND, 3_000, by=person)

    assert small.capture is not None
    assert large.capture is not None
    assert (small.capture.amount, large.capture.amount) == (2_000, 3_000)


def test_the_bytes_and_their_hash_are_frozen_with_the_row() -> None:
    transaction = factories.a_transaction()

    row = ask(transaction, Kind.CAPTURE, 6_000, by=an_agent(transaction), description="Parcel one")
    row.refresh_from_db()

    said = json.loads(bytes(row.body))
    assert said["modificationId"] == str(row.pk)
    assert said["transactionId"] == transaction.reference
    assert said["modifiedAmount"] == {"amount": 60.0, "currencyCode": "EUR", "description": "Parcel one"}
    assert row.body_sha256 == hashlib.sha256(bytes(row.body)).hexdigest()
    assert (row.method, row.path, row.base_url) == ("POST", "/payment/capture", transaction.account.base_url)
    assert "Authorization" not in row.headers
    with pytest.raises(IntegrityError), database_transaction.atomic():
        Modification.objects.filter(pk=row.pk).update(body=b"{}")


def test_the_full_amount_is_said_too_because_leaving_it_out_means_everything() -> None:
    transaction = factories.a_captured_transaction()

    row = ask(transaction, Kind.REFUND, 10_000, by=an_agent(transaction))

    assert json.loads(bytes(row.body))["modifiedAmount"]["amount"] == 100.0


@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.CANCEL])
def test_custom_references_are_always_filled_and_name_nobody(kind: Kind) -> None:
    transaction = factories.a_transaction()
    person = an_agent(transaction, email="person@shop.example")

    row = ask(transaction, kind, 10_000, by=person, custom_references={"custom2": "ticket 7"})

    assert row.custom_references == {
        "custom1": transaction.order.reference,
        "custom2": "ticket 7",
        "custom3": f"page-{person.pk}",
    }
    assert json.loads(bytes(row.body))["customReferences"] == row.custom_references


def test_without_a_reason_the_custom_references_are_filled_as_well() -> None:
    transaction = factories.a_transaction()

    row = ask(transaction, Kind.CAPTURE, 1, by=an_agent(transaction), reason="")

    assert all(row.custom_references.values())
    assert row.description == ""


def test_the_reason_is_the_description_when_nobody_wrote_one() -> None:
    transaction = factories.a_transaction()

    row = ask(transaction, Kind.CAPTURE, 1, by=an_agent(transaction), reason="shipped", description="  ")

    assert row.description == "Goods shipped"


@pytest.mark.parametrize(
    ("source", "seconds"), [(Source.PAGE, 5), (Source.ADMIN, 5), (Source.COMMAND, 0), (Source.WORKER, 0)]
)
def test_people_on_pages_may_change_their_mind_and_commands_mean_it(
    source: Source, seconds: int, settings: Any
) -> None:
    settings.UNDO_SECONDS = 5
    transaction = factories.a_transaction()

    row = ask(transaction, Kind.CAPTURE, 1, by=an_agent(transaction), source=source)

    assert row.due_at is not None
    assert row.due_at - row.requested_at == timedelta(seconds=seconds)


# The same form again.


def test_the_same_form_again_is_the_same_row() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    form: dict[str, Any] = {"modification_id": uuid.uuid4(), "by": person, "expected_version": transaction.version}

    first = ask(transaction, Kind.REFUND, 2_500, **form)
    second = ask(transaction, Kind.REFUND, 2_500, **form)

    assert second.pk == first.pk
    assert Modification.objects.count() == 1
    assert fresh(transaction).refunding == 2_500
    assert Event.objects.filter(verb="refund.requested").count() == 1


def test_the_same_form_again_is_answered_after_its_end_too() -> None:
    transaction = factories.a_captured_transaction()
    form: dict[str, Any] = {"modification_id": uuid.uuid4(), "by": an_agent(transaction), "source": Source.COMMAND}
    first = ask(transaction, Kind.REFUND, 2_500, **form)
    steps.ended(first, steps.success(first))

    again = ask(transaction, Kind.REFUND, 2_500, **form)

    assert (again.pk, again.state) == (first.pk, ModificationState.SUCCEEDED)
    assert fresh(transaction).refunded == 2_500


def test_an_id_that_said_something_else_is_refused() -> None:
    transaction, other = factories.a_captured_transaction(), factories.a_captured_transaction()
    person = an_agent(transaction)
    Membership.objects.create(user=person, merchant=other.merchant)
    colleague = an_agent(transaction)
    known = ask(transaction, Kind.REFUND, 2_500, by=person, description="As told")
    before = books_of(transaction), books_of(other)
    form: dict[str, Any] = {"modification_id": known.pk, "by": person, "description": "As told"}

    for subject, kind, amount, differing in (
        (other, Kind.REFUND, 2_500, {}),
        (transaction, Kind.CANCEL_OR_REFUND, 2_500, {}),
        (transaction, Kind.REFUND, 2_501, {}),
        (transaction, Kind.REFUND, 2_500, {"description": "Otherwise"}),
        (transaction, Kind.REFUND, 2_500, {"by": colleague}),
    ):
        with pytest.raises(IdConflict, match=r"already used for a refund of 25\.00 EUR; nothing was sent now"):
            ask(subject, kind, amount, **{**form, **differing})

    assert (books_of(transaction), books_of(other)) == before
    assert Modification.objects.count() == 1


def test_an_id_of_another_merchant_is_refused_like_an_invalid_one_and_tells_nothing() -> None:
    theirs, ours = factories.a_captured_transaction(), factories.a_captured_transaction()
    known = ask(theirs, Kind.REFUND, 2_500, by=an_agent(theirs))

    with pytest.raises(IdConflict) as refusal:
        ask(ours, Kind.REFUND, 2_500, by=an_agent(ours), modification_id=known.pk)

    assert (refusal.value.sentence, refusal.value.code) == (INVALID_ID, "invalid_id")
    assert fresh(ours).refunding == 0
