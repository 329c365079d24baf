"""The expiry digest: what ends before somebody is likely to look again, with what is at stake."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Sum

from orders.gateways.base import TransactionState
from orders.models import Merchant, Transaction
from orders.money import Money
from orders.reconciliation.nights.errands import Told

AHEAD = timedelta(hours=48)


def digest(merchant: Merchant, now: datetime, *, until: datetime) -> Told:
    """Authorizations that end until then and still hold something: count and open amount by currency, minor units."""
    rows = Transaction.objects.filter(
        merchant=merchant,
        state=TransactionState.AUTHORIZED.value,
        expires_at__gt=now,
        expires_at__lte=until,
        authorized__gt=F("captured") + F("capturing") + F("released"),
    )
    held = F("authorized") - F("captured") - F("capturing") - F("released")
    sums = rows.order_by().values("currency").annotate(count=Count("pk"), held=Sum(held)).order_by("currency")
    found: dict[str, Any] = {row["currency"]: {"count": row["count"], "amount": int(row["held"])} for row in sums}
    figures = {"currencies": found, "until": until.isoformat()}
    if not found:
        return Told(sentence="No authorization ends in the next two days.", figures=figures)
    count = sum(row["count"] for row in found.values())
    worth = " and ".join(str(Money(row["amount"], currency)) for currency, row in found.items())
    many = "1 authorization ends" if count == 1 else f"{count} authorizations end"
    return Told(sentence=f"{many} soon, with {worth} not captured yet.", figures=figures)
