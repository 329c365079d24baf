"""A refresh meets our own modifications: doubt ends, a contradicted end freezes, nothing is booked twice."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from orders.gateways.base import Kind
from orders.mirror.fetching import ask_gateway, question_about
from orders.mirror.refresh import Reader, take_answer
from orders.models import Evidence, ExternalMovement, GatewayAccount, Modification, Source, Transaction
from orders.modifications.request import request_modification
from tests.commands.running import run
from tests.factories import a_person
from tests.mirror.test_refresh import imported, refreshed
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.process, pytest.mark.django_db]
_COPY = "-copy"


@pytest.fixture
def captured(gateway: SandboxHandle, account: GatewayAccount) -> Transaction:
    transaction = imported(gateway, account, paymentStatus="CAPTURED")
    refreshed(transaction)
    return transaction


def asked_refund(
    transaction: Transaction, *, amount: int = 3_000, fault: str = "", gateway: SandboxHandle
) -> Modification:
    """A refund that a worker has carried out, with this fault on the way."""
    modification_id = uuid.uuid4()
    if fault:
        gateway.control("faults", rules=[{"fault": fault, "modificationId": str(modification_id)}])
    row = request_modification(
        modification_id=modification_id,
        transaction_id=transaction.pk,
        kind=Kind.REFUND,
        amount=amount,
        reason="returned",
        description="",
        by=a_person(merchants=[transaction.merchant]),
        source=Source.COMMAND,
        expected_version=None,
    )
    run("recover")
    row.refresh_from_db()
    return row


def test_a_refund_of_ours_is_not_taken_for_a_strangers(gateway: SandboxHandle, captured: Transaction) -> None:
    row = asked_refund(captured, gateway=gateway)

    refreshed(captured)

    assert (row.state, captured.refunded) == ("succeeded", 3_000)
    assert not ExternalMovement.objects.filter(kind="refund").exists()
    assert not captured.frozen


def test_a_lost_reply_is_found_by_a_refresh_and_booked_once(gateway: SandboxHandle, captured: Transaction) -> None:
    row = asked_refund(captured, fault="lose_reply", gateway=gateway)
    in_doubt = row.state

    refreshed(captured)
    refreshed(captured)
    run("recover")

    row.refresh_from_db()
    captured.refresh_from_db()
    assert (in_doubt, row.state) == ("unknown", "succeeded")
    assert (captured.refunded, captured.refunding, captured.unknown_count) == (3_000, 0, 0)
    assert Evidence.objects.filter(modification=row, source="mirror").count() == 1
    assert len(gateway.ledger(modificationId=str(row.pk))["executions"]) == 1
    assert run("invariants").code == 0


def test_what_failed_here_but_happened_there_is_adopted_once_and_freezes(
    gateway: SandboxHandle, captured: Transaction
) -> None:
    row = asked_refund(captured, fault="pending_then_failed", gateway=gateway)
    gateway.control("clock", offsetSeconds=3_600)
    refreshed(captured)
    row.refresh_from_db()
    assert row.state == "failed"
    # The gateway changes its mind: the same modification id now stands in its list as done.
    other = imported(gateway, captured.account, history=[_capture(), _done(row)])

    _answer_as_if_it_were(captured, other)

    assert "but the gateway now says" in captured.frozen_reason
    movement = ExternalMovement.objects.get(modification=row)
    assert (movement.kind, movement.amount) == ("refund", 3_000)
    _answer_as_if_it_were(captured, other)

    movement.refresh_from_db()
    assert (movement.booked, captured.refunded) == (True, 3_000)
    row.refresh_from_db()
    assert row.state == "failed"


def test_another_amount_than_a_success_had_is_kept_beside_it_once_and_freezes(
    gateway: SandboxHandle, captured: Transaction
) -> None:
    row = asked_refund(captured, gateway=gateway)
    other = imported(gateway, captured.account, history=[_capture(), _done(row, amount=2_000)])

    _answer_as_if_it_were(captured, other)
    _answer_as_if_it_were(captured, other)

    assert "now says it was 20.00 EUR" in captured.frozen_reason
    assert captured.refunded == 3_000
    assert ExternalMovement.objects.filter(modification=row, booked=False).count() == 1


def _capture() -> dict[str, object]:
    return {"kind": "capture", "amount": 10_000, "origin": "portal"}


def _done(row: Modification, *, amount: int | None = None) -> dict[str, object]:
    """The sandbox keeps an id once; the copy's is told apart by its ending."""
    return {"kind": "refund", "amount": amount or row.amount, "modificationId": f"{row.pk}{_COPY}"}


def _answer_as_if_it_were(transaction: Transaction, other: Transaction) -> None:
    """Read `other` from the gateway, and take the answer for `transaction`."""
    question = question_about(Transaction.objects.select_related("account").get(pk=transaction.pk))
    fetched = ask_gateway(question_about(Transaction.objects.select_related("account").get(pk=other.pk)))
    assert fetched.snapshot is not None
    movements = tuple(
        replace(one, modification_id=one.modification_id.removesuffix(_COPY))
        for one in fetched.snapshot.movements
        if one.type == "refund"
    )
    answer = replace(fetched, snapshot=replace(fetched.snapshot, movements=movements))
    take_answer(question, answer, Reader(by=None, source=Source.COMMAND))
    transaction.refresh_from_db()
