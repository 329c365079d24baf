"""A refund made in gateway A's portal, adopted from its settlement line and read from the gateway: booked once."""

from __future__ import annotations

from datetime import datetime

import pytest

from orders.mirror.fetching import ask_gateway, question_about
from orders.models import Discrepancy, ExternalMovement, GatewayAccount, LineType, Transaction
from tests.factories import a_person
from tests.mirror.test_refresh import imported, refreshed
from tests.reconciliation.discrepancies.fixing import fix
from tests.reconciliation_factories import a_discrepancy, a_file, a_line
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.process, pytest.mark.django_db]


def names_in_the_portal(gateway: SandboxHandle, transaction: Transaction) -> tuple[str, str, datetime | None]:
    """Refund 30.00 in the portal; the reference, id and time that the gateway will tell, and nothing read yet."""
    portal = {"transactionId": transaction.reference, "action": "refund", "amount": 3_000}
    gateway.control("portal", **portal)
    loaded = Transaction.objects.select_related("account").get(pk=transaction.pk)
    snapshot = ask_gateway(question_about(loaded)).snapshot
    assert snapshot is not None
    told = snapshot.movements[-1]
    assert (told.type, told.modification_id != "", told.gateway_id != "") == ("refund", True, True)
    return told.reference, told.gateway_id, told.at


@pytest.mark.parametrize("with_id", [True, False])
@pytest.mark.parametrize("adopted_first", [True, False])
def test_a_portal_refund_is_booked_once(
    gateway: SandboxHandle, account: GatewayAccount, with_id: bool, adopted_first: bool
) -> None:
    transaction = imported(gateway, account, paymentStatus="CAPTURED")
    refreshed(transaction)
    reference, gateway_id, at = names_in_the_portal(gateway, transaction)
    line = a_line(
        a_file(account),
        type=LineType.REFUND,
        gross=-3_000,
        fee=0,
        reference=reference,
        transaction_reference=transaction.reference,
        gateway_id=gateway_id if with_id else "",
        booked_on=at.date() if at else None,
    )
    row: Discrepancy = a_discrepancy(line=line, transaction=transaction)
    if not adopted_first:
        refreshed(transaction)
    fix(row, "adopt", a_person(merchants=[account.merchant], groups=["finance"]))
    for _ in range(2):
        refreshed(transaction)
    assert ExternalMovement.objects.filter(kind="refund").count() == 1
    assert (transaction.refunded, transaction.frozen_reason) == (3_000, "")

    gateway.control("portal", transactionId=transaction.reference, action="refund", amount=3_000)
    for _ in range(2):
        refreshed(transaction)
    assert ExternalMovement.objects.filter(kind="refund").count() == 2
    assert transaction.refunded == 6_000
