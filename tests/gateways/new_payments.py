"""New payments for tests: say what matters, the rest is a prepayment of 50.99 EUR by a person in Germany."""

from __future__ import annotations

from typing import Any

from orders.gateways.smartpay_payments import Address, BusinessConsumer, Consumer, NewPayment, PaymentOption
from orders.money import Money

BERLIN = Address(address_line1="Unter den Linden", number="77", post_code="10117", city="Berlin", country_code="DEU")
JANE = Consumer(first_name="Jane", last_name="Doe", email="jane@example.com")
ACME = BusinessConsumer(name="Acme GmbH", country_code="DE", registration_number="HRB 4711")


def a_payment(**changes: Any) -> NewPayment:
    usual: dict[str, Any] = {
        "option": PaymentOption.PREPAYMENT,
        "amount": Money(5099, "EUR"),
        "partner_reference": "SMP-1001",
        "description": "SMP-Transaction-01",
        "billing_address": BERLIN,
        "consumer": JANE,
    }
    return NewPayment(**{**usual, **changes})


def a_company_payment(**changes: Any) -> NewPayment:
    return a_payment(**{"consumer": None, "business_consumer": ACME, **changes})
