"""Gateway B against a real sandbox process: captured in parts, the rest given up, refunded across payments, read."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import Kind
from orders.mirror.fetching import ask_gateway, question_about
from orders.mirror.refresh import Reader, take_answer
from orders.models import (
    Capture,
    ExternalMovement,
    GatewayAccount,
    Modification,
    ModificationState,
    Source,
    Transaction,
)
from orders.modifications import clock
from tests import factories
from tests.modifications.asking import ask
from tests.modifications.other_accounts import an_orders_account
from tests.modifications.planning import legs_of, planned
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

S = ModificationState
PATIENCE_SECONDS = 20


@pytest.fixture
def account(gateway: SandboxHandle, settings: Any) -> GatewayAccount:
    """An account at the sandbox's gateway B; doubts are retried at once."""
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.UNDO_SECONDS = 0
    settings.BACKOFF_FIRST_SECONDS = 0.05
    gateway.control("mode", magicAmounts=False)
    return an_orders_account(
        base_url=f"{gateway.url}/smartpay-orders/v1",
        authentication_key=f"sk_test_{uuid.uuid4().hex}",
        profile={"deadline_seconds": 3},
    )


@pytest.fixture
def agent(account: GatewayAccount) -> User:
    return factories.a_person(merchants=[account.merchant])


@pytest.fixture
def transaction(gateway: SandboxHandle, account: GatewayAccount) -> Transaction:
    """10,000 yen, authorized both in the sandbox and in our books."""
    key = account.authentication_key
    made = gateway.control("smartpay-orders/orders", merchantKey=key, amount=10_000)["transactions"][0]
    order = factories.an_order(account=account, currency="JPY", amount=10_000)
    return factories.a_transaction(order=order, authorized=10_000, reference=made["transactionId"])


def finish(modification: Modification) -> Modification:
    clock.run_until_idle()
    return Modification.objects.get(pk=modification.pk)


