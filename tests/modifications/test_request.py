"""A request is accepted once, or refused with a sentence and without a trace in the books."""

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
    ChangedSince,
    IdConflict,
    NotAllowed,
    Refused,
    Suspicious,
    UnknownThing,
)
from orders.modifications.suspicion import twins_of
from tests import factories
from tests.modifications import steps
from tests.modifications.asking import ask
from tests.modifications.steps import an_agent, fresh

pytestmark = pytest.mark.django_db

MONEY = (
    "authorized",
    "capturing",
    "captured",
    "released",
    "refunding",
    "refunded",
    "exclusive_modification",
    "version",
)


def books_of(transaction: Transaction) -> list[Any]:
    return [getattr(fresh(transaction), name) for name in MONEY]


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


# Refused.


def test_a_transaction_of_another_merchant_is_unknown() -> None:
    theirs, ours = factories.a_transaction(), factories.a_transaction()

    with pytest.raises(UnknownThing) as foreign:
        ask(theirs, Kind.CAPTURE, 1, by=an_agent(ours))
    absent = Transaction(pk=999_999)
    with pytest.raises(UnknownThing) as unknown:
        ask(absent, Kind.CAPTURE, 1, by=an_agent(ours))

    assert foreign.value.sentence == unknown.value.sentence
    assert fresh(theirs).capturing == 0


def test_a_stale_form_is_refused_and_told_what_happened_since() -> None:
    transaction = factories.a_captured_transaction()
    person, colleague = an_agent(transaction), an_agent(transaction, username="kim")
    seen_at = transaction.version
    ask(transaction, Kind.REFUND, 2_500, by=colleague)

    with pytest.raises(ChangedSince) as refusal:
        ask(transaction, Kind.REFUND, 7_500, by=person, expected_version=seen_at)

    assert refusal.value.changes == ["kim asked to refund 25.00 EUR."]
    assert "Nothing was sent" in refusal.value.sentence
    assert fresh(transaction).refunding == 2_500
    accepted = ask(transaction, Kind.REFUND, 7_500, by=person, expected_version=fresh(transaction).version)
    assert accepted.amount == 7_500


def test_the_rules_refusal_is_told_and_written_to_the_audit_log() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    before = books_of(transaction)

    with pytest.raises(NotAllowed) as refusal:
        ask(transaction, Kind.REFUND, 10_001, by=person)

    assert refusal.value.code == "amount"
    assert refusal.value.decision is not None
    event = Event.objects.get(verb="refund.refused")
    assert (event.refused, event.actor, event.transaction, event.sentence) == (
        True,
        person,
        transaction,
        refusal.value.sentence,
    )
    assert event.details["amount"] == 10_001
    assert books_of(transaction) == before
    assert not Modification.objects.exists()


@pytest.mark.parametrize(
    ("group", "kind"),
    [("viewer", Kind.REFUND), ("finance", Kind.REFUND), ("integrator", Kind.REFUND), ("viewer", Kind.CANCEL_OR_REFUND)],
)
def test_who_may_not_refund_is_refused_and_who_may_is_not(group: str, kind: Kind) -> None:
    transaction = factories.a_captured_transaction()

    with pytest.raises(NotAllowed) as refusal:
        ask(transaction, kind, 10_000, by=an_agent(transaction, groups=(group,)))

    assert refusal.value.code == "permission"
    assert ask(transaction, kind, 10_000, by=an_agent(transaction)).state == "queued"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"description": "x" * 128}, "description"),
        ({"reason": "because"}, "reason"),
        ({"custom_references": {"custom1": "x" * 256}}, "custom_references"),
        ({"custom_references": {"custom4": "x"}}, "custom_references"),
        ({"description": "a\x00b"}, "description"),
        ({"description": "a\nb"}, "description"),
        ({"description": "a\ud800b"}, "description"),
        ({"custom_references": {"custom1": "a\x00b"}}, "custom_references"),
    ],
)
def test_words_the_gateway_cannot_take_are_refused(words: dict[str, Any], code: str) -> None:
    transaction = factories.a_transaction()

    with pytest.raises(NotAllowed) as refusal:
        ask(transaction, Kind.CAPTURE, 1, by=an_agent(transaction), **words)

    assert refusal.value.code == code
    assert "Nothing was sent" in refusal.value.sentence
    assert Event.objects.filter(verb="capture.refused", refused=True).count() == 1
    assert fresh(transaction).capturing == 0


@pytest.mark.parametrize(
    "words",
    [
        {"description": "x" * 127},
        {"description": "ä" * 127},
        {"description": "x" * 127 + "   "},
        {"reason": "fraud"},
        {"custom_references": {"custom1": "x" * 255}},
    ],
)
def test_words_up_to_the_limit_are_taken(words: dict[str, Any]) -> None:
    transaction = factories.a_transaction()

    assert ask(transaction, Kind.CAPTURE, 1, by=an_agent(transaction), **words).state == "queued"


