"""Fixing in a test: a refund that nobody asked for, a fix done or refused, and what was offered beforehand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import Movement, Verdict
from orders.models import Discrepancy, ExternalMovement, GatewayAccount, LineType, Match, Transaction
from orders.modifications.refusals import Refused
from orders.money import Money
from orders.reconciliation.discrepancies.fix_offers import Offer, offers
from orders.reconciliation.discrepancies.fixes import apply_fix
from tests.factories import a_captured_transaction
from tests.reconciliation_factories import a_discrepancy, a_file, a_line

WHY = "The shop confirmed it by phone."


def a_strange_refund(account: GatewayAccount, *, amount: int = 2_500, **fields: Any) -> Discrepancy:
    """The gateway settled a refund of a payment that we captured 100.00 EUR of; nobody here asked for it."""
    transaction = fields.pop("transaction", None) or a_captured_transaction(account=account)
    line = a_line(a_file(account), type=LineType.REFUND, gross=-amount, fee=0, gateway_id="ref-1", reference="rec-r1")
    return a_discrepancy(line=line, transaction=transaction, **fields)


def a_told(gateway_id: str = "", modification_id: str = "", reference: str = "rec-1", **fields: Any) -> Movement:
    """A refund of 25.00 EUR of 20 November, as its gateway tells it."""
    values: dict[str, Any] = {
        "type": "refund",
        "raw_type": "REFUND",
        "amount": Money(2_500, "EUR"),
        "raw_status": "REFUNDED",
        "verdict": Verdict.SUCCEEDED,
        "at": datetime(2026, 11, 20, 10, tzinfo=UTC),
        **fields,
    }
    return Movement(modification_id=modification_id, gateway_id=gateway_id, reference=reference, **values)


def payment_of(row: Discrepancy) -> Transaction:
    """As it stands in the database now."""
    assert row.transaction is not None
    return Transaction.objects.get(pk=row.transaction.pk)


def fix(row: Discrepancy, code: str, by: User, **fields: Any) -> str:
    return apply_fix(row.pk, code, by=by, **{"version": row.version, "reason": WHY, **fields})


def refused(row: Discrepancy, code: str, by: User, **fields: Any) -> str:
    """The code of the refusal; nothing was changed by it."""
    before = (row.state, row.version, Match.objects.count(), ExternalMovement.objects.count())
    with pytest.raises(Refused) as refusal:
        fix(row, code, by, **fields)
    row.refresh_from_db()
    assert (row.state, row.version, Match.objects.count(), ExternalMovement.objects.count()) == before
    assert refusal.value.sentence.endswith(".")
    return refusal.value.code


def offer(row: Discrepancy, code: str, by: User) -> Offer:
    return next(one for one in offers(row, by) if one.code == code)


def changed_figures(one: Offer) -> dict[str, str]:
    return {line.name: f"{line.before} → {line.after}" for line in one.preview.lines if line.changes}