def finish_in_time(modification: Modification) -> Modification:
    """Run the worker until the end is known: doubts and legs wait a moment for their next turn."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not (row := finish(modification)).finished:
        assert time.monotonic() < ends_at, row.reason_text
        time.sleep(0.05)
    return row


def refresh(transaction: Transaction) -> list[str]:
    """Read it again. Returns the problems."""
    loaded = Transaction.objects.select_related("account").get(pk=transaction.pk)
    question = question_about(loaded)
    take_answer(question, ask_gateway(question), Reader(by=None, source=Source.COMMAND))
    transaction.refresh_from_db()
    return [problem for problem in (transaction.frozen_reason, transaction.refresh_problem) if problem]


def books_of(transaction: Transaction) -> tuple[int, int, int]:
    transaction.refresh_from_db()
    assert (transaction.capturing, transaction.refunding, transaction.exclusive_modification) == (0, 0, None)
    return transaction.captured, transaction.released, transaction.refunded


def executions(gateway: SandboxHandle, transaction: Transaction) -> list[tuple[str, int]]:
    lines = gateway.ledger(transactionId=transaction.reference)["executions"]
    return [(line["kind"], line["amount"]) for line in lines]


def test_captured_in_parts_the_rest_cancelled_and_refunded_across_both_payments(
    gateway: SandboxHandle, transaction: Transaction, agent: User
) -> None:
    for amount in (3_000, 4_000):
        assert finish(ask(transaction, Kind.CAPTURE, amount, by=agent)).state == S.SUCCEEDED
    assert books_of(transaction) == (7_000, 0, 0)
    assert finish(ask(transaction, Kind.CANCEL, 3_000, by=agent)).state == S.SUCCEEDED
    assert (books_of(transaction), transaction.state) == ((7_000, 3_000, 0), "captured")

    plan = planned(transaction, 5_000, by=agent)
    for leg in legs_of(plan):
        finish_in_time(leg)

    assert [(leg.amount, leg.state) for leg in legs_of(plan)] == [(4_000, S.SUCCEEDED), (1_000, S.SUCCEEDED)]
    assert books_of(transaction) == (7_000, 3_000, 5_000)
    assert executions(gateway, transaction) == [
        ("capture", 3_000),
        ("capture", 4_000),
        ("cancel", 3_000),
        ("refund", 4_000),
        ("refund", 1_000),
    ]
    assert refresh(transaction) == []
    assert books_of(transaction) == (7_000, 3_000, 5_000)
    assert not ExternalMovement.objects.exists()


def test_a_last_part_gives_the_rest_back_when_told_so(transaction: Transaction, agent: User) -> None:
    finish(ask(transaction, Kind.CAPTURE, 2_500, by=agent, release_rest=True))

    assert (books_of(transaction), transaction.state) == ((2_500, 7_500, 0), "captured")
    assert refresh(transaction) == []


@pytest.mark.parametrize("fault", ["lose_reply", "error_500_after", "truncate", "html_200", "reset_before"])
@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.CANCEL])
def test_a_spoilt_answer_ends_in_the_same_books(
    gateway: SandboxHandle, transaction: Transaction, agent: User, kind: Kind, fault: str
) -> None:
    gateway.control("faults", rules=[{"fault": fault, "transactionId": transaction.reference, "times": 1}])

    row = finish_in_time(ask(transaction, kind, 10_000, by=agent))

    assert row.state == S.SUCCEEDED
    assert executions(gateway, transaction) == [(kind.value, 10_000)]
    assert books_of(transaction)[:2] == ((10_000, 0) if kind is Kind.CAPTURE else (0, 10_000))


def test_what_the_portal_did_comes_in_once_and_is_not_ours(
    gateway: SandboxHandle, transaction: Transaction, agent: User
) -> None:
    finish(ask(transaction, Kind.CAPTURE, 2_000, by=agent))
    for step in ({"action": "capture", "amount": 1_500}, {"action": "refund", "amount": 700}):
        payment = Capture.objects.get(transaction=transaction).gateway_id
        named = {"paymentId": payment} if step["action"] == "refund" else {}
        gateway.control("smartpay-orders/portal", transactionId=transaction.reference, **step, **named)

    problems = [refresh(transaction), refresh(transaction)]

    assert problems == [[], []]
    assert books_of(transaction) == (3_500, 6_500, 700), "the portal knows one capture and releases the rest with it"
    assert sorted(ExternalMovement.objects.values_list("kind", "amount")) == [("capture", 1_500), ("refund", 700)]


def test_a_refund_in_the_portal_draws_on_the_payment_it_names(
    gateway: SandboxHandle, transaction: Transaction, agent: User
) -> None:
    older, newer = (finish(ask(transaction, Kind.CAPTURE, amount, by=agent)).gateway_id for amount in (3_000, 7_000))
    refund = {"transactionId": transaction.reference, "action": "refund", "amount": 2_000, "paymentId": older}
    gateway.control("smartpay-orders/portal", **refund)

    assert refresh(transaction) == []

    held = dict(Capture.objects.filter(transaction=transaction).values_list("gateway_id", "refunded"))
    assert held == {older: 2_000, newer: 0}
    plan = planned(transaction, 8_000, by=agent)
    for leg in legs_of(plan):
        finish_in_time(leg)
    assert [(leg.amount, leg.state) for leg in legs_of(plan)] == [(7_000, S.SUCCEEDED), (1_000, S.SUCCEEDED)]
    assert books_of(transaction) == (10_000, 0, 10_000)


def test_an_order_that_ran_out_gives_everything_back(gateway: SandboxHandle, transaction: Transaction) -> None:
    gateway.control("smartpay-orders/portal", transactionId=transaction.reference, action="expire")

    assert refresh(transaction) == []
    assert (books_of(transaction), transaction.state) == ((0, 10_000, 0), "expired")


def test_after_five_and_a_half_hours_it_is_looked_up_and_never_sent_again(
    gateway: SandboxHandle, transaction: Transaction, agent: User, settings: Any
) -> None:
    settings.BACKOFF_FIRST_SECONDS = 3600
    gateway.control("faults", rules=[{"fault": "lose_reply", "transactionId": transaction.reference, "times": 1}])
    row = finish(ask(transaction, Kind.CAPTURE, 10_000, by=agent))
    assert (row.state, row.next_step) == (S.UNKNOWN, "send")
    assert row.first_sent_at is not None
    long_ago = row.first_sent_at - timedelta(hours=5.5)
    Modification.objects.filter(pk=row.pk).update(first_sent_at=long_ago, due_at=long_ago)

    assert finish(row).state == S.SUCCEEDED
    assert executions(gateway, transaction) == [("capture", 10_000)]
    assert list(row.attempts.values_list("purpose", flat=True)).count("send") == 1
