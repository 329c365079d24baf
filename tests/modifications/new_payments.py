"""Ask for a new payment as a person on the page would, with everything that does not matter filled in."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User

from orders.gateways.base import Facts, Outcome, Verdict
from orders.models import GatewayAccount, Modification, Source
from orders.modifications.new_payment import request_payment
from orders.money import Money
from tests.gateways.new_payments import a_payment
from tests.modifications.steps import seen

ORDER = "ORD-1001"


def ask_for_payment(account: GatewayAccount, by: User, **words: Any) -> Modification:
    """A prepayment of 50.99 EUR by Jane Doe for order ORD-1001; `words` overrides any argument of the verb."""
    arguments: dict[str, Any] = {
        "modification_id": uuid.uuid4(),
        "payment": a_payment(),
        "order_reference": ORDER,
        "source": Source.COMMAND,
        **words,
    }
    return request_payment(account_id=account.pk, by=by, **arguments)


def made(**facts: Any) -> Outcome:
    """The gateway has the payment and says CAPTURED, which is not money yet."""
    said: dict[str, Any] = {
        "amount": Money(5099, "EUR"),
        "reference": "rec-1",
        "raw_status": "CAPTURED",
        "transaction_raw_status": "CAPTURED",
        "transaction_reference": "9b02425b-f346-4f16-892b-6716d5ecf9ac",
        "payment_reference": "119344737107896",
        **facts,
    }
    return Outcome(
        verdict=Verdict.SUCCEEDED, reason="SmartPay has the payment.", facts=Facts(**said), observation=seen(201)
    )
