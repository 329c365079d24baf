"""A worker is killed at every step of asking for a payment: the gateway is asked at most once, and the end is found."""

from __future__ import annotations

import signal
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from orders.gateways.base import Kind
from orders.models import GatewayAccount, Modification, Order, Transaction
from orders.modifications import clock, crash, recover
from tests import factories
from tests.gateways.new_payments import a_payment
from tests.inbox.letters import from_a, told
from tests.modifications import steps
from tests.modifications.new_payments import ask_for_payment
from tests.proofs.processes import Child
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]


@pytest.fixture
def asked(account: GatewayAccount) -> Modification:
    # A busy machine is no lost answer.
    account.profile = {"deadline_seconds": 30}
    account.save(update_fields=["profile"])
    by = factories.a_person(merchants=[account.merchant])
    payment = a_payment(partner_reference=f"SMP-{uuid.uuid4().hex[:12]}")
    return ask_for_payment(account, by, payment=payment)


@pytest.mark.parametrize(
    ("point", "at_gateway", "state"),
    [
        ("after_claim", 1, "succeeded"),
        ("after_arm", 0, "unknown"),
        ("before_send", 0, "unknown"),
        ("after_send", 1, "unknown"),
        ("after_response", 1, "unknown"),
        ("inside_resolve", 1, "unknown"),
        ("after_resolve", 1, "succeeded"),
    ],
)
def test_wherever_the_worker_dies_the_gateway_is_asked_at_most_once(
    gateway: SandboxHandle, asked: Modification, tmp_path: Path, point: str, at_gateway: int, state: str
) -> None:
    _killed_at(point, asked, tmp_path)

    for _ in range(3):
        _everything_is_due()

    asked.refresh_from_db()
    assert asked.state == state
    assert len(_payments(gateway, asked)) == at_gateway
    assert len(_requests(gateway, asked)) == at_gateway
    assert Order.objects.count() == 1


def test_what_died_after_the_send_is_named_by_the_gateways_notification(
    gateway: SandboxHandle, asked: Modification, tmp_path: Path
) -> None:
    _killed_at("after_send", asked, tmp_path)
    _everything_is_due()
    (there,) = _payments(gateway, asked)

    gateway.control("mode", optionalFields=False)
    for _ in range(2):
        told(asked.account, from_a(there["transactionId"]))
    gateway.control("mode", optionalFields=True)

    asked.refresh_from_db()
    transaction = Transaction.objects.get()
    assert (asked.state, transaction.reference) == ("succeeded", there["transactionId"])
    assert transaction.payment_reference
    assert (transaction.unknown_count, transaction.captured, transaction.frozen) == (0, 0, False)
    assert Order.objects.count() == 1
    assert len(_requests(gateway, asked)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "lose_reply",
        "error_500_after",
        "truncate",
        "html_200",
        "empty_200",
        "bad_json",
        "reset_before",
        "error_500_before",
    ],
)
def test_no_spoilt_answer_makes_a_second_payment(gateway: SandboxHandle, asked: Modification, fault: str) -> None:
    gateway.control("faults", fault=fault, modificationId=str(asked.pk))

    for _ in range(3):
        _everything_is_due()

    asked.refresh_from_db()
    assert asked.state in ("unknown", "review")
    assert len(_payments(gateway, asked)) <= 1
    assert len(_requests(gateway, asked)) == 1


def test_a_reference_that_the_gateway_knows_already_is_evidence_and_no_failure(
    gateway: SandboxHandle, account: GatewayAccount, asked: Modification
) -> None:
    _everything_is_due()
    first = Transaction.objects.get()
    reference = first.partner_reference
    Transaction.objects.filter(pk=first.pk).update(partner_reference="forgotten-here")

    again = ask_for_payment(
        account, asked.requested_by, payment=a_payment(partner_reference=reference), order_reference="ORD-2"
    )
    _everything_is_due()

    again.refresh_from_db()
    assert again.state == "review"
    assert "SmartPay has a payment under this reference already" in again.reason_text
    assert len(_payments(gateway, asked, reference=reference)) == 1


def _killed_at(point: str, row: Modification, folder: Path) -> None:
    """One worker's round in a process of its own, which dies by signal 9 at this step."""
    (folder / f"{row.pk}.{point}").touch()

    def work() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(crash, "_FOLDER", str(folder))
            clock.run_until_idle()

    connections.close_all()
    child = Child(work, log=folder / "worker.log")
    child.wait()
    assert child.signal_number == signal.SIGKILL, (folder / "worker.log").read_text()


def _everything_is_due() -> None:
    """Leases are over, waiting times have passed, and a worker takes whatever there is to do."""
    for row in Modification.objects.filter(kind=Kind.AUTHORIZE):
        if row.lease_until is not None:
            steps.lease_over(row)
    recover.recover()
    for row in Modification.objects.exclude(due_at=None):
        if not row.finished:
            steps.due_now(row)
    clock.run_until_idle()


def _payments(gateway: SandboxHandle, row: Modification, *, reference: str = "") -> list[Any]:
    wanted = reference or Transaction.objects.get(pk=row.transaction_id).partner_reference
    return [one for one in gateway.ledger()["transactions"] if one["partnerReference"] == wanted]


def _requests(gateway: SandboxHandle, row: Modification) -> list[Any]:
    found: list[Any] = gateway.ledger(modificationId=str(row.pk))["requests"]
    return found
