"""A doubtful modification, supervisors, and their proposals and confirmations, one call each."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from orders.gateways.base import Kind
from orders.models import (
    Modification,
    Proposal,
    Source,
    Transaction,
)
from orders.modifications import review
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import an_agent, asked, ended, fresh


def a_doubt(kind: Kind = Kind.REFUND, *, captured: bool = True) -> Modification:
    transaction = factories.a_captured_transaction() if captured else factories.a_transaction()
    return ended(asked(transaction, kind, 10_000), steps.unknown())


def a_supervisor(row: Any, **fields: Any) -> User:
    return an_agent(row, groups=("supervisor",), **fields)


def propose(row: Modification, *, by: User, **said: Any) -> Proposal:
    values: dict[str, Any] = {
        "verdict": "succeeded",
        "amount": row.amount,
        "gateway_reference": "rec-portal",
        "executed_kind": "",
        "evidence_text": "Seen in the merchant portal.",
        **said,
    }
    return review.propose_resolution(modification_id=row.pk, by=by, source=Source.PAGE, **values)


def confirm(proposal: Proposal, *, by: User, fingerprint: str = "") -> Proposal:
    return review.confirm(
        proposal_id=proposal.pk, fingerprint=fingerprint or proposal.fingerprint, by=by, source=Source.PAGE
    )


def books_of(transaction: Transaction) -> tuple[int, ...]:
    row = fresh(transaction)
    return (row.captured, row.released, row.refunding, row.refunded, row.unknown_count)
