"""Transactions that were captured in parts, at an account where each capture is refunded for itself."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User

from orders.gateways.base import Kind, TransactionState
from orders.models import Modification, RefundPlan, Source, Transaction
from orders.modifications.ask import ask
from orders.modifications.wish import Wish
from tests import factories

IN_PARTS = {"multiple_capture": True, "refunds_captures": True}


def captured_in_parts(*amounts: int, account: Any = None, **fields: Any) -> Transaction:
    """Captured in these amounts, the first one first; nothing is refunded."""
    values = {"authorized": sum(amounts), "state": TransactionState.CAPTURED, "capture_open": False, **fields}
    transaction = factories.a_transaction(account=account or factories.an_account(profile=IN_PARTS), **values)
    for amount in amounts:
        factories.a_capture(transaction=transaction, amount=amount)
    Transaction.objects.filter(pk=transaction.pk).update(captured=sum(amounts))
    transaction.refresh_from_db()
    return transaction


def asked_back(transaction: Transaction, amount: int, *, by: User, **words: Any) -> Modification | RefundPlan:
    """A refund as a command asks for it, so that its legs are due at once; `words` overrides any field of the wish."""
    values: dict[str, Any] = {
        "modification_id": uuid.uuid4(),
        "kind": Kind.REFUND,
        "reason": "customer_request",
        "description": "",
        "source": Source.COMMAND,
        "expected_version": None,
        **words,
    }
    return ask(Wish(transaction_id=transaction.pk, amount=amount, by=by, **values))


def planned(transaction: Transaction, amount: int, *, by: User, **words: Any) -> RefundPlan:
    """A refund that no single capture holds."""
    plan = asked_back(transaction, amount, by=by, **words)
    assert isinstance(plan, RefundPlan)
    return plan


def legs_of(plan: RefundPlan) -> list[Modification]:
    """Its modifications in the order they were asked for, the newest capture first."""
    return sorted(plan.modifications.all(), key=lambda row: (row.requested_at, -(row.capture_id or 0)))
