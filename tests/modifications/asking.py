"""Ask for a modification as a person on a page would, with everything that does not matter filled in."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User

from orders.gateways.base import Kind
from orders.models import Modification, Source, Transaction
from orders.modifications.request import request_modification


def ask(transaction: Transaction, kind: Kind, amount: int, *, by: User, **words: Any) -> Modification:
    """One request; `words` overrides any argument of `request_modification`."""
    arguments: dict[str, Any] = {
        "modification_id": uuid.uuid4(),
        "reason": "customer_request",
        "description": "",
        "source": Source.PAGE,
        "expected_version": None,
        **words,
    }
    return request_modification(transaction_id=transaction.pk, kind=kind, amount=amount, by=by, **arguments)
