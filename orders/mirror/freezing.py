"""Freezing a transaction: the gateway says something that our books contradict, so two people must look first."""

from __future__ import annotations

from orders import announce, audit
from orders.database import database_now
from orders.models import Source, Transaction

_REASON_MAXIMUM = 300


def freeze(transaction: Transaction, sentence: str, *, source: Source) -> None:
    """Close every money action, in the caller's database transaction, without saving. The first reason stays."""
    if not transaction.frozen_reason:
        transaction.frozen_reason = sentence[:_REASON_MAXIMUM]
    now = database_now()
    told = announce.about_transaction(
        transaction, "discrepancy", key=now.isoformat(), at=now, more={"reason": sentence[:_REASON_MAXIMUM]}
    )
    announce.announce([told])
    audit.record(verb="transaction.frozen", sentence=sentence, source=source, transaction=transaction)
