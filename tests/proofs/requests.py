"""A person's click as a process of its own, so that it may die at the step after its commit."""

from __future__ import annotations

import uuid
from pathlib import Path

from tests.proofs.processes import Child
from tests.proofs.scene import Payment

REFUSED = 3
"""Exit code of a click that was answered with a refusal."""


def click(modification_id: str, payment: Payment, *, kind: str, amount: int, log: Path) -> Child:
    """Ask once, as a page does, and end with 0 when it was accepted."""
    return Child(lambda: _ask(modification_id, payment, kind, amount), log=log)


def _ask(modification_id: str, payment: Payment, kind: str, amount: int) -> None:
    from django.contrib.auth.models import User

    from orders.gateways.base import Kind
    from orders.models import Source
    from orders.modifications.refusals import Refused
    from orders.modifications.request import request_modification

    try:
        request_modification(
            modification_id=uuid.UUID(modification_id),
            transaction_id=payment.transaction_id,
            kind=Kind(kind),
            amount=amount,
            reason="customer_request",
            description="",
            by=User.objects.get(pk=payment.person_id),
            source=Source.PAGE,
            expected_version=None,
            confirmed_twin=True,
        )
    except Refused as refusal:
        print(refusal.sentence)
        raise SystemExit(REFUSED) from refusal
