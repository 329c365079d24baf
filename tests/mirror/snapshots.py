"""Answers of a gateway made by hand, and a refresh that meets them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orders.gateways.base import Fetched, Movement, Snapshot, TransactionState, Verdict
from orders.mirror.fetching import Question, question_about
from orders.mirror.refresh import Reader, take_answer
from orders.models import Source, Transaction
from orders.money import Money
from tests.modifications.steps import fresh


def meet(
    transaction: Transaction,
    *movements: Movement,
    question: Question | None = None,
    state: TransactionState = TransactionState.CAPTURED,
    status_at: datetime | None = None,
    warnings: tuple[str, ...] = (),
) -> Transaction:
    """The gateway lists these movements; `question` when it was asked earlier. Returns the transaction afterwards."""
    now = fresh(transaction)
    snapshot = Snapshot(
        transaction_reference=now.reference,
        state=state,
        raw_status=state.value.upper(),
        status_at=status_at,
        created_at=None,
        amount=Money(now.authorized, now.currency),
        movements=movements,
        warnings=warnings,
    )
    reader = Reader(by=None, source=Source.WORKER)
    take_answer(question or question_about(now), Fetched(snapshot=snapshot, reason=""), reader)
    return fresh(transaction)


def a_chargeback(transaction: Transaction, amount: int, **fields: Any) -> Movement:
    values: dict[str, Any] = {
        "type": "chargeback",
        "raw_type": "CHARGEBACK",
        "modification_id": "",
        "amount": Money(amount, transaction.currency),
        "reference": "rec-chargeback",
        "gateway_id": "",
        "raw_status": "CHARGEBACK",
        "at": None,
        **fields,
    }
    return Movement(verdict=Verdict.SUCCEEDED, **values)
