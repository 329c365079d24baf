"""The whole life of a modification against a real sandbox process: asked, claimed, sent, resolved."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from orders.gateways.base import Kind
from orders.models import Event, GatewayAccount, Modification, ModificationState, Transaction
from orders.modifications import clock
from tests import factories
from tests.modifications.asking import ask
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

Maker = Callable[..., Transaction]


def finish(modification: Modification) -> Modification:
    clock.run_until_idle()
    return Modification.objects.get(pk=modification.pk)


def test_a_partial_capture_then_a_partial_refund_end_in_both_books(
    at_gateway: Maker, account: GatewayAccount, gateway: SandboxHandle
) -> None:
    transaction = at_gateway(authorized=10_000)
    agent = factories.a_person(merchants=[account.merchant])

    capture = finish(ask(transaction, Kind.CAPTURE, 6_000, by=agent))
    refund = finish(ask(transaction, Kind.REFUND, 2_500, by=agent))

    transaction.refresh_from_db()
    assert (capture.state, refund.state) == (ModificationState.SUCCEEDED, ModificationState.SUCCEEDED)
    assert (transaction.captured, transaction.released, transaction.refunded) == (6_000, 4_000, 2_500)
    assert (transaction.capturing, transaction.refunding, transaction.sending_modification) == (0, 0, None)
    assert capture.gateway_reference
    assert refund.gateway_reference
    assert refund.gateway_id
    theirs = gateway.ledger(transactionId=transaction.reference)
    assert [(row["kind"], row["amount"]) for row in theirs["executions"]] == [("capture", 6_000), ("refund", 2_500)]
    assert transaction.order.state == "partly_refunded"


def test_a_cancel_releases_everything(at_gateway: Maker, account: GatewayAccount) -> None:
    transaction = at_gateway(authorized=4_000)
    agent = factories.a_person(merchants=[account.merchant])

    cancel = finish(ask(transaction, Kind.CANCEL, 4_000, by=agent))

    transaction.refresh_from_db()
    assert cancel.state == ModificationState.SUCCEEDED
    assert (transaction.state, transaction.released, transaction.exclusive_modification) == ("cancelled", 4_000, None)


def test_cancel_or_refund_books_what_the_gateway_chose(at_gateway: Maker, account: GatewayAccount) -> None:
    captured, uncaptured = at_gateway(authorized=4_000), at_gateway(authorized=5_000)
    agent = factories.a_person(merchants=[account.merchant])
    finish(ask(captured, Kind.CAPTURE, 4_000, by=agent))

    first = finish(ask(captured, Kind.CANCEL_OR_REFUND, 4_000, by=agent))
    second = finish(ask(uncaptured, Kind.CANCEL_OR_REFUND, 5_000, by=agent))

    captured.refresh_from_db()
    uncaptured.refresh_from_db()
    assert (first.executed_kind, captured.refunded, captured.released) == ("refund", 4_000, 0)
    assert (second.executed_kind, uncaptured.refunded, uncaptured.released) == ("cancel", 0, 5_000)


def test_a_refusal_gives_the_reservation_back(
    at_gateway: Maker, account: GatewayAccount, gateway: SandboxHandle
) -> None:
    transaction = at_gateway()
    agent = factories.a_person(merchants=[account.merchant])
    gateway.control("faults", fault="refuse", transactionId=transaction.reference)

    capture = finish(ask(transaction, Kind.CAPTURE, 10_000, by=agent))

    transaction.refresh_from_db()
    assert capture.state == ModificationState.FAILED
    assert (transaction.capturing, transaction.captured, transaction.open_to_capture) == (0, 0, 10_000)
    assert ask(transaction, Kind.CAPTURE, 10_000, by=agent).state == ModificationState.QUEUED


@pytest.mark.parametrize(
    "fault",
    ["lose_reply", "error_500_after", "truncate", "html_200", "bad_json", "empty_200", "close_before", "reset_before"],
)
def test_an_unclear_answer_is_repeated_with_the_same_bytes_and_moves_money_once(
    fault: str, at_gateway: Maker, account: GatewayAccount, gateway: SandboxHandle
) -> None:
    transaction = at_gateway()
    agent = factories.a_person(merchants=[account.merchant])
    gateway.control("faults", fault=fault, transactionId=transaction.reference, times=1)

    capture = finish(ask(transaction, Kind.CAPTURE, 10_000, by=agent))
    ends_at = time.monotonic() + 15
    while not capture.finished and time.monotonic() < ends_at:
        time.sleep(0.1)
        capture = finish(capture)

    ledger = gateway.ledger(modificationId=str(capture.pk))
    assert capture.state == ModificationState.SUCCEEDED
    assert len(ledger["executions"]) == 1
    assert len({row["bodySha256"] for row in ledger["requests"]}) == 1
    transaction.refresh_from_db()
    assert (transaction.captured, transaction.unknown_count) == (10_000, 0)


def test_a_pending_capture_is_asked_about_until_it_is_done(
    at_gateway: Maker, account: GatewayAccount, gateway: SandboxHandle
) -> None:
    transaction = at_gateway()
    agent = factories.a_person(merchants=[account.merchant])
    gateway.control("faults", fault="pending", transactionId=transaction.reference, times=1, seconds=0)

    capture = finish(ask(transaction, Kind.CAPTURE, 10_000, by=agent))
    assert capture.state == ModificationState.PENDING
    Modification.objects.filter(pk=capture.pk).update(due_at=capture.requested_at)
    capture = finish(capture)

    assert capture.state == ModificationState.SUCCEEDED
    assert capture.evidence.filter(source="query", verdict="succeeded").exists()


def test_another_amount_than_asked_freezes_the_transaction_and_waits_for_people(
    at_gateway: Maker, account: GatewayAccount, gateway: SandboxHandle
) -> None:
    transaction = at_gateway()
    agent = factories.a_person(merchants=[account.merchant])
    gateway.control("faults", fault="wrong_amount_executed", transactionId=transaction.reference, times=1)

    capture = finish(ask(transaction, Kind.CAPTURE, 10_000, by=agent))

    transaction.refresh_from_db()
    assert capture.state == ModificationState.REVIEW
    assert transaction.frozen_reason
    assert transaction.unknown_count == 1
    assert transaction.capturing == 10_000, "the reservation is held until people have looked"


def test_a_wrong_key_pauses_the_account_and_fails_nothing(
    at_gateway: Maker, account: GatewayAccount, gateway: SandboxHandle
) -> None:
    transaction = at_gateway()
    agent = factories.a_person(merchants=[account.merchant])
    gateway.control("faults", fault="unauthorized", transactionId=transaction.reference, times=1)

    capture = finish(ask(transaction, Kind.CAPTURE, 10_000, by=agent))

    account.refresh_from_db()
    assert (capture.state, capture.first_sent_at) == (ModificationState.QUEUED, None)
    assert account.paused
    assert Event.objects.filter(verb="account.paused").exists()
