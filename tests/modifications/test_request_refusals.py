"""A request that is refused says why, is written to the audit log, and leaves no trace in the books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orders.gateways.base import Kind
from orders.models import Event, Modification, Reference, Transaction
from orders.modifications.refusals import (
    ChangedSince,
    NotAllowed,
    Refused,
    Suspicious,
    UnknownThing,
)
from orders.modifications.suspicion import twins_of
from tests import factories
from tests.modifications import steps
from tests.modifications.asking import ask
from tests.modifications.steps import an_agent, books_of, fresh

pytestmark = pytest.mark.django_db


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