def test_an_amount_the_gateway_cannot_say_reserves_nothing() -> None:
    order = factories.an_order(currency="KWD", amount=10_000)
    transaction = factories.a_transaction(order=order)
    person = an_agent(transaction)

    with pytest.raises(NotAllowed) as refusal:
        ask(transaction, Kind.CAPTURE, 1_234, by=person)

    assert refusal.value.code == "cannot_say"
    assert "at most two decimals" in refusal.value.sentence
    assert fresh(transaction).capturing == 0
    assert ask(transaction, Kind.CAPTURE, 1_230, by=person).amount == 1_230


def test_yen_are_asked_for_without_decimals_and_said_with_two() -> None:
    order = factories.an_order(currency="JPY", amount=1_000)
    transaction = factories.a_transaction(order=order, authorized=1_000)

    row = ask(transaction, Kind.CAPTURE, 1_000, by=an_agent(transaction))

    assert b'"amount":1000.00' in bytes(row.body).replace(b" ", b"")


def test_a_second_capture_waits_for_the_first() -> None:
    transaction = factories.a_transaction()
    person = an_agent(transaction)
    ask(transaction, Kind.CAPTURE, 1, by=person)

    with pytest.raises(NotAllowed) as refusal:
        ask(transaction, Kind.CAPTURE, 1, by=person)

    assert refusal.value.code == "capture_in_flight"


@pytest.mark.parametrize(
    ("first", "second"),
    [(Kind.CANCEL, Kind.CAPTURE), (Kind.CAPTURE, Kind.CANCEL), (Kind.CANCEL, Kind.CANCEL_OR_REFUND)],
)
def test_a_cancellation_and_anything_else_exclude_each_other(first: Kind, second: Kind) -> None:
    transaction = factories.a_transaction()
    person = an_agent(transaction)
    ask(transaction, first, 10_000, by=person)

    with pytest.raises(NotAllowed):
        ask(transaction, second, 10_000, by=person)

    assert Modification.objects.count() == 1


def test_several_refunds_may_be_asked_for_up_to_what_is_captured() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)

    for amount in (4_000, 3_500, 2_500):
        ask(transaction, Kind.REFUND, amount, by=person)

    assert fresh(transaction).refunding == 10_000
    with pytest.raises(NotAllowed) as refusal:
        ask(transaction, Kind.REFUND, 1, by=person)
    assert refusal.value.code == "nothing_left"


# Twins.


def test_the_same_refund_twice_is_suspicious_until_it_is_meant() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    first = ask(transaction, Kind.REFUND, 2_500, by=person)

    with pytest.raises(Suspicious) as refusal:
        ask(transaction, Kind.REFUND, 2_500, by=person)

    assert [twin.pk for twin in refusal.value.twins] == [first.pk]
    assert fresh(transaction).refunding == 2_500
    meant = ask(transaction, Kind.REFUND, 2_500, by=person, confirmed_twin=True)
    assert meant.pk != first.pk
    assert fresh(transaction).refunding == 5_000


def test_a_refund_of_another_transaction_of_the_order_is_a_twin_and_one_of_another_order_is_not() -> None:
    order = factories.an_order()
    one = factories.a_captured_transaction(order=order)
    two = factories.a_captured_transaction(order=order)
    elsewhere = factories.a_captured_transaction(account=order.account)
    person = an_agent(one)
    ask(one, Kind.REFUND, 2_500, by=person)

    with pytest.raises(Suspicious):
        ask(two, Kind.REFUND, 2_500, by=person)

    assert ask(elsewhere, Kind.REFUND, 2_500, by=person).state == "queued"
    assert ask(two, Kind.REFUND, 2_501, by=person).state == "queued"


def test_a_cancel_or_refund_of_the_amount_of_a_refund_is_a_twin_too() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    first = steps.asked(transaction, Kind.REFUND, 5_000, by=person)
    steps.ended(first, steps.success(first))

    with pytest.raises(Suspicious):
        ask(transaction, Kind.CANCEL_OR_REFUND, 5_000, by=person)


def test_what_failed_or_is_long_ago_is_no_twin() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    failed = steps.asked(transaction, Kind.REFUND, 2_500, by=person)
    steps.ended(failed, steps.declined())
    queued = steps.asked(transaction, Kind.REFUND, 3_000, by=person)

    assert twins_of(transaction, Kind.REFUND, 2_500, now=queued.requested_at) == []
    assert twins_of(transaction, Kind.REFUND, 3_000, now=queued.requested_at + timedelta(hours=23)) == [queued]
    assert twins_of(transaction, Kind.REFUND, 3_000, now=queued.requested_at + timedelta(hours=25)) == []


def test_a_refusal_keeps_no_half_of_itself() -> None:
    """After every kind of refusal the row counts of the books are what they were."""
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    ask(transaction, Kind.REFUND, 1_000, by=person)
    before = books_of(transaction), Modification.objects.count(), Reference.objects.count()

    forms: list[dict[str, Any]] = [
        {"amount": 10**16},
        {"amount": 1, "expected_version": 999},
        {"amount": 1_000},
        {"amount": 1, "description": "x" * 128},
    ]
    for form in forms:
        with pytest.raises(Refused):
            ask(transaction, Kind.REFUND, by=person, **form)

    assert (books_of(transaction), Modification.objects.count(), Reference.objects.count()) == before
