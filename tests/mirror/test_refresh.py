"""Refreshing a transaction: what the gateway says enters the books once, and what does not fit freezes them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from orders.mirror.fetching import ask_gateway, question_about
from orders.mirror.ingest import OrderRow, TransactionRow, ingest_order
from orders.mirror.refresh import Reader, RefreshResult, take_answer
from orders.models import Event, ExternalMovement, GatewayAccount, Reference, Source, Transaction
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.process, pytest.mark.django_db]


def imported(gateway: SandboxHandle, account: GatewayAccount, **wish: Any) -> Transaction:
    """A transaction that the gateway has and that we know by name only."""
    reference = str(uuid.uuid4())
    order = {"merchantKey": account.merchant_key, "transactionId": reference, "amount": 10_000, "currencyCode": "EUR"}
    gateway.control("orders", orders=[{**order, **wish}])
    row = OrderRow(
        reference=f"order-{reference[:8]}",
        currency="EUR",
        amount=10_000,
        transactions=(TransactionRow(reference=reference, amount=10_000),),
    )
    ingest_order(account=account, row=row)
    return Transaction.objects.get(reference=reference)


def refreshed(transaction: Transaction) -> RefreshResult:
    loaded = Transaction.objects.select_related("account").get(pk=transaction.pk)
    question = question_about(loaded)
    result = take_answer(question, ask_gateway(question), Reader(by=None, source=Source.COMMAND))
    transaction.refresh_from_db()
    return result


def test_the_first_refresh_brings_state_money_times_and_references(
    gateway: SandboxHandle, account: GatewayAccount
) -> None:
    transaction = imported(gateway, account, partnerReference="shop-77", paymentMethod="VISA")

    result = refreshed(transaction)

    assert result.changed
    assert (transaction.state, transaction.authorized, transaction.captured) == ("authorized", 10_000, 0)
    assert transaction.reconciliation_reference
    assert transaction.facts["transactionOverview"]["transactionId"] == transaction.reference
    assert transaction.expires_at is not None
    assert transaction.order.state == "authorized"
    assert Reference.objects.filter(value=transaction.reconciliation_reference.lower()).exists()


def test_a_second_refresh_changes_nothing(gateway: SandboxHandle, account: GatewayAccount) -> None:
    transaction = imported(gateway, account, paymentStatus="CAPTURED", refunded=2_500)
    refreshed(transaction)
    version, events = transaction.version, Event.objects.count()

    result = refreshed(transaction)

    assert not result.changed
    assert (transaction.version, Event.objects.count()) == (version, events)
    assert ExternalMovement.objects.count() == 2


@pytest.mark.parametrize(
    ("wish", "state", "money"),
    [
        ({"paymentStatus": "CREATED"}, "pending_authorization", (0, 0, 0, 0, 0)),
        ({"paymentStatus": "FAILED"}, "failed", (0, 0, 0, 0, 0)),
        ({"paymentStatus": "CAPTURED"}, "captured", (10_000, 10_000, 0, 0, 0)),
        ({"paymentStatus": "CAPTURED", "captured": 6_000}, "captured", (10_000, 6_000, 4_000, 0, 0)),
        (
            {"paymentStatus": "SETTLED", "captured": 6_000, "refunded": 1_000},
            "settled",
            (10_000, 6_000, 4_000, 1_000, 0),
        ),
        ({"paymentStatus": "CANCELLED"}, "cancelled", (10_000, 0, 10_000, 0, 0)),
        ({"paymentStatus": "EXPIRED"}, "expired", (10_000, 0, 10_000, 0, 0)),
        ({"paymentStatus": "CHARGEBACK"}, "chargeback", (10_000, 10_000, 0, 0, 10_000)),
    ],
)
def test_history_at_first_sight_is_booked_quietly(
    gateway: SandboxHandle, account: GatewayAccount, wish: dict[str, Any], state: str, money: tuple[int, ...]
) -> None:
    transaction = imported(gateway, account, **wish)

    refreshed(transaction)

    columns = ("authorized", "captured", "released", "refunded", "charged_back")
    assert transaction.state == state
    assert tuple(getattr(transaction, column) for column in columns) == money
    assert transaction.frozen_reason == ""
    assert not ExternalMovement.objects.filter(booked=False).exists()


def test_a_refund_made_in_the_portal_is_booked_once_and_lessens_what_can_be_refunded(
    gateway: SandboxHandle, account: GatewayAccount
) -> None:
    transaction = imported(gateway, account, paymentStatus="CAPTURED")
    refreshed(transaction)
    gateway.control("portal", transactionId=transaction.reference, action="refund", amount=3_000)

    refreshed(transaction)
    refreshed(transaction)

    assert (transaction.refunded, transaction.open_to_refund) == (3_000, 7_000)
    assert transaction.captures.get().refunded == 3_000
    assert ExternalMovement.objects.filter(kind="refund", booked=True).count() == 1
    assert transaction.frozen_reason == ""


def test_a_portal_refund_that_our_open_refund_leaves_no_room_for_freezes_and_is_booked_when_room_comes(
    gateway: SandboxHandle, account: GatewayAccount
) -> None:
    transaction = imported(gateway, account, paymentStatus="CAPTURED")
    refreshed(transaction)
    Transaction.objects.filter(pk=transaction.pk).update(refunding=9_000)
    transaction.captures.update(refunding=9_000)
    gateway.control("portal", transactionId=transaction.reference, action="refund", amount=3_000)

    refreshed(transaction)

    assert transaction.refunded == 0
    assert "does not fit our books" in transaction.frozen_reason
    assert ExternalMovement.objects.get(kind="refund").unbooked_reason

    Transaction.objects.filter(pk=transaction.pk).update(refunding=0)
    transaction.captures.update(refunding=0)
    refreshed(transaction)

    assert transaction.refunded == 3_000
    assert ExternalMovement.objects.get(kind="refund").booked
    assert transaction.frozen


def test_a_later_chargeback_is_booked_and_freezes(gateway: SandboxHandle, account: GatewayAccount) -> None:
    transaction = imported(gateway, account, paymentStatus="CAPTURED")
    refreshed(transaction)
    gateway.control("chargeback", transactionId=transaction.reference, amount=4_000)

    refreshed(transaction)

    assert transaction.charged_back == 4_000
    assert "charged back" in transaction.frozen_reason
    assert transaction.order.__class__.objects.get(pk=transaction.order_id).attention


def test_an_expired_authorization_is_released(gateway: SandboxHandle, account: GatewayAccount) -> None:
    transaction = imported(gateway, account)
    refreshed(transaction)
    gateway.control("clock", offsetSeconds=6 * 86_400)

    refreshed(transaction)

    assert (transaction.state, transaction.released, transaction.capture_open) == ("expired", 10_000, False)


def test_an_unknown_transaction_leaves_a_sentence_and_the_books_as_they_were(
    gateway: SandboxHandle, account: GatewayAccount
) -> None:
    transaction = imported(gateway, account)
    refreshed(transaction)
    gateway.control("reset")
    version = transaction.version

    result = refreshed(transaction)

    assert "does not know this transaction" in result.problem
    assert "does not know this transaction" in transaction.refresh_problem
    assert (transaction.state, transaction.authorized, transaction.version) == ("authorized", 10_000, version)


def test_a_refused_key_pauses_the_account(gateway: SandboxHandle, account: GatewayAccount) -> None:
    transaction = imported(gateway, account)
    account.seal_authentication_key("not the key")
    account.save()

    result = refreshed(transaction)

    account.refresh_from_db()
    assert result.problem
    assert account.paused


def test_another_currency_freezes_and_books_nothing(gateway: SandboxHandle, account: GatewayAccount) -> None:
    transaction = imported(gateway, account, currencyCode="USD", paymentStatus="CAPTURED")

    refreshed(transaction)

    assert "USD" in transaction.frozen_reason
    assert (transaction.authorized, transaction.captured) == (0, 0)


def test_an_older_state_never_replaces_a_newer_one(gateway: SandboxHandle, account: GatewayAccount) -> None:
    transaction = imported(gateway, account)
    question = question_about(Transaction.objects.select_related("account").get(pk=transaction.pk))
    old_answer = ask_gateway(question)
    gateway.control("clock", offsetSeconds=60)
    gateway.control("portal", transactionId=transaction.reference, action="capture", amount=6_000)
    refreshed(transaction)

    take_answer(question, old_answer, Reader(by=None, source=Source.COMMAND))

    transaction.refresh_from_db()
    assert (transaction.state, transaction.captured, transaction.released) == ("captured", 6_000, 4_000)


def test_several_captures_keep_the_authorization_open(gateway: SandboxHandle, account: GatewayAccount) -> None:
    transaction = imported(gateway, account, multiCapture=True)
    refreshed(transaction)
    gateway.control("portal", transactionId=transaction.reference, action="capture", amount=4_000)

    refreshed(transaction)

    assert (transaction.captured, transaction.released, transaction.capture_open) == (4_000, 0, True)
