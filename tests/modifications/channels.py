"""What a transaction's books show, and the ways in which evidence comes other than by an answer."""

from __future__ import annotations

from typing import Any

from orders.database import database_now
from orders.gateways.base import Movement, Outcome, Verdict
from orders.models import (
    EvidenceSource,
    Modification,
    Transaction,
)
from orders.modifications import resolve
from orders.money import Money
from tests.modifications.steps import fresh


def money_of(transaction: Transaction) -> dict[str, int]:
    row = fresh(transaction)
    return {
        name: getattr(row, name)
        for name in ("capturing", "captured", "released", "refunding", "refunded")
        if getattr(row, name)
    }


def evidence(row: Modification, outcome: Outcome, *, source: EvidenceSource = EvidenceSource.MIRROR) -> bool:
    return resolve.apply_evidence(
        modification_id=row.pk, outcome=outcome, source=source, source_key=f"{row.pk}:{outcome.verdict}"
    )


def a_movement(row: Modification, *, verdict: Verdict = Verdict.SUCCEEDED, **fields: Any) -> Movement:
    values: dict[str, Any] = {
        "type": row.kind,
        "raw_type": row.kind.upper(),
        "modification_id": str(row.pk),
        "amount": Money(row.amount, row.currency),
        "reference": "rec-1",
        "gateway_id": "gid-1",
        "raw_status": "DONE",
        "at": database_now(),
        **fields,
    }
    return Movement(verdict=verdict, **values)
