"""What shops are told of: written in the database transaction of the change, carried out to them afterwards.

Nothing is written for a merchant without an endpoint. The content holds ids, amounts and our own words, and no personal
data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orders.models import Announcement, Modification, ShopEndpoint, Transaction

TYPES: dict[str, str] = {
    "modification.succeeded": "A capture, cancellation, refund or new payment succeeded: the money moved.",
    "modification.failed": "The gateway refused it; no money moved.",
    "modification.withdrawn": "It was withdrawn before anything was sent.",
    "modification.in_review": "A person must look before it is known whether the money moved.",
    "transaction.expiring": "An authorization ends soon (48, 24 or 4 hours ahead).",
    "transaction.charged_back": "The shopper got money back from the bank.",
    "transaction.discrepancy": "The gateway and the books disagree; nothing more moves until two people have looked.",
    "endpoint.test": "Sent by hand to see that an endpoint answers.",
}
"""Every type a shop can be told of, with what it means."""


def about_modification(row: Modification, happening: str, *, at: datetime) -> Announcement:
    """What became of one modification; `happening` is the last word of the type."""
    return Announcement(
        merchant_id=row.merchant_id,
        type=f"modification.{happening}",
        key=f"modification.{happening}:{row.pk}",
        order_id=row.transaction.order_id,
        transaction_id=row.transaction_id,
        modification=row,
        content=modification_content(row),
        at=at,
    )


def about_transaction(
    transaction: Transaction, happening: str, *, key: str, at: datetime, more: dict[str, Any] | None = None
) -> Announcement:
    """Something that happened to a transaction; `key` tells one such happening from the next."""
    return Announcement(
        merchant_id=transaction.merchant_id,
        type=f"transaction.{happening}",
        key=f"transaction.{happening}:{transaction.pk}:{key}"[:160],
        order_id=transaction.order_id,
        transaction=transaction,
        content=transaction_content(transaction) | (more or {}),
        at=at,
    )


def announce(announcements: Sequence[Announcement]) -> None:
    """Write them, in the caller's database transaction; what was already said is not said again."""
    merchants = {one.merchant_id for one in announcements}
    if not merchants:
        return
    listening = set(ShopEndpoint.objects.filter(merchant__in=merchants).values_list("merchant_id", flat=True))
    heard = [one for one in announcements if one.merchant_id in listening]
    Announcement.objects.bulk_create(heard, ignore_conflicts=True)


def modification_content(row: Modification) -> dict[str, Any]:
    """A modification as shops see it; the JSON API shows the same words. Amounts in minor units."""
    return {
        "id": str(row.pk),
        "transaction_id": row.transaction_id,
        "transaction_reference": row.transaction.reference if row.transaction.named else "",
        "order_id": row.transaction.order_id,
        "account": row.account.name,
        "kind": row.kind,
        "amount": row.amount,
        "executed_amount": row.executed_amount,
        "executed_kind": row.executed_kind,
        "currency": row.currency,
        "state": row.state,
        "reason": row.reason,
        "sentence": row.reason_text,
        "gateway_reference": row.gateway_reference,
        "gateway_id": row.gateway_id,
        "plan_id": str(row.plan_id) if row.plan_id else None,
        "source": row.source,
    }


def transaction_content(transaction: Transaction) -> dict[str, Any]:
    """A transaction's money as shops see it, in minor units."""
    return {
        "transaction_id": transaction.pk,
        "transaction_reference": transaction.reference if transaction.named else "",
        "order_id": transaction.order_id,
        "state": transaction.state,
        "currency": transaction.currency,
        "authorized": transaction.authorized,
        "captured": transaction.captured,
        "refunded": transaction.refunded,
        "released": transaction.released,
        "charged_back": transaction.charged_back,
        "expires_at": transaction.expires_at.isoformat() if transaction.expires_at else None,
    }
